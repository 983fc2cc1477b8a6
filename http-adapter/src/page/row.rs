//! An event in one line.

use maud::{Markup, html};
use portcullis_api::{
    json::word,
    v1::{Action, Analysis, Coverage, CoverageStatus, Direction, Event, EventKind},
};

use super::{filter::readable, format};

pub(super) fn head() -> Markup {
    html! {
        tr {
            th scope="col" { "Time" }
            th scope="col" { "Action" }
            th scope="col" { "Objected to by" }
            th scope="col" { "What" }
            th scope="col" { "User" }
            th scope="col" { "Model" }
            th scope="col" { "Source" }
            th.number scope="col" { "Took" }
        }
    }
}

pub(super) fn row(event: &Event) -> Markup {
    html! {
        tr id={"e-" (event.id)} data-action=[word("Action", event.action)] {
            td data-label="Time" { a.when href={"/events/" (event.id)} { (format::time(&event.time)) } }
            td data-label="Action" { (action(event)) (coverage(event)) }
            td data-label="Objected to by" { (rules(event)) }
            td data-label="What" { (what(event)) }
            td.long data-label="User" title=(event.user) { (event.user) @if !event.team.is_empty() { " " span.quiet { (event.team) } } }
            td.long data-label="Model" title=(event.model) { (event.model) }
            td data-label="Source" { (event.source) }
            td.number data-label="Took" { @if event.duration_us > 0 { (format::micros(event.duration_us.into())) } }
        }
    }
}

/// What was decided, and whether it stood in the way.
pub(super) fn action(event: &Event) -> Markup {
    if event.analysis() == Analysis::Pending {
        return html! { span.badge.pending { "not judged yet" } };
    }
    let (class, word) = match event.action() {
        Action::Block if event.enforced => ("block", "blocked"),
        // Judged behind: it had passed.
        Action::Block => ("block open", "would block"),
        Action::Mask if event.enforced => ("mask", "masked"),
        Action::Mask => ("mask open", "would mask"),
        Action::Alert => ("alert", "alert"),
        Action::Allow => ("allow", "allowed"),
        Action::Unspecified => ("pending", "undecided"),
    };
    html! { span class={"badge " (class)} { (word) } }
}

/// Said wherever it is not complete: what was not checked must not look clean.
fn coverage(event: &Event) -> Markup {
    let status = event.coverage.as_ref().map(Coverage::status).unwrap_or_default();
    let word = match status {
        CoverageStatus::Complete | CoverageStatus::Pending => return html! {},
        CoverageStatus::Partial => "partly checked",
        CoverageStatus::NotChecked | CoverageStatus::Unspecified => "not checked",
    };
    let why = event.coverage.as_ref().map(|coverage| coverage.reason.as_str()).unwrap_or_default();
    html! { " " span.badge.partial title=(why) { (word) } }
}

/// The first rules, strictest first, each once.
fn rules(event: &Event) -> Markup {
    let mut rules: Vec<(&str, &str)> = Vec::new();
    for violation in &event.violations {
        let rule = (violation.rule.as_str(), violation.category.as_str());
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    html! {
        @for (rule, category) in rules.iter().take(3) {
            span.rule title=(readable(category)) { (rule) } " "
        }
        @if rules.len() > 3 { span.quiet { "and " (rules.len() - 3) " more" } }
    }
}

fn what(event: &Event) -> Markup {
    let kind = match event.kind() {
        EventKind::Decision if event.direction() == Direction::Response => "response",
        EventKind::Decision => "request",
        EventKind::Exchange if event.late => "late answer",
        EventKind::Exchange => "exchange",
        EventKind::Canary => "canary run",
        EventKind::Log => "the log",
        EventKind::Unspecified => "unknown",
    };
    html! { (kind) @if event.status >= 400 { " " span.quiet { (event.status) } } }
}
