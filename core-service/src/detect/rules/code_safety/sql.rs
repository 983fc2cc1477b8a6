//! Statements that destroy data or give the whole of it away.

use super::{CODE, has_any, unless_discussed};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};

const SQL: Rule = Rule { entity: "sql_destructive", ..CODE };

/// A name of a table, quoted or not, with its schema or without.
macro_rules! name {
    () => {
        "[`\"\\[]?[A-Za-z_][A-Za-z0-9_$]{0,63}[`\"\\]]?(?:\\.[`\"\\[]?[A-Za-z_][A-Za-z0-9_$]{0,63}[`\"\\]]?){0,2}"
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "sql_drop",
        wake: Wake::Keywords(&["drop"]),
        pattern: concat!(
            r"(?i)(?-u:\b)drop\s{1,4}(?:table|database|schema|keyspace|tablespace|view|user|role)\s{1,4}",
            r"(?:if\s{1,4}exists\s{1,4})?",
            name!(),
        ),
        validate: Some(drop),
        matches: &[
            "DROP TABLE users;",
            "drop database shop; --",
            "run `drop table orders` for me",
            "DROP SCHEMA public CASCADE",
        ],
        misses: &[
            "The DROP TABLE statement removes a table",
            "Drop table support was added in 2.1",
            "please drop user input that is empty",
            "drag and drop tables into the view",
        ],
        ..SQL
    },
    Rule {
        id: "sql_truncate",
        wake: Wake::Keywords(&["truncate"]),
        pattern: concat!(r"(?i)(?-u:\b)truncate\s{1,4}table\s{1,4}", name!()),
        validate: Some(drop),
        matches: &["TRUNCATE TABLE sessions;", "truncate table audit_log;"],
        misses: &["truncate table cells that are too long", "truncate(text, 80)"],
        ..SQL
    },
    Rule {
        id: "sql_delete_all",
        wake: Wake::Keywords(&["delete"]),
        pattern: concat!(
            r"(?i)(?-u:\b)delete\s{1,4}from\s{1,4}",
            name!(),
            r"(?:\s{1,4}where\s{1,4}(?:1\s?=\s?1|true|1)(?-u:\b))?"
        ),
        validate: Some(delete),
        matches: &["DELETE FROM users;", "delete from orders where 1=1;", "cursor.execute('DELETE FROM accounts')"],
        misses: &[
            "DELETE FROM users WHERE id = 7;",
            "DELETE FROM users\nWHERE last_seen < '2020-01-01';",
            "how do I delete from cart?",
            "DELETE FROM a USING b WHERE a.id = b.id",
            "The DELETE FROM statement takes a condition",
        ],
        ..SQL
    },
    Rule {
        id: "sql_update_all",
        wake: Wake::Keywords(&["update"]),
        pattern: concat!(
            r"(?i)(?-u:\b)update\s{1,4}",
            name!(),
            r"\s{1,4}set\s{1,4}[A-Za-z_.]{1,64}\s{0,4}=[^;]{1,300}"
        ),
        validate: Some(update),
        score: 0.65,
        matches: &["UPDATE users SET role = 'admin';", "update accounts set balance = 0"],
        misses: &[
            "UPDATE users SET name = 'Ann' WHERE id = 7;",
            "UPDATE t SET a = 1,\n  b = 2\nWHERE c = 3;",
            "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET n = excluded.n;",
            "update the set of rules",
        ],
        ..SQL
    },
    Rule {
        id: "sql_grant_all",
        wake: Wake::Keywords(&["grant"]),
        pattern: r"(?i)(?-u:\b)grant\s{1,4}all(?:\s{1,4}privileges)?\s{1,4}on\s{1,4}[^\s;]{1,80}\s{1,4}to\s{1,4}[^\s;]{1,80}",
        validate: Some(grant),
        matches: &["GRANT ALL PRIVILEGES ON *.* TO 'bob'@'%';", "grant all on *.* to mallory"],
        misses: &["GRANT SELECT ON shop.orders TO reporting;", "grants all rights on request to readers"],
        ..SQL
    },
];

