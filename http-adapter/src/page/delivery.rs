//! The way out of the log: how far each sink is, and what is wrong with the log itself.

use maud::{Markup, html};
use portcullis_api::v1::{LogState, LogStatus, SinkState, SinkStatus};

use super::{filter::readable, format};

/// A line a sink.
pub(super) fn sinks(sinks: &[SinkStatus]) -> Markup {
    html! {
        section.top {
            h2 { "Delivery" }
            @if sinks.is_empty() { p.empty { "No sink is set: records stay in the log." } }
            @else {
                table {
                    thead { tr {
                        th scope="col" { "Sink" } th scope="col" { "State" }
                        th.number scope="col" title="Records of the log that it has still to look at or to take" { "Behind" }
                        th.number scope="col" title="Age of the oldest record that it has still to take" { "Oldest" }
                        th.number scope="col" title="Records that it refused for good" { "Dead" }
                    } }
                    tbody {
                        @for sink in sinks {
                            tr {
                                td.long title=(sink.about) { (sink.name) }
                                td { (state(sink)) }
                                td.number { (format::count(sink.lag)) }
                                td.number { @if sink.oldest_age_seconds > 0.0 { (format::seconds(sink.oldest_age_seconds)) } }
                                td.number { @if sink.dead > 0 { b { (format::count(sink.dead)) } } @else { "0" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn state(sink: &SinkStatus) -> Markup {
    let (class, word) = match sink.state() {
        SinkState::Running => ("good", "running"),
        SinkState::Starting => ("plain", "starting"),
        SinkState::Failing => ("bad", "failing"),
        SinkState::Stopped => ("plain", "stopped"),
        SinkState::Unused | SinkState::Unspecified => ("plain", "not used"),
    };
    let why = (sink.state() == SinkState::Failing).then(|| readable(&sink.last_failure));
    html! { span class={"badge " (class)} title=[why] { (word) } }
}

/// What somebody has to do something about.
pub(super) fn troubles(log: Option<&LogStatus>) -> Markup {
    let Some(log) = log else { return html! {} };
    html! {
        @if log.state() != LogState::Writing {
            div.notice.bad role="alert" { strong { "The log cannot be written" } @if !log.fault.is_empty() { ": " (log.fault) } "." }
        }
        @if log.lost + log.shed > 0 {
            div.notice.bad role="alert" {
                strong { (format::count(log.lost + log.shed)) " records are missing. " }
                "They were answered and could not be written since the start; "
                a href="/events?kind=log&period=30d" { "where they are missing" } "."
            }
        }
        @for file in &log.damaged_files {
            div.notice.warn { strong { "A damaged log file was moved aside: " } code { (file) } ". It goes on in a new one." }
        }
    }
}
