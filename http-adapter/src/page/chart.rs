//! Bars over time, as SVG: stacked, one for each bucket, with what it holds as its title, and the same as a table for
//! whoever reads no charts.

use maud::{Markup, html};
use portcullis_api::v1::Bucket;

use super::format;

/// Of the drawing, which is stretched to the page's width.
const WIDTH: u64 = 1000;
const HEIGHT: u64 = 100;

/// One colour of the stack.
pub(super) struct Series {
    pub(super) name: &'static str,
    /// Class of the style sheet.
    pub(super) class: &'static str,
    pub(super) of: fn(&Bucket) -> u64,
}

pub(super) const TRAFFIC: &[Series] = &[
    Series {
        name: "objected to",
        class: "flagged",
        of: |bucket| bucket.alerts + bucket.masks + bucket.blocks + bucket.would_block,
    },
    Series { name: "allowed", class: "allow", of: |bucket| bucket.allowed },
    Series { name: "not judged yet", class: "pending", of: |bucket| bucket.pending },
];

pub(super) const OBJECTIONS: &[Series] = &[
    Series { name: "blocked", class: "block", of: |bucket| bucket.blocks },
    Series { name: "would block", class: "would", of: |bucket| bucket.would_block },
    Series { name: "to be masked", class: "mask", of: |bucket| bucket.masks },
    Series { name: "alerts", class: "alert", of: |bucket| bucket.alerts },
];