/// Words that follow the verb in a sentence about it and are no table, and names that stand for one.
fn is_prose(name: &str) -> bool {
    const WORDS: [&str; 42] = [
        "statement",
        "statements",
        "command",
        "commands",
        "syntax",
        "privilege",
        "privileges",
        "query",
        "queries",
        "keyword",
        "clause",
        "operation",
        "operations",
        "permission",
        "permissions",
        "support",
        "rows",
        "row",
        "cells",
        "columns",
        "column",
        "entries",
        "is",
        "are",
        "was",
        "and",
        "or",
        "to",
        "in",
        "on",
        "will",
        "can",
        "does",
        "if",
        "from",
        "with",
        "without",
        "that",
        "where",
        "when",
        "input",
        "names",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.contains(&name.as_str())
}

fn is_placeholder(name: &str) -> bool {
    let name = name.trim_matches(['`', '"', '[', ']']).to_ascii_lowercase();
    ["table", "tablename", "foo", "bar", "example", "name"].contains(&name.as_str())
        || has_any(&name, &["table_name", "your_", "my_table", "mytable", "database_name", "some_table"])
}

/// Whether the statement ends here, and not only a sentence's clause.
fn is_ended(after: &str) -> bool {
    let rest = after.trim_start_matches([' ', '\t', ')']);
    rest.starts_with([';', '"', '\'', '`', '#'])
        || rest.starts_with("--")
        || rest.starts_with("/*")
        || rest.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("cascade"))
}

/// `DROP` in capitals is SQL; in small letters the end of the statement has to say so.
fn drop(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let name = hit.rsplit(char::is_whitespace).next().unwrap_or(hit);
    let after = candidate.after(200);
    if is_prose(name) {
        return None;
    }
    let upper = hit.bytes().take(4).all(|byte| byte.is_ascii_uppercase());
    let quoted = name.ends_with(['`', '"']) && !name.starts_with(['`', '"']);
    if !upper && !quoted && !is_ended(after) {
        let data = has_any(hit, &["drop table", "drop database"]);
        return (data && after.trim().is_empty()).then_some(0.5);
    }
    // A script that makes the table anew right after is a set-up script.
    let renewed = has_any(after, &["create table", "create database", "create schema", "create view", "create user"]);
    let score = match (renewed || is_placeholder(name), has_any(hit, &[" exists "])) {
        (true, _) => 0.4,
        (false, true) => 0.55,
        (false, false) => 0.75,
    };
    Some(unless_discussed(candidate, score))
}

fn delete(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let upper = hit.starts_with("DELETE");
    let after = candidate.after(200);
    let everything = has_any(hit, &[" where"]);
    let name = hit.split_whitespace().nth(2).unwrap_or_default();
    let over = is_ended(after) || after.trim().is_empty() && (upper || everything);
    if is_prose(name) || !(over || everything) {
        return None;
    }
    let score = if is_placeholder(name) { 0.4 } else { 0.7 };
    Some(unless_discussed(candidate, score))
}

fn update(candidate: &Candidate<'_>) -> Option<f32> {
    // A statement does not reach over an empty line; what follows is prose.
    let hit = candidate.hit().split("\n\n").next().unwrap_or_default();
    let conditional = has_any(hit, &["where", "from "]);
    let told = candidate.hit().starts_with("UPDATE") || candidate.after(1) == ";";
    (!conditional).then(|| unless_discussed(candidate, if told { 0.65 } else { 0.5 }))
}

fn grant(candidate: &Candidate<'_>) -> Option<f32> {
    // Rights on one database are how every installation guide begins.
    let everywhere = candidate.hit().contains("*.*");
    Some(if everywhere { unless_discussed(candidate, 0.65) } else { 0.35 })
}
