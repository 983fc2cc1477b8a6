//! Commands that destroy: files, disks, machines, clusters.

use super::{CODE, ORDINARY, has_any, rest_of_line, unless_discussed};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};

const SHELL: Rule = Rule { entity: "shell_destructive", ..CODE };

/// Where an argument ends.
macro_rules! end {
    () => {
        "(?:[\\s;&|\"'`)<>,]|[.?!:](?:\\s|$)|\\\\n|$)"
    };
}

/// The root, a home, everything here, or a folder without which a system does not start.
macro_rules! everything {
    () => {
        "[\"']?(?:/(?:\\*|\\.\\*)?|~/?\\*?|\\$\\{?HOME\\}?/?\\*?|\\*|\\.{1,2}/?\\*?|\
         /(?:etc|usr|var|home|bin|boot|lib|lib64|opt|root|sbin|sys|dev|Users|System|Library|var/log|var/lib)/?\\*?|\
         [A-Za-z]:[\\\\/]{1,2}\\*?)[\"']?"
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "sh_rm_everything",
        wake: Wake::Keywords(&["rm -", "rm  -"]),
        pattern: concat!(
            r"(?-u:\b)(?P<hit>rm {1,2}-{1,2}[A-Za-z-]{1,20}(?: {1,2}-{1,2}[A-Za-z-]{1,20}){0,4} {1,2}(?:-- )?",
            everything!(),
            ")",
            end!()
        ),
        validate: Some(remove),
        matches: &[
            "rm -rf /",
            "sudo rm -r -f ~/",
            "rm -rf --no-preserve-root / && echo done",
            "rm -fr /etc",
            "then `rm -rf *`.",
        ],
        misses: &[
            "rm -rf node_modules",
            "rm -rf ./build",
            "rm -rf /tmp/cache-7",
            "rm -f /etc/nginx/sites-enabled/default",
            "apt-get clean && rm -rf /var/lib/apt/lists/*",
            "rm -rf *.o *.so",
            "rm -f *",
        ],
        ..SHELL
    },
    Rule {
        id: "sh_disk",
        wake: Wake::Keywords(&["/dev/"]),
        pattern: concat!(
            r"(?-u:\b)(?:dd (?:[^\n|;]{0,120} )?of=|mkfs(?:\.[a-z0-9]{2,8})? (?:[^\n|;]{0,60} )?|",
            r"shred (?:[^\n|;]{0,60} )?|wipefs (?:[^\n|;]{0,60} )?|(?:cat|echo|yes|mv) [^\n|;]{0,80}>{0,2} {0,2})",
            r"[\x22']?/dev/(?:(?:sd|hd|vd|xvd)[a-zX]\d{0,2}|nvme\dn\d(?:p\d)?|mmcblk\d|r?disk\d)(?-u:\b)",
        ),
        validate: Some(disk),
        matches: &["dd if=/dev/zero of=/dev/sda bs=1M", "mkfs.ext4 /dev/nvme0n1", "cat noise > /dev/sdb"],
        misses: &[
            "mount /dev/sda1 /mnt",
            "dd if=/dev/zero of=swap.img bs=1M",
            "echo off > /dev/null",
            "lsblk /dev/sda",
        ],
        ..SHELL
    },
    Rule {
        id: "sh_overwrite_disk",
        wake: Wake::Keywords(&["> /dev/", ">/dev/"]),
        pattern: r"> ?/dev/(?:(?:sd|hd|vd|xvd)[a-z]\d{0,2}|nvme\dn\d|mmcblk\d|mem)(?-u:\b)",
        validate: Some(told),
        matches: &["> /dev/sda", "yes >/dev/nvme0n1"],
        misses: &["make > /dev/null 2>&1", "ls /dev/sda > disks.txt"],
        ..SHELL
    },
    Rule {
        id: "sh_fork_bomb",
        wake: Wake::Keywords(&["){", ") {", "%0|%0"]),
        pattern: r"(?P<hit>(?:[:.]|(?-u:\b)[A-Za-z_]{1,16}) ?\(\) ?\{ {0,2}[:.A-Za-z_]{1,16} ?\| ?[:.A-Za-z_]{1,16} ?& ?\} ?;? ?[:.A-Za-z_]{1,16}|%0\|%0)",
        validate: Some(fork_bomb),
        score: 0.9,
        matches: &[":(){ :|:& };:", "bomb() { bomb | bomb & }; bomb"],
        misses: &["run() { build | tee log & }", "main() { start; }"],
        ..SHELL
    },
    Rule {
        id: "sh_open_everything",
        wake: Wake::Keywords(&["chmod", "chown"]),
        pattern: concat!(
            r"(?-u:\b)(?P<hit>ch(?:mod|own) (?:-{1,2}[A-Za-z]{1,12} ){0,3}(?:0?[0-7]{3,4}|[augo]{0,3}[+=][rwxXs]{1,4}|[A-Za-z$][A-Za-z0-9_.:$]{0,40}) (?:-R )?",
            r"(?:/(?:etc|usr|var|bin|boot|lib|sbin|root|home)?/?\*?|/etc/(?:shadow|passwd|sudoers)|~/?))",
            end!()
        ),
        validate: Some(open),
        matches: &["chmod -R 777 /", "sudo chmod 777 /etc/shadow", "chown -R nobody /usr"],
        misses: &[
            "chmod +x run.sh",
            "chmod -R 755 ./public",
            "chmod 755 /usr/local/bin/tool",
            "chown -R app:app /srv/app",
        ],
        ..SHELL
    },
    Rule {
        id: "sh_windows",
        wake: Wake::Keywords(&[
            "del ",
            "erase ",
            "rd /",
            "rmdir /",
            "format ",
            "vssadmin",
            "wbadmin",
            "bcdedit",
            "cipher /w",
            "wevtutil",
            "diskpart",
        ]),
        pattern: concat!(
            r"(?i)(?-u:\b)(?:(?:(?:del|erase|rd|rmdir) (?:/[a-z] ?){1,4} ?[\x22']?(?:[a-z]:[\\/]{1,2}(?:\*(?:\.\*)?|windows|users)?\\{0,2}|%(?:systemroot|windir|userprofile|systemdrive)%|\*(?:\.\*)?))",
            end!(),
            r"|format (?:c:(?: ?/[a-z]|\s*$|\s*[\n.;\x22'`)&])|[d-z]: /[qyux](?-u:\b))|vssadmin(?:\.exe)? delete shadows|wbadmin(?:\.exe)? delete (?:catalog|systemstatebackup)|bcdedit(?:\.exe)? /set [^\n]{0,40}(?:recoveryenabled no|ignoreallfailures)|cipher /w:|wevtutil(?:\.exe)? cl (?:system|security|application))",
        ),
        validate: Some(told_or_whole),
        matches: &[r"del /s /q C:\", "rd /s /q C:\\Windows", "format c: /q", "vssadmin delete shadows /all /quiet"],
        misses: &[
            r"del /q build\*.obj",
            r"rmdir /s /q node_modules",
            "in the format c: a character",
            "format d: the date",
        ],
        ..SHELL
    },
    Rule {
        id: "sh_powershell_remove",
        wake: Wake::Keywords(&["remove-item", "format-volume", "clear-disk", "clear-eventlog"]),
        pattern: concat!(
            r"(?i)(?-u:\b)(?:(?:remove-item(?: -[a-z]{1,16}){0,5} (?:-path )?[\x22']?(?:[a-z]:[\\/]{1,2}(?:\*|windows|users)?\\?\*?|\$env:(?:systemroot|userprofile|systemdrive)|~[\\/]?\*?|\$home|/\*?|\*)[\x22']?(?: -[a-z]{1,16}){0,5})",
            end!(),
            r"|(?:format-volume|clear-disk) -[a-z]{1,16} |clear-eventlog -)",
        ),
        validate: Some(powershell),
        matches: &[
            r"Remove-Item -Recurse -Force C:\",
            r"Remove-Item C:\* -Recurse -Force",
            "Clear-Disk -Number 0 -RemoveData",
        ],
        misses: &[r"Remove-Item -Recurse -Force .\bin", "Remove-Item $env:TEMP\\x.log", "Remove-Item C:\\temp\\a.txt"],
        ..SHELL
    },
    Rule {
        id: "sh_halt",
        wake: Wake::Keywords(&["shutdown", "kill -", "killall", "pkill"]),
        pattern: r"(?-u:\b)(?:shutdown (?:-[hrPHf]{1,3}|/[srpf])(?: (?:now|\+?0|/[tf]|-t))|kill -(?:9|KILL|SIGKILL|s KILL) -1|(?:killall|pkill) -9 (?:-u root|-f \.|init|systemd|\.\*))(?-u:\b|$)",
        validate: Some(halt),
        matches: &["sudo shutdown -h now", "kill -9 -1", "shutdown /s /t 0"],
        misses: &["graceful shutdown -- now supported", "kill -9 4821", "kill -9 $(pgrep node)", "pkill -f myserver"],
        ..SHELL
    },
    Rule {
        id: "sh_find_delete",
        wake: Wake::Keywords(&["find "]),
        pattern: r"(?-u:\b)find (?:/|~|\$HOME|/etc|/home|/var)/? [^\n|;]{0,120}(?:-delete(?-u:\b)|-exec (?:sudo )?(?:rm|shred) )",
        validate: Some(told),
        matches: &["find / -type f -delete", "find /home -name '*' -exec rm -f {} +"],
        misses: &["find . -name '*.pyc' -delete", "find /tmp/build -exec rm {} +"],
        ..SHELL
    },
    Rule {
        id: "sh_infrastructure",
        wake: Wake::Keywords(&[
            "kubectl",
            "terraform",
            "aws ",
            "flushall",
            "dropdatabase",
            "gcloud",
            "az group",
            "drop-database",
        ]),
        pattern: r"(?i)(?-u:\b)(?:kubectl [^\n|;]{0,60}delete (?:(?:all|ns|namespaces?|pods?|deployments?|pvc?|nodes?|svc) [^\n|;]{0,60})?--all(?-u:\b)|terraform (?:apply )?-?destroy [^\n|;]{0,60}-auto-approve|aws s3 (?:rb s3://[^\s]{1,80} [^\n|;]{0,30}--force|rm s3://[^\s/]{1,80}/? [^\n|;]{0,30}--recursive)|redis-cli [^\n|;]{0,60}flushall|(?:db|client|mongo[a-z]{0,8})\.dropDatabase\(\)|gcloud projects delete [a-z]|az group delete [^\n|;]{0,80}(?:--yes|-y)(?-u:\b))",
        validate: Some(cluster),
        score: 0.6,
        matches: &[
            "kubectl delete pods --all",
            "terraform destroy -auto-approve",
            "aws s3 rm s3://prod-data --recursive",
        ],
        misses: &["kubectl delete pod web-7", "terraform plan -destroy", "aws s3 rm s3://logs/2020/ --recursive"],
        ..SHELL
    },
];

fn told(candidate: &Candidate<'_>) -> Option<f32> {
    Some(unless_discussed(candidate, 0.8))
}

fn cluster(candidate: &Candidate<'_>) -> Option<f32> {
    Some(unless_discussed(candidate, 0.6))
}

fn remove(candidate: &Candidate<'_>) -> Option<f32> {
    let words: Vec<&str> = candidate.hit().split(' ').filter(|word| !word.is_empty()).collect();
    let (target, options) = words.split_last()?;
    let recursive = options.iter().skip(1).any(|option| match option.strip_prefix("--") {
        Some(long) => long == "recursive" || long == "no-preserve-root",
        None => option.contains(['r', 'R']),
    });
    if !recursive {
        return None;
    }
    let line = candidate.before(80);
    let line = line.rsplit('\n').next().unwrap_or(line);
    // After a change of folder, everything means everything in there.
    let here = target.trim_matches(['"', '\'']).starts_with(['*', '.']);
    let score = match here {
        true if has_any(line, &["cd "]) => 0.4,
        true => 0.65,
        false => 0.9,
    };
    Some(unless_discussed(candidate, score))
}

fn disk(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let sends = hit.contains('>');
    let verb = hit.split([' ', '.']).next().unwrap_or_default();
    if matches!(verb, "cat" | "echo" | "yes") && !sends || verb == "mv" {
        return None;
    }
    // Every guide to a bootable stick has an image written to one, often to a disk named X.
    let image = verb == "dd" && !has_any(hit, &["if=/dev/"]) || hit.ends_with('X');
    Some(unless_discussed(candidate, if image { ORDINARY } else { 0.8 }))
}

fn fork_bomb(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let Some((name, body)) = hit.split_once('(') else { return Some(0.9) };
    let name = name.trim();
    let calls = body.split(|c: char| !(c == ':' || c == '.' || c == '_' || c.is_ascii_alphabetic()));
    (calls.filter(|call| *call == name).count() >= 2).then(|| unless_discussed(candidate, 0.9))
}

fn open(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let recursive = hit.contains(" -R") || hit.contains("--recursive");
    let loose = hit.contains("777") || hit.contains("666") || hit.contains("+rwx") || hit.contains("+w");
    let private = has_any(hit, &["/etc/shadow", "/etc/passwd", "/etc/sudoers"]) && loose;
    let owned = hit.starts_with("chown") && recursive && !hit.contains('~');
    (private || owned || recursive && loose).then(|| unless_discussed(candidate, 0.8))
}

fn told_or_whole(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    // `*.*` without a drive empties a folder, which may be the right one.
    let here = has_any(hit, &["del /", "erase /"]) && !hit.contains([':', '%']);
    Some(if here { ORDINARY } else { unless_discussed(candidate, 0.8) })
}

fn powershell(candidate: &Candidate<'_>) -> Option<f32> {
    let line = [candidate.hit(), rest_of_line(candidate, 40)].concat();
    let whole = !has_any(candidate.hit(), &["remove-item"]) || has_any(&line, &["-recurse", "-r "]);
    whole.then(|| unless_discussed(candidate, 0.8))
}

fn halt(candidate: &Candidate<'_>) -> Option<f32> {
    let kills = has_any(candidate.hit(), &["kill"]);
    Some(unless_discussed(candidate, if kills { 0.75 } else { 0.55 }))
}
