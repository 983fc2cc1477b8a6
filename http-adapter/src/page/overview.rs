//! One look: what passed, what was stopped, what was not checked, and whether everything runs.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use maud::{Markup, html};
use portcullis_api::{
    error::{ApiError, invalid},
    v1::{
        Bucket, Latency, ListPoliciesRequest, ListPoliciesResponse, PolicyState, RuleCount, SearchState,
        SummarizeRequest, SummarizeResponse, TopCount,
    },
};

use super::{
    answer::{self, Failed},
    chart, delivery,
    filter::{link, readable},
    format,
    layout::{self, Tab},
    period::{NAMED, Period},
    policies, receipt,
};
use crate::{
    Adapter,
    query::{once, pairs},
};

/// `GET /`.
pub(super) async fn show(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failed> {
    let period = read(request.uri().query())?;
    let asked = SummarizeRequest { period_seconds: period.seconds(), until: period.until() };
    let (summary, policies) =
        tokio::try_join!(adapter.core.summarize(asked), adapter.core.list_policies(ListPoliciesRequest {}))?;
    let markup = layout::page("Overview", Tab::Overview, &view(period, &summary, &policies));
    Ok(answer::html(StatusCode::OK, markup))
}

fn read(query: Option<&str>) -> Result<Period, ApiError> {
    let [mut period, mut since, mut until] = [const { None }; 3];
    for (name, value) in pairs(query).filter(|(_, value)| !value.is_empty()) {
        let value = value.into_owned();
        match &*name {
            "period" => once(&mut period, value, "period")?,
            "since" => once(&mut since, value, "since")?,
            "until" => once(&mut until, value, "until")?,
            name => return Err(invalid(name, "is not known here")),
        }
    }
    let [period, since, until] = [period, since, until].map(Option::unwrap_or_default);
    Ok(Period::parse(&period, &since, &until)?.unwrap_or(Period::HOUR))
}

fn view(period: Period, summary: &SummarizeResponse, policies: &ListPoliciesResponse) -> Markup {
    let live = matches!(period, Period::Last(_));
    html! {
        div #overview data-live=[live.then_some("/events/live")] {
            (delivery::troubles(summary.log.as_ref()))
            (troubles(summary, policies))
            div.heading {
                h1 { "Overview" }
                (periods(period))
            }
            (tiles(period, summary))
            (chart::bars("Checks", chart::TRAFFIC, &summary.buckets, summary.bucket_seconds))
            (chart::bars("Objections", chart::OBJECTIONS, &summary.buckets, summary.bucket_seconds))
            div.tops {
                (rules(period, &summary.rules))
                (tops("Categories", "Category", &summary.categories, |name| link(period, &[("category", name)])))
                (tops("Users", "User", &summary.users, |name| link(period, &[("user", name)])))
                (tops("Teams", "Team", &summary.teams, |name| link(period, &[("team", name)])))
                (tops("Models", "Model", &summary.models, |name| link(period, &[("model", name)])))
                (tops("Sources", "Source", &summary.sources, |name| link(period, &[("source", name)])))
                (latency(summary.latency.unwrap_or_default()))
                (in_force(policies))
                (delivery::sinks(&summary.sinks))
            }
        }
    }
}

fn periods(period: Period) -> Markup {
    html! {
        nav.periods aria-label="Period" {
            @for (at, (name, title, _)) in NAMED.iter().enumerate() {
                a href={"/?period=" (name)} title=(title) aria-current=[(period == Period::Last(at)).then_some("true")] { (name) }
            }
            @if let Period::Range { since, until } = period {
                span.range { (format!("{since:.0} to {until:.0}")) }
            }
        }
    }
}

/// What somebody has to do something about.
fn troubles(summary: &SummarizeResponse, policies: &ListPoliciesResponse) -> Markup {
    let broken: Vec<_> = policies.policies.iter().filter(|policy| policy.state() != PolicyState::Active).collect();
    html! {
        @for policy in broken {
            div.notice.bad role="alert" {
                strong { "Policy file " code { (policy.file) } " is broken. " }
                @if policy.state() == PolicyState::Stale { "Its last good version is in force." }
                @else { "Nothing of it is in force." }
                @for problem in policy.problems.iter().take(3) {
                    div { (problem.field) " " (problem.message) @if problem.line > 0 { " (line " (problem.line) ")" } }
                }
            }
        }
        @if !summary.not_run.is_empty() {
            div.notice.warn {
                strong { "Detectors that did not run: " }
                @for (at, top) in summary.not_run.iter().enumerate() {
                    @if at > 0 { ", " }
                    (readable(&top.name)) " " (format::count(top.count)) "×"
                }
                ". What they would have found is not known."
            }
        }
    }
}

