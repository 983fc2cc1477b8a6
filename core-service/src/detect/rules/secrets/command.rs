//! Passwords on command lines, where a flag of a known program says what they are.

use super::{SECRET, password::password};
use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::Candidate,
    },
    domain::finding::Severity,
};

/// What may stand between a program and its flag: no second program.
macro_rules! arguments {
    () => {
        r"(?:[ -%'-:=-{}~]{0,160}? )?"
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "generic_password_flag",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(&[
            "mysql",
            "mariadb",
            "mongo",
            " login ",
            "redis-cli",
            "sqlcmd",
            "bcp ",
            "ldapsearch",
            "ldapadd",
            "ldapmodify",
            "ldapdelete",
            "ldappasswd",
            "ldapwhoami",
        ]),
        // MySQL takes its password right behind the flag; of docker only the login has one, `-p` is a port elsewhere.
        pattern: concat!(
            r"(?-u:\b)(?:(?:mysql(?:dump|admin|import|check|show|sh)?|mariadb(?:-dump|-admin)?) ",
            arguments!(),
            r"-p|(?:docker|podman|nerdctl|buildah|skopeo|az|oc|cf|helm registry|crane auth) login ",
            arguments!(),
            r"-p[ =]|mongo(?:sh|dump|restore|import|export)? ",
            arguments!(),
            r"-p ?|redis-cli ",
            arguments!(),
            r"-a |(?:sqlcmd|bcp) ",
            arguments!(),
            r"-P ?|ldap(?:search|add|modify|delete|passwd|whoami) ",
            arguments!(),
            r#"-w )["']?(?P<hit>[^\s"'`<>]{5,}[^\s"'`<>,;\\)])"#
        ),
        validate: Some(password),
        matches: &[
            "mysql -u root -pFzpm!12wBxf7",
            "mysqldump --host db -u root -p'Fzpm!12wBxf7' shop > shop.sql",
            "docker login -u alder -p Fzpm!12wBxf7 registry.alder.dev",
            "az login --service-principal -u 5f0c9be1 -p Fzpm!12wBxf7 --tenant alder.dev",
            "mongosh --host db -u root -p Fzpm!12wBxf7",
            "redis-cli -h cache -a Fzpm!12wBxf7 ping",
            "sqlcmd -S db -U sa -P \"Fzpm!12wBxf7\" -Q 'select 1'",
            "ldapsearch -x -D cn=admin -w Fzpm!12wBxf7 -b dc=alder",
        ],
        misses: &[
            "mysql -u root -p shop2024",
            "mysql -u root -p$DB_PASSWORD shop",
            "mysql -h db -P 3306 -u root",
            "docker run -p 8080:80 --name web2 nginx",
            "docker login registry.alder.dev && docker run -p 8080:80/tcp8 alder",
            "docker run -d --name mongo -p 27017:27017 mongo",
            "mysql and then ssh -p2222 bob@db1",
            "az login --use-device-code",
            "redis-cli -a $REDIS_PASSWORD",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_secure_string",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(&["ConvertTo-SecureString"]),
        pattern: r#"(?i)ConvertTo-SecureString(?: {1,4}-[a-z]{2,12}){0,3} {1,4}["']?(?P<hit>[^\s"'`<>]{5,}[^\s"'`<>,;\\)])"#,
        validate: Some(password),
        matches: &[
            "$p = ConvertTo-SecureString 'Fzpm!12wBxf7' -AsPlainText -Force",
            "ConvertTo-SecureString -AsPlainText -String \"Fzpm!12wBxf7\" -Force",
        ],
        misses: &[
            "ConvertTo-SecureString $password1 -AsPlainText -Force",
            "ConvertTo-SecureString \"$password1\" -AsPlainText -Force",
            "ConvertTo-SecureString -String $config.Secret2 -AsPlainText",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_chpasswd",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(&["chpasswd"]),
        pattern: r#"(?:(?:echo|printf)(?: -[a-z]{1,3})? {1,4}|chpasswd {0,4}<<<? {0,4})["']?[a-z_][a-z0-9_.-]{0,31}:(?P<hit>[^\s"'`<>|]{5,}[^\s"'`<>|,;\\)])"#,
        validate: Some(set_password),
        matches: &[
            "RUN echo \"root:Fzpm!12wBxf7\" | chpasswd",
            "echo 'bob:Fzpm!12wBxf7' | sudo chpasswd",
            "chpasswd <<< \"bob:Fzpm!12wBxf7\"",
        ],
        misses: &[
            "echo \"root:$ROOT_PASSWORD\" | chpasswd",
            "echo \"root:password\" | chpasswd",
            "echo step:build2024; run it, then see chpasswd(8)",
        ],
        ..SECRET
    },
];

/// Only what is handed to the program that sets it.
fn set_password(candidate: &Candidate<'_>) -> Option<f32> {
    let behind = candidate.after(32).trim_start_matches(['"', '\'']).trim_start();
    let piped = behind.strip_prefix('|').is_some_and(|next| {
        let next = next.trim_start();
        next.strip_prefix("sudo").unwrap_or(next).trim_start().starts_with("chpasswd")
    });
    (piped || candidate.before(80).contains("chpasswd")).then(|| password(candidate)).flatten()
}
