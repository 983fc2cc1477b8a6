//! Which events are looked at: read from the query, written back into it, and as a form.

use std::borrow::Cow;

use maud::{Markup, html};
use portcullis_api::{
    error::{ApiError, invalid},
    json::number,
    v1::EventFilter,
};

use super::period::{NAMED, Period};
use crate::query::{once, pairs};

/// Of the core's categories: what a filter can ask for.
const CATEGORIES: [&str; 13] = [
    "prompt_injection",
    "secrets",
    "pii",
    "code_safety",
    "obfuscation",
    "harm",
    "keywords",
    "regex",
    "denied_topics",
    "coverage",
    "session",
    "canary",
    "log",
];

/// The words of the enumerations, in the order in which they are offered.
const ACTIONS: [&str; 4] = ["block", "mask", "alert", "allow"];
const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];
const KINDS: [&str; 4] = ["decision", "exchange", "canary", "log"];
const ANALYSES: [&str; 3] = ["none", "pending", "done"];
const ENFORCED: [&str; 2] = ["true", "false"];

/// Free words of a query, by their names in it.
const WORDS: [(&str, &str); 7] = [
    ("text", "Text"),
    ("user", "User"),
    ("rule", "Rule"),
    ("team", "Team"),
    ("model", "Model"),
    ("source", "Source"),
    ("session", "Session"),
];

/// A view of events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// None: of any time.
    pub(super) period: Option<Period>,
    /// Names and values as they were given, without those that are empty.
    pairs: Vec<(String, String)>,
    /// `next` of the page before.
    pub(super) after: String,
}

impl Filter {
    /// A misspelt filter is an error: left alone it would show every event as if it were what was asked for. An empty
    /// value is none: forms send all of their fields.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, ApiError> {
        let mut filter = Self::default();
        let (mut period, mut since, mut until) = (None, None, None);
        let mut after = None;
        for (name, value) in pairs(query).filter(|(_, value)| !value.is_empty()) {
            let value = value.into_owned();
            match &*name {
                "period" => once(&mut period, value, "period")?,
                "since" => once(&mut since, value, "since")?,
                "until" => once(&mut until, value, "until")?,
                "after" => once(&mut after, value, "after")?,
                name => {
                    let mut twice = filter.value(name).map(drop);
                    once(&mut twice, (), name)?;
                    check(name, &value)?;
                    filter.pairs.push((name.to_owned(), value));
                }
            }
        }
        let [period, since, until] = [period, since, until].map(Option::unwrap_or_default);
        filter.period = Period::parse(&period, &since, &until)?;
        filter.after = after.unwrap_or_default();
        Ok(filter)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn text(&self, name: &str) -> String {
        self.value(name).unwrap_or_default().to_owned()
    }

    /// As the core is asked.
    pub(super) fn events(&self) -> Result<EventFilter, ApiError> {
        let mut filter = EventFilter {
            user: self.text("user"),
            team: self.text("team"),
            model: self.text("model"),
            source: self.text("source"),
            session: self.text("session"),
            request_id: self.text("request_id"),
            rule: self.text("rule"),
            text: self.text("text"),
            category: self.text("category"),
            late: self.value("late").is_some(),
            enforced: self.value("enforced").map(|value| value == "true"),
            ..EventFilter::default()
        };
        if let Some(action) = self.value("action") {
            filter.action = number("Action", action, "action")?;
        }
        if let Some(kind) = self.value("kind") {
            filter.kind = number("EventKind", kind, "kind")?;
        }
        if let Some(analysis) = self.value("analysis") {
            filter.analysis = number("Analysis", analysis, "analysis")?;
        }
        if let Some(severity) = self.value("severity") {
            filter.severity = number("Severity", severity, "severity")?;
        }
        if let Some(period) = self.period {
            (filter.since, filter.until) = (period.since(), period.until());
        }
        Ok(filter)
    }