fn tiles(period: Period, summary: &SummarizeResponse) -> Markup {
    let sum = |of: fn(&Bucket) -> u64| summary.buckets.iter().map(of).sum::<u64>();
    let (allowed, alerts) = (sum(|bucket| bucket.allowed), sum(|bucket| bucket.alerts));
    let (masks, blocks) = (sum(|bucket| bucket.masks), sum(|bucket| bucket.blocks));
    // That stood in nobody's way: together with the others they would say that calls were stopped which went on.
    let would_block = sum(|bucket| bucket.would_block);
    let judged = allowed + alerts + masks + blocks + would_block;
    let covered = |name: &str| summary.coverage.iter().find(|top| top.name == name).map_or(0, |top| top.count);
    let unchecked = covered("partial") + covered("not_checked");
    let tile = |title: &str, value: String, note: &str, class: &str, to: Option<String>| {
        html! {
            div class={"tile " (class)} {
                dt { @if let Some(to) = to { a href=(to) { (title) } } @else { (title) } }
                dd { b { (value) } " " span.quiet { (note) } }
            }
        }
    };
    let by = |action: &str| Some(link(period, &[("action", action)]));
    let blocked = |enforced: &str| Some(link(period, &[("action", "block"), ("enforced", enforced)]));
    html! {
        dl.tiles {
            (tile("Checks", format::count(judged), "", "", Some(link(period, &[]))))
            (tile("Blocked", format::count(blocks), &format::share(blocks, judged), if blocks > 0 { "block" } else { "" }, blocked("true")))
            (tile("Would block", format::count(would_block), &format::share(would_block, judged),
                if would_block > 0 { "would" } else { "" }, blocked("false")))
            (tile("To be masked", format::count(masks), &format::share(masks, judged), if masks > 0 { "mask" } else { "" }, by("mask")))
            (tile("Alerts", format::count(alerts), &format::share(alerts, judged), if alerts > 0 { "alert" } else { "" }, by("alert")))
            (tile("Not fully checked", format::count(unchecked), &format::share(unchecked, judged),
                if unchecked > 0 { "partial" } else { "" }, None))
            (tile("Waiting to be judged", format::count(summary.pending), "of any age", "", Some("/events?analysis=pending&period=30d".to_owned())))
            (tile("Log on disk", format::bytes(summary.log_bytes), "", "", None))
            @if let Some(index) = summary.search.as_ref().filter(|index| index.state() != SearchState::Off) {
                (tile("Text search", format::count(index.waiting), "not indexed yet",
                    if index.state() == SearchState::Failing { "partial" } else { "" }, None))
            }
        }
    }
}

fn tops(title: &str, one: &str, tops: &[TopCount], to: impl Fn(&str) -> String) -> Markup {
    let most = tops.iter().map(|top| top.count).max().unwrap_or_default();
    html! {
        section.top {
            h2 { (title) }
            @if tops.is_empty() { p.empty { "None in this period." } }
            @else {
                table {
                    thead { tr { th scope="col" { (one) } th.number scope="col" { "Events" } th.number scope="col" { "Objected" } th.number scope="col" { "Blocked" } } }
                    tbody {
                        @for top in tops {
                            tr {
                                td.long {
                                    @if top.name.is_empty() { span.quiet { "not named" } }
                                    @else if top.name == "…" { span.quiet title="Beyond the names that are counted" { "all others" } }
                                    @else { a href=(to(&top.name)) title=(top.name) { (readable_name(title, &top.name)) } }
                                    (chart::meter(top.count, most))
                                }
                                td.number { (format::count(top.count)) }
                                td.number { (some(top.flagged)) }
                                td.number { (some(top.blocked)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Categories are words of ours; what callers say stands as they say it.
fn readable_name(title: &str, name: &str) -> String {
    if title == "Categories" { readable(name).into_owned() } else { name.to_owned() }
}

fn some(count: u64) -> String {
    if count == 0 { String::new() } else { format::count(count) }
}

fn rules(period: Period, rules: &[RuleCount]) -> Markup {
    let most = rules.iter().map(|rule| rule.count).max().unwrap_or_default();
    html! {
        section.top {
            h2 { "Rules" }
            @if rules.is_empty() { p.empty { "Nothing was objected to in this period." } }
            @else {
                table {
                    thead { tr { th scope="col" { "Rule" } th scope="col" { "Policy" } th.number scope="col" { "Events" } } }
                    tbody {
                        @for rule in rules.iter().take(10) {
                            tr {
                                td.long { a href=(link(period, &[("rule", &rule.rule)])) title=(readable(&rule.category)) { (rule.rule) } (chart::meter(rule.count, most)) }
                                td.quiet { (rule.policy) }
                                td.number { (format::count(rule.count)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn latency(latency: Latency) -> Markup {
    let Latency { count, p50_us, p95_us, p99_us } = latency;
    html! {
        section.top {
            h2 { "Time of a check" }
            @if count == 0 { p.empty { "None in this period." } }
            @else {
                table {
                    tbody {
                        @for (name, micros) in [("p50", p50_us), ("p95", p95_us), ("p99", p99_us)] {
                            tr { th scope="row" { (name) } td.number { (format::micros(micros)) } }
                        }
                    }
                }
                p.quiet { "Of extraction, detection and decision, over " (format::count(count)) " checks; at most an eighth too long. What is judged in the background is not among them." }
            }
        }
    }
}

fn in_force(found: &ListPoliciesResponse) -> Markup {
    html! {
        section.top {
            h2 { "Policies" }
            table {
                thead { tr { th scope="col" { "Policy" } th scope="col" { "State" } th.number scope="col" { "Rules" } th scope="col" { "Since" } } }
                tbody {
                    @for policy in &found.policies {
                        tr {
                            td.long {
                                @if policy.digest.is_empty() { (if policy.name.is_empty() { &policy.file } else { &policy.name }) }
                                @else { a href={"/policies/" (receipt::encoded(&policy.name))} { (policy.name) } }
                            }
                            td { (policies::state(policy)) }
                            td.number { (policy.rules) }
                            td { (format::time(&policy.loaded_at)) }
                        }
                    }
                }
            }
        }
    }
}
