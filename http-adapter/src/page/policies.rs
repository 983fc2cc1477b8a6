//! The policies: what is in force since when, what is wrong with a file, and what each rule found.

use std::sync::Arc;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use maud::{Markup, html};
use portcullis_api::{
    error::{ApiError, ErrorCode},
    json::word,
    v1::{GetPolicyRequest, LintPolicyRequest, ListPoliciesRequest, PolicyStatus, RuleCount, SummarizeRequest},
};

use super::{
    answer::{self, Failed},
    filter::link,
    format,
    layout::{self, Tab},
    period::Period,
    playground, receipt,
};
use crate::Adapter;

/// What the findings of a rule are counted over.
const PERIOD: Period = Period::DAY;

/// `GET /policies`.
pub(super) async fn list(State(adapter): State<Arc<Adapter>>) -> Result<Response, Failed> {
    let policies = adapter.core.list_policies(ListPoliciesRequest {}).await?.policies;
    let markup = layout::page(
        "Policies",
        Tab::Policies,
        &html! {
            div.heading { h1 { "Policies" } span.quiet { "Files in the policies folder; a change is in force within a moment." } }
            div.scroll tabindex="0" role="region" aria-label="Policies" {
                table.events.wide {
                    thead { tr { th scope="col" { "Policy" } th scope="col" { "State" } th scope="col" { "File" } th.number scope="col" { "Rules" }
                        th scope="col" { "In force since" } th scope="col" { "Digest" } th scope="col" { "About" } } }
                    tbody {
                        @for policy in &policies {
                            tr {
                                td data-label="Policy" { (named(policy)) }
                                td data-label="State" { (state(policy)) }
                                td data-label="File" { @if policy.file.is_empty() { span.quiet { "built in" } } @else { code { (policy.file) } } }
                                td.number data-label="Rules" { (policy.rules) }
                                td data-label="In force since" { (format::time(&policy.loaded_at)) }
                                td data-label="Digest" { code.quiet title=(policy.digest) { (format::short(&policy.digest, 12)) } }
                                td data-label="About" { (policy.description) }
                            }
                        }
                    }
                }
            }
            @for policy in policies.iter().filter(|policy| !policy.problems.is_empty()) {
                div.notice.bad { strong { code { (policy.file) } } (playground::problems(&policy.problems)) }
            }
        },
    );
    Ok(answer::html(StatusCode::OK, markup))
}

fn named(policy: &PolicyStatus) -> Markup {
    html! {
        // Without a digest nothing of it is in force, and there is nothing to read.
        @if policy.digest.is_empty() { (if policy.name.is_empty() { "unknown" } else { &policy.name }) }
        @else { a href={"/policies/" (receipt::encoded(&policy.name))} { (policy.name) } }
    }
}

/// A badge for the state of its file.
pub(super) fn state(policy: &PolicyStatus) -> Markup {
    let state = word("PolicyState", policy.state).unwrap_or_else(|| "unknown".to_owned());
    let title = match state.as_str() {
        "active" => "in force",
        "stale" => "last good version in force",
        _ => "nothing in force",
    };
    html! { span class={"badge state-" (state)} { (title) } }
}

/// `GET /policies/{name}`.
pub(super) async fn show(
    State(adapter): State<Arc<Adapter>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Failed> {
    let unknown = || ApiError::new(ErrorCode::NotFound, "No policy of this name is in force.");
    let Path(name) = name.map_err(|_| unknown())?;
    let found = adapter.core.get_policy(GetPolicyRequest { name }).await?;
    let status = found.status.ok_or_else(unknown)?;
    let asked = SummarizeRequest { period_seconds: PERIOD.seconds(), until: String::new() };
    let (linted, summary) = tokio::try_join!(
        adapter.core.lint_policy(LintPolicyRequest { source: found.source.clone() }),
        adapter.core.summarize(asked)
    )?;
    let markup = layout::page(
        &status.name,
        Tab::Policies,
        &html! {
            div.heading { h1 { "Policy " (status.name) } div { (state(&status)) } }
            @if !status.description.is_empty() { p { (status.description) } }
            dl.facts.wide {
                div { dt { "File" } dd { @if status.file.is_empty() { "built in" } @else { code { (status.file) } } } }
                div { dt { "In force since" } dd { (format::time(&status.loaded_at)) } }
                div { dt { "Rules" } dd { (status.rules) } }
                div { dt { "SHA-256" } dd { code { (status.digest) } } }
            }
            @if !status.problems.is_empty() {
                div.notice.bad { strong { "The file as it is now is broken:" } (playground::problems(&status.problems)) }
            }
            div.columns {
                section.card {
                    h2 { "Source in force" }
                    pre.raw tabindex="0" { (found.source) }
                    p { a href={"/playground?policy=" (receipt::encoded(&status.name))} { "Try it in the playground" } }
                }
                div {
                    section.card {
                        h2 { "Lint" }
                        @if linted.valid { p { span.badge.good { "no problems" } } } @else { (playground::problems(&linted.problems)) }
                    }
                    (findings(&status.name, &summary.rules))
                }
            }
        },
    );
    Ok(answer::html(StatusCode::OK, markup))
}

fn findings(policy: &str, rules: &[RuleCount]) -> Markup {
    let own: Vec<_> = rules.iter().filter(|rule| rule.policy == policy).collect();
    html! {
        section.card {
            h2 { "Objections of its rules, last 24 hours" }
            @if own.is_empty() { p.empty { "None." } }
            @else {
                table { tbody { @for rule in own {
                    tr { td { a href=(link(PERIOD, &[("rule", &rule.rule)])) { (rule.rule) } } td.number { (format::count(rule.count)) } }
                } } }
            }
        }
    }
}