    /// The query that means this, without where a page begins.
    pub(super) fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.period.iter().flat_map(|period| period.query()) {
            query.append_pair(name, &value);
        }
        query.extend_pairs(&self.pairs).finish()
    }

    /// Whether new events can be told as they come: a search looks at what is recorded, what comes is of no period that
    /// is over, and what is judged since would stay in a list of what is not.
    pub(super) fn is_watchable(&self) -> bool {
        !matches!(self.period, Some(Period::Range { .. }))
            && ["text", "analysis"].iter().all(|name| self.value(name).is_none())
    }

    /// What is asked for beside the period.
    pub(super) fn is_narrow(&self) -> bool {
        !self.pairs.is_empty()
    }

    pub(super) fn form(&self) -> Markup {
        let more = ["rule", "team", "model", "source", "session", "kind", "analysis", "enforced"];
        let open = more.iter().any(|name| self.value(name).is_some());
        html! {
            form.filter method="get" action="/events" role="search" aria-label="Filter events" {
                (self.periods())
                (self.select("action", "Action", &ACTIONS))
                (self.select("category", "Category", &CATEGORIES))
                (self.select("severity", "Severity", &SEVERITIES))
                @for (name, title) in WORDS.iter().take(2) { (self.word(name, title)) }
                details open[open] {
                    summary { "More" }
                    div.more {
                        @for (name, title) in WORDS.iter().skip(2) { (self.word(name, title)) }
                        (self.select("kind", "Kind", &KINDS))
                        (self.select("analysis", "Analysis", &ANALYSES))
                        (self.select("enforced", "Enforced", &ENFORCED))
                    }
                }
                @if let Some(id) = self.value("request_id") { input type="hidden" name="request_id" value=(id); }
                @if self.value("late").is_some() { input type="hidden" name="late" value="true"; }
                div.go {
                    button type="submit" { "Filter" }
                    @if self.is_narrow() || self.period != Some(Period::DAY) { a href="/events" { "Clear" } }
                }
            }
        }
    }

    fn periods(&self) -> Markup {
        html! {
            label { span { "Period" }
                @if let Some(Period::Range { since, until }) = self.period {
                    input type="hidden" name="since" value=(since);
                    input type="hidden" name="until" value=(until);
                    input type="text" readonly value=(format!("{since:.0} to {until:.0}"));
                } @else {
                    select name="period" {
                        @for (at, (name, title, _)) in NAMED.iter().enumerate() {
                            option value=(name) selected[self.period == Some(Period::Last(at))] { (title) }
                        }
                    }
                }
            }
        }
    }

    fn select(&self, name: &str, title: &str, choice: &[&str]) -> Markup {
        let chosen = self.value(name).unwrap_or_default();
        html! {
            label { span { (title) }
                select name=(name) {
                    option value="" { "any" }
                    @for value in choice { option value=(value) selected[chosen == *value] { (readable(value)) } }
                }
            }
        }
    }

    fn word(&self, name: &str, title: &str) -> Markup {
        html! {
            label { span { (title) } input type="text" name=(name) value=(self.text(name)) autocomplete="off" spellcheck="false"; }
        }
    }
}

/// A word of the API as prose.
pub(super) fn readable(word: &str) -> Cow<'_, str> {
    if word.contains('_') { word.replace('_', " ").into() } else { word.into() }
}

/// Whether this name, with this value, is a filter at all.
fn check(name: &str, value: &str) -> Result<(), ApiError> {
    match name {
        "category" if !CATEGORIES.contains(&value) => {
            Err(invalid(name, format_args!("must be one of: {}", CATEGORIES.join(", "))))
        }
        "late" if value != "true" => Err(invalid(name, "must be `true`, or absent")),
        "enforced" if !ENFORCED.contains(&value) => Err(invalid(name, "must be `true` or `false`")),
        "action" | "category" | "severity" | "kind" | "analysis" | "request_id" | "late" | "enforced" => Ok(()),
        name if WORDS.iter().any(|(known, _)| *known == name) => Ok(()),
        name => Err(invalid(name, "is not a filter of events")),
    }
}

/// The address of the events that have this.
pub(super) fn link(period: Period, pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    format!("/events?{}", Filter { period: Some(period), pairs, after: String::new() }.query())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_means_what_it_says_and_is_written_back() {
        let query = "period=1h&action=block&user=a%26b%3Dc&category=pii";
        let filter = Filter::parse(Some(query)).unwrap();
        assert_eq!(filter.query(), query);
        let asked = filter.events().unwrap();
        assert_eq!((asked.user.as_str(), asked.category.as_str()), ("a&b=c", "pii"));
        assert!(!asked.since.is_empty() && asked.until.is_empty());
        let enforced = |query: &str| Filter::parse(Some(query)).unwrap().events().unwrap().enforced;
        assert_eq!(["enforced=true", "enforced=false", "user=a"].map(enforced), [Some(true), Some(false), None]);
        assert_eq!(Filter::parse(Some("user=&after=&period=")).unwrap(), Filter::default());
        assert!(Filter::parse(Some("enforced=1")).is_err());
        assert_eq!(Filter::parse(Some("category=log")).unwrap().events().unwrap().category, "log");
        for wrong in ["usr=a", "user=a&user=b", "category=x", "late=1", "period=x", "period=1h&period=1h"] {
            assert!(Filter::parse(Some(wrong)).is_err(), "{wrong}");
        }
        assert!(Filter::parse(Some("action=x")).unwrap().events().is_err());
    }

    #[test]
    fn what_came_before_or_goes_again_is_not_watched() {
        let watchable = |query: &str| Filter::parse(Some(query)).unwrap().is_watchable();
        for query in ["", "period=1h", "period=30d&user=ann&action=block"] {
            assert!(watchable(query), "{query}");
        }
        let range = "since=2026-05-01T10:00:00Z&until=2026-05-01T10:05:00Z&user=ann";
        for query in ["text=card", "period=1h&analysis=pending", "analysis=done", range] {
            assert!(!watchable(query), "{query}");
        }
    }

    #[test]
    fn a_form_says_what_was_asked_for_and_nothing_runs_in_it() {
        let filter = Filter::parse(Some("user=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&action=block")).unwrap();
        let form = filter.form().into_string();
        assert!(!form.contains("<script"), "{form}");
        assert!(form.contains(r#"<option value="block" selected>"#), "{form}");
    }
}
