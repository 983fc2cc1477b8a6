//! Fragments that turn a value into a query of the attacker's.

use super::{CODE, ORDINARY, has_any, unless_discussed};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};

const INJECTION: Rule = Rule { entity: "sql_injection", score: 0.85, ..CODE };

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "sqli_tautology",
        wake: Wake::Keywords(&["=", "%3d", "like"]),
        pattern: r#"(?i)(?:[\s'"`)+]|%27|%20|/\*\*/)(?:or|and|\|\|)(?:\s|\+|%20|/\*\*/){0,4}(?P<hit>['"`(]{0,3}[A-Za-z0-9_]{0,12}['"`)]?\s{0,2}(?:=|%3d|like)\s{0,2}['"`(]{0,3}[A-Za-z0-9_]{0,12}['"`]?)"#,
        validate: Some(tautology),
        matches: &[
            "' OR '1'='1",
            "admin' or 1=1 --",
            r#"") or ("x"="x"#,
            "SELECT * FROM users WHERE id = 5 OR 1=1",
            "name=%27%20or%201=1--",
            "SELECT id FROM users WHERE name = '' OR 1=1 -- ' AND password = ''",
        ],
        misses: &[
            "WHERE a = 1 OR b = 2",
            "if x == 1 or y == 2:",
            "SELECT * FROM t WHERE 1=1 AND active = 1",
            "either 'a' or 'b' = c",
            "width=1 and height=1",
        ],
        ..INJECTION
    },
    Rule {
        id: "sqli_stacked",
        wake: Wake::Keywords(&["';", "' ;", "\";", "\" ;", ");", ") ;", "%27;", "%27%3b", "1;"]),
        pattern: r#"(?i)(?:['"]\s?\)?\s?;|%27(?:;|%3b)|(?-u:\b)1;)(?:\s|\+|%20){0,4}(?:drop\s{1,4}(?:table|database|schema|user)|delete\s{1,4}from|truncate\s{1,4}table|insert\s{1,4}into|update\s{1,4}[A-Za-z_]{1,64}\s{1,4}set|alter\s{1,4}table|exec(?:ute)?\s{1,4}(?:master|xp_|sp_)|shutdown(?:\s|;|-)|create\s{1,4}user)[^\n]{0,120}"#,
        validate: Some(stacked),
        matches: &[
            "Robert'); DROP TABLE students;--",
            "1'; exec xp_cmdshell('dir')--",
            "x'; INSERT INTO users VALUES ('a')--",
        ],
        misses: &[
            "INSERT INTO t VALUES ('a');\nINSERT INTO t VALUES ('b');",
            "print('done'); drop_caches()",
            "it's; then we shut down",
        ],
        ..INJECTION
    },
    Rule {
        id: "sqli_union",
        wake: Wake::Keywords(&["union"]),
        pattern: r"(?i)(?-u:\b)union(?:\s|\+|%20|/\*[^*]{0,20}\*/){1,6}(?:(?:all|distinct)(?:\s|\+|%20|/\*[^*]{0,20}\*/){1,6})?select(?:[^A-Za-z0-9_][^\n;]{0,160})?",
        validate: Some(union),
        matches: &[
            "' UNION SELECT username, password FROM users--",
            "id=-1 union all select 1,2,3,group_concat(table_name) from information_schema.tables",
            "1 UNION SELECT NULL, NULL, version()",
            "q=1+union+select+1,2",
        ],
        misses: &[
            "SELECT a FROM t WHERE x = 1 UNION SELECT a FROM u",
            "Each UNION SELECT must have the same columns",
            "select name from a union all select name from b order by 1",
            "the union selects a delegate",
        ],
        ..INJECTION
    },
    Rule {
        id: "sqli_blind",
        wake: Wake::Keywords(&["sleep", "waitfor", "benchmark", "receive_message"]),
        pattern: r#"(?i)(?:(?:(?-u:\b)(?:and|or|xor|select|then|else)(?:\s|\+|%20|/\*\*/|\(){1,4}|['"|;,+]\s{0,2})(?:if\s{0,2}\([^\n]{1,60}?,\s{0,2})?(?:pg_)?sleep\s{0,2}\(\s{0,2}\d{1,4}|(?-u:\b)waitfor(?:\s|\+|%20){1,4}(?:delay|time)(?:\s|\+|%20){1,4}['"]|(?-u:\b)benchmark\s{0,2}\(\s{0,2}\d{4,12}\s{0,2},|dbms_pipe\.receive_message\s{0,2}\()"#,
        validate: Some(blind),
        matches: &[
            "1' AND SLEEP(5)--",
            "'; WAITFOR DELAY '0:0:10'--",
            "1; SELECT pg_sleep(10)",
            "x' or benchmark(5000000,md5(1))#",
        ],
        misses: &["time.sleep(5)", "and sleep for 5 hours", "run(); sleep(5);", "benchmark(name, fn)"],
        ..INJECTION
    },
    Rule {
        id: "sqli_server",
        wake: Wake::Keywords(&[
            "xp_cmdshell",
            "outfile",
            "dumpfile",
            "load_file",
            "extractvalue",
            "updatexml",
            "utl_http",
        ]),
        pattern: r#"(?i)(?:(?:(?-u:\b)(?:exec(?:ute)?|master\.{1,2}|dbo\.|;)\s{0,4}(?:master\.{0,2}(?:dbo\.)?)?)xp_cmdshell(?-u:\b)|(?-u:\b)xp_cmdshell\s{0,2}['"(]|(?-u:\b)into\s{1,4}(?:out|dump)file\s{1,4}['"/]|(?-u:\b)load_file\s{0,2}\(\s{0,2}(?:['"/]|0x|char\()|(?-u:\b)(?:extractvalue|updatexml)\s{0,2}\([^\n)]{1,20},\s{0,2}concat\s{0,2}\(|(?-u:\b)utl_http\.request\s{0,2}\()"#,
        validate: Some(told),
        matches: &[
            "EXEC master..xp_cmdshell 'whoami'",
            "SELECT '<?php ?>' INTO OUTFILE '/var/www/a.php'",
            "select load_file('/etc/hosts')",
            "and extractvalue(1,concat(0x7e,version()))",
        ],
        misses: &[
            "xp_cmdshell is off by default",
            "write into outfile, then close",
            "load_file(path)",
            "updateXml(doc)",
        ],
        ..INJECTION
    },
    Rule {
        id: "sqli_comment",
        wake: Wake::Keywords(&[
            "admin'",
            "admin%27",
            "administrator'",
            "administrator%27",
            "root'",
            "root%27",
            "sa'",
            "sa%27",
            "guest'",
            "guest%27",
        ]),
        pattern: r#"(?i)(?-u:\b)(?:admin|administrator|root|sa|guest|sysadmin)(?:'|%27)\s{0,2}\)?\s{0,2}(?:--|#|/\*|;\s?--)(?:[\s+"'`,;)]|$)"#,
        score: 0.8,
        matches: &["username: admin'--", "log in as administrator'#"],
        misses: &["the admin's --help flag", "root's home"],
        ..INJECTION
    },
    Rule {
        id: "nosql_operator",
        wake: Wake::Keywords(&["$ne", "$gt", "$regex", "$where", "$exists", "$nin"]),
        pattern: r#"(?i)(?:["']?(?:password|passwd|pass|pwd|user(?:name)?|login|token)["']?\s{0,2}:\s{0,2}\{\s{0,2}["']?\$(?:ne|gt|gte|regex|exists|nin)["']?\s{0,2}:|(?-u:\b)(?:password|passwd|pass|user(?:name)?|login)\[\$(?:ne|gt|regex|exists|nin)\]\s{0,2}=|\$where["']?\s{0,2}:\s{0,2}["'](?:[^"'\n]{0,60}(?:sleep|return true|this\.password)|1\s?==?\s?1|true))"#,
        score: 0.75,
        matches: &[r#"{"username": "ann", "password": {"$ne": null}}"#, "user[$ne]=x&pass[$ne]=y"],
        misses: &[r#"{"age": {"$gt": 30}}"#, r#"{"deleted": {"$ne": true}}"#],
        ..INJECTION
    },
];

/// Both sides the same, or both of them numbers: a comparison that nobody writes into a query in earnest.
fn tautology(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit().to_ascii_lowercase().replace("%3d", "=").replace("like", "=");
    let (left, right) = hit.split_once('=')?;
    let bare = |side: &str| side.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_').to_owned();
    let (left_value, right_value) = (bare(left), bare(right));
    let quoted = left.contains(['\'', '"']) && right.contains(['\'', '"']);
    let after = candidate.after(12);
    let begins_here = after.starts_with(|c: char| c.is_ascii_alphanumeric() || "_.([=".contains(c));
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let marks = |side: &str| side.matches(['\'', '"']).count();
    // `''=''` compares two empty strings; `"="` is an equals sign.
    let empty = left_value.is_empty() && marks(left) < 2;
    if left_value != right_value || begins_here || empty {
        return None;
    }
    if !quoted && !number(&left_value) {
        return None;
    }
    let comment = ["--", "#", "/*", ";", ")"].iter().any(|end| after.trim_start().starts_with(end));
    let first = candidate.before(40);
    // In quotes the value was closed before; elsewhere `and 1=1` is how programs begin to build a condition.
    let closes = first.contains(['\'', '"', '`']) || first.contains("%27") || first.trim_end().ends_with(')');
    let or = has_any(first.get(first.len().saturating_sub(10)..).unwrap_or(first), &["or", "||"]);
    (or || comment || closes).then(|| unless_discussed(candidate, if or || closes { 0.85 } else { ORDINARY }))
}

/// Statements after one another are a script; one after a closed quote with a comment behind is an injection.
fn stacked(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let spread = hit.get(..hit.len().min(12)).is_some_and(|head| head.contains('\n'));
    let comment = hit.contains("--") || hit.contains('#') || hit.contains("/*");
    let drops = has_any(hit, &["drop", "truncate", "shutdown", "xp_", "exec"]);
    match (comment, drops) {
        (true, _) if !spread => Some(0.95),
        (_, true) if !spread => Some(0.8),
        (false, false) => None,
        _ => Some(ORDINARY),
    }
}

fn union(candidate: &Candidate<'_>) -> Option<f32> {
    const TELLS: [&str; 14] = [
        "information_schema",
        "@@version",
        "version()",
        "group_concat",
        "load_file",
        "user()",
        "database()",
        "sqlite_master",
        "pg_catalog",
        "from users",
        "password",
        "0x",
        "char(",
        "sysobjects",
    ];
    let hit = candidate.hit();
    let before = candidate.before(300);
    let selected = hit.to_ascii_lowercase();
    let one_line = !hit.trim_end().contains('\n');
    let list = selected.split_once("select").map_or("", |(_, list)| list);
    let constants = list
        .split(',')
        .map(|item| item.trim_matches([' ', '+']).split(' ').next().unwrap_or_default().to_owned())
        .take_while(|item| item == "null" || !item.is_empty() && item.bytes().all(|byte| byte.is_ascii_digit()))
        .count();
    let fragment = !has_any(before, &["select"]);
    let closes = before.trim_end().ends_with(['\'', '"', ')', '+', '/'])
        || before.trim_end().ends_with(|c: char| c.is_ascii_digit());
    let encoded = has_any(hit, &["union+", "union%20", "union/*"]);
    let comment = hit.trim_end().ends_with("--") || hit.contains("-- ") || hit.trim_end().ends_with('#');
    let tells = has_any(hit, &TELLS);
    match () {
        () if encoded || comment || constants >= 2 => Some(unless_discussed(candidate, 0.85)),
        () if fragment && one_line && (closes || tells) => Some(unless_discussed(candidate, 0.8)),
        () if tells => Some(ORDINARY),
        () => None,
    }
}

/// `sleep(5)` after a semicolon is any program; after a quote or in a condition it is a probe.
fn blind(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let sure = has_any(hit, &["waitfor", "benchmark", "pg_sleep", "dbms_pipe"])
        || has_any(hit, &["and", "or", "select", "if(", "if ("])
        || hit.starts_with(['\'', '"']);
    sure.then(|| unless_discussed(candidate, 0.8))
}

fn told(candidate: &Candidate<'_>) -> Option<f32> {
    Some(unless_discussed(candidate, 0.8))
}
