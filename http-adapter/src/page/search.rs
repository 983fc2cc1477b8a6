//! What a search by text could not look at: a list that lacks it must not look whole.

use maud::{Markup, html};
use portcullis_api::v1::{SearchGap, SearchState, SearchStatus};

use super::format;

/// Below a list of what was searched.
pub(super) fn looked_at(search: Option<&SearchStatus>) -> Markup {
    let Some(search) = search else { return html! {} };
    html! {
        p.quiet role="status" {
            @if search.indexed_time.is_empty() { "Nothing is indexed yet. " }
            @else { "Indexed up to " time datetime=(search.indexed_time) { (search.indexed_time) } ". " }
            @if search.waiting > 0 { (format::count(search.waiting)) " newer events are not searched yet. " }
            @if search.state() == SearchState::Failing { strong { "The index cannot be filled: " (search.reason) ". " } }
            @for gap in &search.gaps { (format::count(gap.events)) " " (why(gap)) ". " }
        }
    }
}

fn why(gap: &SearchGap) -> &'static str {
    match gap.reason.as_str() {
        "not_kept" => "events cannot be found by text: their payloads were not kept",
        "erased" => "events cannot be found by text: their payloads were erased",
        "locked" => "events cannot be found by text: the key of their payloads is not given",
        "damaged" => "events cannot be found by text: their payloads are damaged",
        "unmasked" => "events cannot be found by text: what is private in them could not be masked",
        "cut" => "events are longer than 64 KiB: only their beginning is searched",
        _ => "events cannot be found by text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_searched_is_told() {
        assert_eq!(looked_at(None).into_string(), "");
        let gap = |reason: &str, events| SearchGap { reason: reason.to_owned(), events };
        let mut search = SearchStatus {
            state: SearchState::Failing.into(),
            reason: "<the disk is full>".to_owned(),
            indexed_time: "2026-05-01T10:00:00Z".to_owned(),
            waiting: 1234,
            gaps: vec![gap("erased", 7), gap("cut", 2)],
            ..SearchStatus::default()
        };
        let told = looked_at(Some(&search)).into_string();
        for part in
            ["2026-05-01T10:00:00Z", "1,234 newer", "&lt;the disk is full", "7 events", "erased", "2 events are longer"]
        {
            assert!(told.contains(part), "{part} in {told}");
        }
        search.indexed_time.clear();
        assert!(looked_at(Some(&search)).into_string().contains("Nothing is indexed yet"));
    }
}