/// A bar beside a number, which says the same in words.
pub(super) fn meter(count: u64, most: u64) -> Markup {
    let width = count.saturating_mul(100).checked_div(most).map_or(0, |width| width.max(1));
    html! { svg.meter viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true" { rect width=(width) height="2" {} } }
}

/// `bucket_seconds` is the width of one bar. The figure says where it begins and ends, so that a script can zoom.
pub(super) fn bars(title: &str, series: &[Series], buckets: &[Bucket], bucket_seconds: u32) -> Markup {
    let total = |bucket: &Bucket| series.iter().map(|series| (series.of)(bucket)).sum::<u64>();
    let top = buckets.iter().map(total).max().unwrap_or_default();
    let ceiling = nice(top);
    let all = buckets.iter().map(total).sum::<u64>();
    let since = buckets.first().map(|bucket| bucket.time.as_str()).unwrap_or_default();
    let step = WIDTH / (buckets.len() as u64).max(1);
    html! {
        figure.chart data-since=(since) data-step=(bucket_seconds) data-bars=(buckets.len()) {
            figcaption {
                span.title { (title) }
                span.legend {
                    @for series in series {
                        span class={"key " (series.class)} {
                            (series.name) " "
                            b { (format::count(buckets.iter().map(series.of).sum())) }
                        }
                    }
                }
            }
            div.plot {
                svg viewBox=(format!("0 0 {} {HEIGHT}", step * buckets.len() as u64)) preserveAspectRatio="none" role="img"
                    aria-label=(format!("{title}: {} in all, at most {} in one bar", format::count(all), format::count(top))) {
                    line.grid x1="0" x2=(step * buckets.len() as u64) y1="0.5" y2="0.5" {}
                    line.grid x1="0" x2=(step * buckets.len() as u64) y1=(HEIGHT / 2) y2=(HEIGHT / 2) {}
                    @for (at, bucket) in (0..).zip(buckets) {
                        (bar(series, bucket, at * step, step, ceiling))
                    }
                }
                span.high { (format::count(ceiling)) }
                span.middle { (half(ceiling)) }
                div.brush hidden {}
            }
            div.axis aria-hidden="true" {
                @for bucket in ticks(buckets) { span { (label(&bucket.time, bucket_seconds)) } }
            }
            details {
                summary { "As a table" }
                div.scroll tabindex="0" {
                    table {
                        thead { tr { th { "from" } @for series in series { th.number { (series.name) } } } }
                        tbody {
                            @for bucket in buckets.iter().filter(|bucket| total(bucket) > 0) {
                                tr {
                                    td { (format::time(&bucket.time)) }
                                    @for series in series { td.number { (format::count((series.of)(bucket))) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn bar(series: &[Series], bucket: &Bucket, left: u64, step: u64, ceiling: u64) -> Markup {
    let mut floor = HEIGHT * 100;
    let parts: Vec<_> = series
        .iter()
        .map(|series| (series, (series.of)(bucket)))
        .filter(|(_, count)| *count > 0)
        .map(|(series, count)| {
            // Hundredths, and never nothing for something.
            let height = (count.saturating_mul(HEIGHT * 100) / ceiling).max(150).min(floor);
            floor -= height;
            (series, count, floor, height)
        })
        .collect();
    html! {
        @if !parts.is_empty() {
            g.bar {
                title {
                    (clock(&bucket.time))
                    @for (series, count, ..) in &parts { ", " (format::count(*count)) " " (series.name) }
                }
                rect.hit x=(left) y="0" width=(step) height=(HEIGHT) {}
                @for (series, _, top, height) in &parts {
                    rect class=(series.class) x=(left) width=(step.saturating_sub((step / 5).max(1)).max(1))
                        y=(hundredths(*top)) height=(hundredths(*height)) {}
                }
            }
        }
    }
}

fn hundredths(value: u64) -> String {
    format!("{}.{:02}", value / 100, value % 100)
}

/// The next number above that reads well on an axis.
fn nice(top: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for step in [1, 2, 4, 5, 10] {
            let ceiling = unit.saturating_mul(step);
            if ceiling >= top.max(1) {
                return ceiling;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

fn half(ceiling: u64) -> String {
    if ceiling.is_multiple_of(2) { format::count(ceiling / 2) } else { String::new() }
}

/// Five buckets to label, the first and the last among them.
fn ticks(buckets: &[Bucket]) -> impl Iterator<Item = &Bucket> {
    let last = buckets.len().saturating_sub(1);
    let places = [0, last / 4, last / 2, last * 3 / 4, last];
    let mut before = None;
    places
        .into_iter()
        .filter(move |place| before.replace(*place) != Some(*place))
        .filter_map(|place| buckets.get(place))
}

fn label(time: &str, bucket_seconds: u32) -> String {
    // Days where a bar is an hour or more.
    if bucket_seconds >= 3600 {
        let (date, clock) = (time.get(5..10).unwrap_or_default(), time.get(11..16).unwrap_or_default());
        return format!("{date} {clock}");
    }
    clock(time).to_owned()
}

fn clock(time: &str) -> &str {
    time.get(11..16).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number_above() {
        assert_eq!([0, 1, 3, 7, 10, 11, 41, 99, 4001].map(nice), [1, 1, 4, 10, 10, 20, 50, 100, 5000]);
        assert_eq!(nice(u64::MAX), u64::MAX);
    }

    #[test]
    fn what_is_there_is_seen_however_little_it_is() {
        let bucket =
            Bucket { time: "2026-05-01T10:00:00Z".to_owned(), allowed: 1_000_000, blocks: 1, ..Bucket::default() };
        let chart =
            bars("Checks", TRAFFIC, &[bucket.clone(), Bucket { allowed: 0, blocks: 0, ..bucket }], 60).into_string();
        assert_eq!(chart.matches("class=\"flagged\"").count(), 1, "{chart}");
        assert!(chart.contains("10:00, 1 objected to, 1,000,000 allowed"), "{chart}");
        assert_eq!(chart.matches("class=\"bar\"").count(), 1, "an empty bar is none");
        assert!(bars("None", OBJECTIONS, &[], 60).into_string().contains("0 in all"));
    }

    #[test]
    fn what_passed_is_not_shown_as_blocked() {
        let buckets = [Bucket { blocks: 1, would_block: 2, ..Bucket::default() }];
        let chart = bars("Objections", OBJECTIONS, &buckets, 60).into_string();
        assert!(chart.contains("1 blocked, 2 would block</title>"), "{chart}");
        let chart = bars("Checks", TRAFFIC, &buckets, 60).into_string();
        assert!(chart.contains("3 objected to</title>"), "{chart}");
    }
}
