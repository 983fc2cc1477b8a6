//! What was found, and the receipt: what was looked at, by what, under which policies.

use maud::{Markup, html};
use portcullis_api::{
    json::word,
    v1::{Coverage, CoverageStatus, DetectorOutcome, Violation},
};

use super::{filter::readable, format};

/// `marked`: whether the texts stand on the same page, with marks to go to.
pub(super) fn findings(violations: &[Violation], marked: bool) -> Markup {
    html! {
        @if violations.is_empty() { p.empty { "No rule objected." } }
        @else {
            div.scroll tabindex="0" role="region" aria-label="Findings" {
                table.findings {
                    thead { tr {
                        th.number scope="col" { "No." } th scope="col" { "Rule" } th scope="col" { "Category" } th scope="col" { "Severity" }
                        th scope="col" { "Asks for" } th.number scope="col" { "Score" } th scope="col" { "Found by" }
                        th scope="col" { "Where" }
                    } }
                    tbody {
                        @for (number, violation) in (1..).zip(violations) { (finding(number, violation, marked)) }
                    }
                }
            }
        }
    }
}

fn finding(number: usize, violation: &Violation, marked: bool) -> Markup {
    let action = word("Action", violation.action).unwrap_or_default();
    html! {
        tr id={"f-" (number)} {
            td.number { @if marked && violation.location.is_some() { a href={"#m-" (number)} { (number) } } @else { (number) } }
            td { strong { (violation.rule) } div.quiet { (violation.policy) } }
            td { (readable(&violation.category)) }
            td { (word("Severity", violation.severity).unwrap_or_default()) }
            td { span class={"badge " (action)} { (action) } }
            td.number data-label="Score" { (format!("{:.2}", violation.score))
                @if (violation.score - violation.base_score).abs() > 0.005 { div.quiet title="Before checksum, context or a second look" { "from " (format!("{:.2}", violation.base_score)) } } }
            td data-label="Found by" { code { (violation.detector_rule) }
                @if !violation.entity.is_empty() { div.quiet { (violation.entity) } }
                @if !violation.explanation.is_empty() { div.quiet { (violation.explanation) } }
                @if !violation.decoded_from.is_empty() { div.quiet { "hidden by " (violation.decoded_from.join(", then ")) } } }
            td data-label="Where" {
                @match &violation.location {
                    None => span.quiet { "the exchange as a whole" },
                    Some(at) => {
                        (word("Direction", at.direction).unwrap_or_default())
                        @if !at.pointer.is_empty() { " " code { (at.pointer) @if !at.inner_pointer.is_empty() { " → " (at.inner_pointer) } } }
                        div.quiet { "bytes " (at.start) " to " (at.end) }
                    }
                }
            }
        }
    }
}

pub(super) fn coverage(coverage: Option<&Coverage>) -> Markup {
    let Some(coverage) = coverage else { return html! { p.empty { "There is no receipt." } } };
    let status = coverage.status();
    let (class, word) = match status {
        CoverageStatus::Complete => ("good", "all that the policies ask for was checked"),
        CoverageStatus::Partial => ("partial", "only partly checked"),
        CoverageStatus::Pending => ("pending", "not checked yet"),
        CoverageStatus::NotChecked | CoverageStatus::Unspecified => ("bad", "not checked"),
    };
    html! {
        p { span class={"badge " (class)} { (word) } @if !coverage.reason.is_empty() { " " (coverage.reason) } }
        dl.facts {
            dt { "Texts" } dd { (coverage.segments_scanned) " of " (coverage.segments_total)
                @if coverage.segments_unchanged > 0 { ", " (coverage.segments_unchanged) " unchanged since they were checked before" } }
            dt { "Bytes" } dd { (format::count(coverage.bytes_scanned)) " of " (format::count(coverage.bytes_total)) }
            dt { "Decoders" } dd { @if coverage.decoders.is_empty() { "none applied" } @else { (coverage.decoders.join(", ")) } }
            dt { "Policies" } dd {
                @if coverage.policies.is_empty() { "none applied" }
                @for policy in &coverage.policies { div { a href={"/policies/" (encoded(&policy.name))} { (policy.name) } " " code.quiet title=(policy.digest) { (format::short(&policy.digest, 12)) } } }
            }
        }
        ul.detectors {
            @for run in &coverage.detectors {
                @let (class, word) = match run.outcome() {
                    DetectorOutcome::Ran => ("good", "ran"),
                    // It reads what the classifier is unsure of, and was not unsure here.
                    DetectorOutcome::Skipped if run.name == "second_stage" => ("", "not needed"),
                    DetectorOutcome::Skipped => ("", "not asked for"),
                    DetectorOutcome::Failed => ("bad", "failed"),
                    DetectorOutcome::TimedOut => ("bad", "ran out of time"),
                    DetectorOutcome::Unspecified => ("bad", "unknown"),
                };
                li { (readable(&run.name)) " " span class={"badge " (class)} title=(run.reason) { (word) } }
            }
        }
    }
}

/// A name as a part of a path.
pub(super) fn encoded(name: &str) -> String {
    form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20")
}
