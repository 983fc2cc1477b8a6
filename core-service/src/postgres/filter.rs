//! Which records, in SQL.

use jiff::Timestamp;
use tokio_postgres::types::{ToSql, Type};

use super::row::clean;
use crate::{
    domain::decision::Action,
    events::{Event, EventFilter},
    record::{Code, integer},
};

/// Where a list goes on: no two records have the same key. `<microseconds since 1970>-<node>-<sequence>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) time: Timestamp,
    pub(super) node: String,
    pub(super) sequence: i64,
}

impl Key {
    pub(super) fn of(event: &Event) -> Self {
        Self { time: event.time, node: event.node.to_string(), sequence: integer(event.sequence) }
    }

    /// As it is written here, and nothing else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (time, node, sequence) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |text: &str| {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
            text.parse::<i64>().ok().filter(|_| plain)
        };
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_ours = parts.next().is_none() && node.len() == 8 && node.bytes().all(hex);
        let time = Timestamp::from_microsecond(digits(time)?).ok()?;
        is_ours.then_some(Self { time, node: node.to_owned(), sequence: digits(sequence)? })
    }

    pub(super) fn text(&self) -> String {
        format!("{}-{}-{}", self.time.as_microsecond(), self.node, self.sequence)
    }
}

type Value = Box<dyn ToSql + Send + Sync>;

/// What follows WHERE, and the values of its parameters.
pub(super) struct Conditions {
    pub(super) sql: String,
    values: Vec<(Value, Type)>,
}

impl Conditions {
    pub(super) fn of(filter: &EventFilter, before: Option<Key>) -> Self {
        let mut all = Self { sql: "true".to_owned(), values: Vec::new() };
        if let Some(Key { time, node, sequence }) = before {
            // The first says to which days a look is needed.
            all.and("time <= ", time, Type::TIMESTAMPTZ, "");
            all.and("(time, node, seq) < ($1, ", node, Type::TEXT, "");
            all.more(", ", sequence, Type::INT8, ")");
        }
        if let Some(since) = filter.since {
            all.and("time >= ", since, Type::TIMESTAMPTZ, "");
        }
        if let Some(until) = filter.until {
            all.and("time < ", until, Type::TIMESTAMPTZ, "");
        }
        let small = |code: i64| i16::try_from(code).unwrap_or(-1);
        if let Some(kind) = filter.kind {
            all.and("kind = ", small(kind.code()), Type::INT2, "");
        }
        if let Some(action) = filter.action {
            if action > Action::Allow {
                all.sql.push_str(" AND action > 0");
            }
            all.and("action = ", small(action.code()), Type::INT2, "");
        }
        if let Some(analysis) = filter.analysis {
            all.and("analysis = ", small(analysis.code()), Type::INT2, "");
        }
        // The beginning alone is in the index.
        for (column, wanted) in [("user_name", &filter.user), ("session", &filter.session)] {
            let Some(wanted) = wanted else { continue };
            let wanted = clean(wanted).into_owned();
            if !wanted.is_empty() {
                all.sql.push_str(&format!(" AND {column} <> ''"));
                all.and(&format!("left({column}, 200) = left("), wanted.clone(), Type::TEXT, ", 200)");
            }
            all.and(&format!("{column} = "), wanted, Type::TEXT, "");
        }
        for (column, wanted) in [("model", &filter.model), ("team", &filter.team), ("source", &filter.source)] {
            if let Some(wanted) = wanted {
                all.and(&format!("{column} = "), clean(wanted).into_owned(), Type::TEXT, "");
            }
        }
        if let Some(id) = filter.request_id {
            all.and("request_id = ", id, Type::UUID, "");
        }
        if filter.late {
            all.sql.push_str(" AND late");
        }
        if let Some(enforced) = filter.enforced {
            all.sql.push_str(if enforced { " AND enforced" } else { " AND NOT enforced" });
        }
        // As in the log: the column holds what serde wrote, in which no text can pose as a member.
        for member in filter.members() {
            all.and("action > 0 AND strpos(violations, ", member, Type::TEXT, ") > 0");
        }
        all
    }

    fn and(&mut self, before: &str, value: impl ToSql + Send + Sync + 'static, kind: Type, behind: &str) {
        self.sql.push_str(" AND ");
        self.more(before, value, kind, behind);
    }

    fn more(&mut self, before: &str, value: impl ToSql + Send + Sync + 'static, kind: Type, behind: &str) {
        let place = self.push(value, kind);
        self.sql.push_str(&format!("{before}{place}{behind}"));
    }

    /// A value that is named elsewhere in the query: answers how.
    pub(super) fn push(&mut self, value: impl ToSql + Send + Sync + 'static, kind: Type) -> String {
        self.values.push((Box::new(value), kind));
        format!("${}", self.values.len())
    }

    pub(super) fn values(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.values.iter().map(|(value, kind)| (&**value as &(dyn ToSql + Sync), kind.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_not_ours_are_none() {
        let key = Key::parse("1780000000900000-0badcafe-7").unwrap();
        assert_eq!(key.text(), "1780000000900000-0badcafe-7");
        for text in [
            "",
            "-",
            "1",
            "1-0badcafe",
            "1-0badcafe-07",
            "+1-0badcafe-7",
            "1-0BADCAFE-7",
            "1-0badcafe-7-",
            "99999999999999999999-0badcafe-7",
            "9223372036854775807-0badcafe-7",
            "1-0badcafe' OR '1'='1-7",
        ] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_value_becomes_part_of_the_query() {
        let hostile = "x' OR 1=1 --".to_owned();
        let filter = EventFilter {
            user: Some(hostile.clone()),
            rule: Some(hostile.clone()),
            model: Some(hostile),
            ..EventFilter::default()
        };
        let conditions = Conditions::of(&filter, Key::parse("1-0badcafe-7"));
        assert!(!conditions.sql.contains("1=1"), "{}", conditions.sql);
        assert_eq!(conditions.values().len(), 7);
    }
}
