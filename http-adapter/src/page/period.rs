//! The span of time that is looked at, from the query and back into it.

use jiff::{SignedDuration, Timestamp};
use portcullis_api::error::{ApiError, invalid};

/// By their names in the query, with what people call them and their seconds.
pub(super) const NAMED: [(&str, &str, u32); 6] = [
    ("15m", "15 minutes", 900),
    ("1h", "1 hour", 3600),
    ("6h", "6 hours", 6 * 3600),
    ("24h", "24 hours", 86_400),
    ("7d", "7 days", 7 * 86_400),
    ("30d", "30 days", 30 * 86_400),
];

/// Of a range: below this the chart has nothing to tell apart.
const SHORTEST: i64 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    /// Up to now: an index of [`NAMED`].
    Last(usize),
    Range {
        since: Timestamp,
        until: Timestamp,
    },
}

impl Period {
    pub(super) const HOUR: Self = Self::Last(1);
    pub(super) const DAY: Self = Self::Last(3);

    /// None when the query says nothing.
    pub(super) fn parse(period: &str, since: &str, until: &str) -> Result<Option<Self>, ApiError> {
        match (period, since, until) {
            ("", "", "") => Ok(None),
            (period, "", "") => {
                let known = NAMED.iter().position(|(name, ..)| *name == period);
                let names = NAMED.map(|(name, ..)| name).join(", ");
                known
                    .map(|at| Some(Self::Last(at)))
                    .ok_or_else(|| invalid("period", format_args!("must be one of: {names}")))
            }
            ("", since, until) => {
                let since = time("since", since)?;
                let until = if until.is_empty() { Timestamp::now() } else { time("until", until)? };
                let seconds = until.duration_since(since).as_secs();
                if !(SHORTEST..=30 * 86_400).contains(&seconds) {
                    return Err(invalid("until", "must be a minute to 30 days after `since`"));
                }
                Ok(Some(Self::Range { since, until }))
            }
            _ => Err(invalid("period", "is given together with `since`")),
        }
    }

    pub(super) fn seconds(self) -> u32 {
        match self {
            Self::Last(at) => NAMED.get(at).map_or(3600, |(.., seconds)| *seconds),
            Self::Range { since, until } => u32::try_from(until.duration_since(since).as_secs()).unwrap_or(3600),
        }
    }

    /// RFC 3339; empty for now.
    pub(super) fn until(self) -> String {
        match self {
            Self::Last(_) => String::new(),
            Self::Range { until, .. } => until.to_string(),
        }
    }

    pub(super) fn since(self) -> String {
        match self {
            Self::Last(_) => {
                let length = SignedDuration::from_secs(self.seconds().into());
                Timestamp::now().checked_sub(length).map(|since| format!("{since:.0}")).unwrap_or_default()
            }
            Self::Range { since, .. } => since.to_string(),
        }
    }

    /// The members of a query that mean this.
    pub(super) fn query(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Last(at) => vec![("period", NAMED.get(at).map_or("1h", |(name, ..)| name).to_owned())],
            Self::Range { since, until } => vec![("since", since.to_string()), ("until", until.to_string())],
        }
    }
}

fn time(field: &str, text: &str) -> Result<Timestamp, ApiError> {
    text.parse().map_err(|_| invalid(field, "must be a time such as 2026-05-01T10:00:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_what_its_own_query_says() {
        let range = Period::parse("", "2026-05-01T10:00:00Z", "2026-05-01T10:05:00Z").unwrap().unwrap();
        assert_eq!(range.seconds(), 300);
        for period in [Period::HOUR, Period::DAY, range] {
            let query = period.query();
            let of = |name: &str| query.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
            assert_eq!(Period::parse(of("period"), of("since"), of("until")).unwrap(), Some(period));
        }
        assert_eq!(Period::parse("", "", "").unwrap(), None);
        for (period, since, until) in [
            ("2h", "", ""),
            ("", "yesterday", ""),
            ("", "2026-05-01T10:00:00Z", "2026-05-01T10:00:01Z"),
            ("", "2026-05-01T10:00:00Z", "2026-04-01T10:00:00Z"),
            ("", "2026-01-01T10:00:00Z", "2026-04-01T10:00:00Z"),
            ("1h", "2026-01-01T10:00:00Z", ""),
        ] {
            assert!(Period::parse(period, since, until).is_err(), "{period} {since} {until}");
        }
    }
}
