//! Calls that run what they are given. Alone they are any program's; with somebody else's input they are a hole.

use super::{CODE, has_any, rest_of_line, unless_discussed};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};
use crate::domain::finding::Severity;

const UNSAFE: Rule =
    Rule { entity: "unsafe_code", severity: Severity::Medium, score: 0.35, validate: Some(call), ..CODE };

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "code_eval",
        wake: Wake::Keywords(&["eval", "exec", "compile"]),
        pattern: r"(?-u:\b)(?:(?:window|global|globalThis|self|builtins)\.)?(?:eval|exec)\s?\([^)\s]|(?-u:\b)(?:exec|eval)\(compile\(",
        validate: Some(eval),
        matches: &["eval(input())", "exec(request.args['code'])", "result = eval(expression)"],
        misses: &[
            "model.eval()",
            "evaluate(x)",
            "execute(query)",
            "re.exec(line)",
            "def exec(self)",
            "call eval() with care",
        ],
        ..UNSAFE
    },
    Rule {
        id: "code_system",
        wake: Wake::Keywords(&[
            "os.system",
            "os.popen",
            "subprocess",
            "shell_exec",
            "passthru",
            "proc_open",
            "child_process",
            "execsync",
            "getruntime",
            "processbuilder",
            "commands.getoutput",
            "exec.command",
        ]),
        pattern: r"(?-u:\b)(?:os\.(?:system|popen)\s?\([^)\s]|subprocess\.(?:run|call|Popen|check_output|check_call|getoutput)\s?\([^\n]{0,200}shell\s?=\s?True|(?:shell_exec|passthru|proc_open)\s?\([^)\s]|child_process[\x22')]{0,3}\s?\.\s?exec(?:Sync)?\s?\(|execSync\s?\([^)\s]|getRuntime\(\)\s{0,2}\.\s{0,2}exec\s?\(|new ProcessBuilder\s?\([^)]|commands\.getoutput\s?\(|exec\.Command\(\s?[\x22'](?:sh|bash|/bin/(?:ba)?sh|cmd)[\x22'])",
        matches: &[
            "os.system('ls')",
            "subprocess.run(cmd, shell=True)",
            "Runtime.getRuntime().exec(cmd)",
            "require('child_process').exec(cmd)",
        ],
        misses: &["subprocess.run(['git', 'status'], check=True)", "platform.system()", "the os.system call"],
        ..UNSAFE
    },
    Rule {
        id: "code_deserialize",
        wake: Wake::Keywords(&[
            "pickle",
            "yaml.",
            "marshal",
            "objectinputstream",
            "unserialize",
            "jsonpickle",
            "binaryformatter",
            "shelve.open",
            "joblib.load",
            "dill.load",
        ]),
        pattern: r"(?-u:\b)(?:c?[pP]ickle\.loads?\s?\([^)\s]|dill\.loads?\s?\([^)\s]|marshal\.loads?\s?\([^)\s]|Marshal\.load\s?\([^)\s]|yaml\.(?:unsafe_load|full_load)\s?\([^)\s]|yaml\.load\s?\([^)\n]{1,120}\)|new ObjectInputStream\s?\(|unserialize\s?\(\s?\$|jsonpickle\.decode\s?\([^)\s]|new BinaryFormatter\s?\(\))",
        validate: Some(deserialize),
        matches: &["pickle.loads(request.data)", "yaml.load(text)", "unserialize($_COOKIE['cart'])"],
        misses: &[
            "yaml.safe_load(text)",
            "yaml.load(f, Loader=yaml.SafeLoader)",
            "unserialize(data)",
            "json.loads(body)",
        ],
        ..UNSAFE
    },
    Rule {
        id: "code_dynamic",
        wake: Wake::Keywords(&[
            "new function",
            "__import__",
            "ctypes",
            "setinterval",
            "settimeout",
            "assert(",
            "create_function",
            "vm.runin",
        ]),
        pattern: r"(?-u:\b)(?:new Function\s?\(\s?[^)\s]|__import__\(\s?[\x22'](?:os|subprocess|socket|ctypes|shutil|pty|sys)[\x22']\s?\)|ctypes\.(?:CDLL|windll|cdll)[.(\[][^\n]{0,40}(?:VirtualAlloc|CreateThread|RtlMoveMemory|system|kernel32|libc)|ctypes\.memmove\s?\(|set(?:Timeout|Interval)\(\s?[\x22'][^\x22'\n]{0,40}(?:eval|alert|document|fetch)|assert\(\s?\$_|create_function\s?\(|vm\.runIn(?:New|This)?Context\s?\()",
        validate: Some(dynamic),
        matches: &[
            "new Function('return ' + body)",
            "__import__('os').system('id')",
            "ctypes.CDLL('libc.so.6').system(b'x')",
        ],
        misses: &["new FunctionNode(a)", "setTimeout(() => done(), 50)", "__import__(name)", "ctypes.c_int(4)"],
        ..UNSAFE
    },
    Rule {
        id: "code_python_escape",
        wake: Wake::Keywords(&["__subclasses__", "__globals__", "__builtins__", "__mro__", "__class__"]),
        pattern: r"(?:__class__(?:\.|\[[\x22']|[\x22']\]\[[\x22'])?[^\n]{0,40}(?:__mro__|__base__|__bases__)[^\n]{0,80}__subclasses__|__globals__[^\n]{0,40}(?:(?-u:\b)os(?-u:\b)|popen|system|__import__|eval|exec)|__builtins__[^\n]{0,30}(?:eval|exec|__import__|open)[\x22']?\]?\(|\.__subclasses__\(\)\[)",
        severity: Severity::High,
        validate: Some(certain),
        matches: &[
            "''.__class__.__mro__[1].__subclasses__()",
            "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        ],
        misses: &["self.__class__.__name__", "for sub in cls.__subclasses__():", "__builtins__ holds the names"],
        ..UNSAFE
    },
    Rule {
        id: "code_lookup_injection",
        wake: Wake::Keywords(&["${", "{{", "<%=", "#{"]),
        pattern: r"(?i)\$\{(?:jndi|\$\{(?:lower|upper|env|::-)[^}\n]{0,20}\}[^}\n]{0,40})(?::(?:ldaps?|rmi|dns|iiop|https?|nis)|[^\n}]{0,40}://)[^\s]{0,80}|\{\{\s{0,2}(?:7\s?\*\s?[\x22']?7[\x22']?|config\.items\(\)|[a-z_.()]{0,30}\.constructor\.constructor\()|<%=\s{0,2}(?:7\s?\*\s?7|system\(|`)|#\{\s{0,2}7\s?\*\s?7\s{0,2}\}|\$\{\s?(?:7\s?\*\s?7|T\(java\.lang\.)",
        severity: Severity::High,
        validate: Some(certain),
        matches: &["${jndi:ldap://a.example/x}", "{{7*7}}", "${T(java.lang.Runtime).getRuntime()}"],
        misses: &["{{ user.name }}", "${HOME}/bin", "{{ config.title }}", "${i * 7}"],
        ..UNSAFE
    },
];

