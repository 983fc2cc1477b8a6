//! Where the time of a judgement went, as bars: of its stages, and within them of who read.

use maud::{Markup, html};
use portcullis_api::v1::StageDuration;

use super::{chart, filter::readable, format};

/// `total` is what judging took from its beginning to the decision.
pub(super) fn view(durations: &[StageDuration], total: u32) -> Markup {
    if durations.is_empty() {
        return html! { p.empty { "Not kept." } };
    }
    let stages = durations.iter().filter(|one| one.within.is_empty());
    let told: u64 = stages.clone().map(|stage| u64::from(stage.duration_us)).sum();
    // A microsecond that was cut off each stage is not worth a line.
    let rest = u64::from(total).saturating_sub(told);
    let most = told + rest;
    html! {
        ul.timing {
            @for stage in stages {
                (bar(&about(&stage.stage), stage.duration_us.into(), most, false))
                @for part in durations.iter().filter(|one| one.within == stage.stage) {
                    (bar(&within(&part.stage), part.duration_us.into(), most, true))
                }
            }
            @if rest > u64::from(total) / 100 + 3 { (bar("Other: waiting for a turn, masking", rest, most, false)) }
        }
    }
}

fn bar(name: &str, micros: u64, most: u64, is_part: bool) -> Markup {
    let shown = if micros == 0 { "< 1 µs".to_owned() } else { format::micros(micros) };
    html! {
        li.part[is_part] {
            span { (name) } span.number { (shown) }
            (chart::meter(micros, most))
        }
    }
}

fn about(stage: &str) -> String {
    match stage {
        "extract" => "Reading the payloads".to_owned(),
        "detect" => "Looking through the texts".to_owned(),
        "decide" => "Deciding".to_owned(),
        other => readable(other).into_owned(),
    }
}

fn within(part: &str) -> String {
    match part {
        "normalise" => "undoing what hides text".to_owned(),
        "prefilter" => "keywords of all rules".to_owned(),
        "classifier" => "classifier".to_owned(),
        "second_stage" => "second stage".to_owned(),
        "denied_topics" => "words of denied topics".to_owned(),
        detector => format!("rules for {}", readable(detector)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(stage: &str, within: &str, duration_us: u32) -> StageDuration {
        StageDuration { stage: stage.to_owned(), within: within.to_owned(), duration_us }
    }

    #[test]
    fn stages_stand_before_their_parts_and_what_is_left_is_told() {
        let durations = [
            took("extract", "", 0),
            took("detect", "", 60),
            took("classifier", "detect", 40),
            took("prompt_injection", "detect", 10),
            took("decide", "", 20),
        ];
        let list = view(&durations, 200).into_string();
        let place = |text: &str| list.find(text).unwrap_or_else(|| panic!("{text} in {list}"));
        let order = ["&lt; 1 µs", "Looking through", "rules for prompt injection", "Deciding", "Other", "120 µs"];
        assert!(order.map(place).is_sorted(), "{list}");
        assert_eq!(list.matches("class=\"part\"").count(), 2);
        assert_eq!(list.matches("<rect").count(), 6);
        assert!(!view(&durations, 81).into_string().contains("Other"));
        assert!(view(&[], 200).into_string().contains("Not kept"));
    }
}