/// What comes from outside the program.
const OUTSIDE: [&str; 34] = [
    "input(",
    "request.",
    "req.body",
    "req.query",
    "req.params",
    "sys.argv",
    "argv",
    "user_input",
    "userinput",
    "$_get",
    "$_post",
    "$_request",
    "$_cookie",
    "$_server",
    "params[",
    "recv(",
    "urlopen",
    "requests.get",
    "responsetext",
    "location.hash",
    "location.search",
    "event.data",
    "getparameter",
    "user_code",
    "usercode",
    "raw_input",
    "b64decode",
    "base64_decode",
    "atob(",
    "stdin",
    "untrusted",
    "fetch(",
    "payload",
    "curl ",
];

/// What no program needs to run.
const HARMFUL: [&str; 20] = [
    "rm -rf",
    "rm -r ",
    "/etc/passwd",
    "/etc/shadow",
    "curl ",
    "wget ",
    "nc -",
    "/bin/sh",
    "/bin/bash",
    "whoami",
    "__import__",
    "mkfs",
    "shutdown",
    "del /",
    "format c:",
    "net user",
    "powershell",
    "os.system",
    "chmod 777",
    "cat /etc",
];

/// `base` alone; more with input from outside or something harmful on the rest of its line.
fn weigh(candidate: &Candidate<'_>, base: f32) -> Option<f32> {
    let line = [candidate.hit(), rest_of_line(candidate, 120)].concat();
    let score = match () {
        () if has_any(&line, &HARMFUL) => 0.75,
        () if has_any(&line, &OUTSIDE) => 0.6,
        () => base,
    };
    Some(unless_discussed(candidate, score))
}

fn call(candidate: &Candidate<'_>) -> Option<f32> {
    weigh(candidate, 0.35)
}

fn certain(candidate: &Candidate<'_>) -> Option<f32> {
    Some(unless_discussed(candidate, 0.8))
}

/// A method or a definition of that name is something else.
fn eval(candidate: &Candidate<'_>) -> Option<f32> {
    let before = candidate.before(12);
    let other = ["def ", "function ", "func ", "fn ", "->", "::", "void ", "async "];
    if before.ends_with(['.', '$', '-', '@']) || other.iter().any(|word| before.ends_with(word)) {
        return None;
    }
    weigh(candidate, 0.35)
}

fn deserialize(candidate: &Candidate<'_>) -> Option<f32> {
    let line = [candidate.hit(), rest_of_line(candidate, 80)].concat();
    if line.starts_with("yaml.load") && has_any(&line, &["safeloader", "safe_load", "baseloader"]) {
        return None;
    }
    weigh(candidate, 0.35)
}

fn dynamic(candidate: &Candidate<'_>) -> Option<f32> {
    let line = [candidate.hit(), rest_of_line(candidate, 120)].concat();
    let runs = has_any(&line, &[".system(", ".popen(", "virtualalloc", "createthread", "setuid", "$_", ".call("]);
    if runs { Some(unless_discussed(candidate, 0.75)) } else { weigh(candidate, 0.4) }
}
