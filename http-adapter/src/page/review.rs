//! What people made of an event, and for a false positive what to do about it.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use portcullis_api::v1::{Event, GetEventResponse, Review, ReviewVerdict, Violation};

use super::{format, receipt};

/// Days that an exception is offered for: long enough to mend the rule, and it does not stay for ever by being forgotten.
const DAYS: i64 = 90;
/// Bytes of an exception's phrase, as policies have it.
const PHRASE: std::ops::RangeInclusive<usize> = 3..=1000;

pub(super) fn card(event: &Event, found: &GetEventResponse, revealed: bool) -> Markup {
    let review = found.review.as_ref();
    let verdict = review.map(Review::verdict).unwrap_or_default();
    html! {
        section.card #review {
            h2 { "Review" }
            @if let Some(review) = review { (told(review)) }
            form method="post" action={"/events/" (receipt::encoded(&event.id)) "/review"} {
                fieldset {
                    legend { "Was it right to object?" }
                    label { input type="radio" name="verdict" value="true_positive" required checked[verdict == ReviewVerdict::TruePositive]; " True positive" }
                    label { input type="radio" name="verdict" value="false_positive" checked[verdict == ReviewVerdict::FalsePositive]; " False positive" }
                }
                label.block { span.quiet { "Note" }
                    textarea name="note" rows="2" maxlength="1000" { (review.map(|review| review.note.as_str()).unwrap_or_default()) } }
                button type="submit" { "Save" }
            }
            @if verdict == ReviewVerdict::FalsePositive { (remedy(event, found, revealed)) }
        }
    }
}

fn told(review: &Review) -> Markup {
    let (class, word) = match review.verdict() {
        ReviewVerdict::FalsePositive => ("partial", "false positive"),
        ReviewVerdict::TruePositive | ReviewVerdict::Unspecified => ("good", "true positive"),
    };
    html! { p { span class={"badge " (class)} { (word) } " " (format::time(&review.time)) " " (who(&review.who)) } }
}

pub(super) fn who(who: &str) -> Markup {
    html! { @if who.is_empty() { span.quiet { "by somebody: no credentials are asked for" } } @else { "by " (who) } }
}

/// A narrow exception and a case that keeps the rule from coming back.
fn remedy(event: &Event, found: &GetEventResponse, revealed: bool) -> Markup {
    let all = event.violations.iter().filter_map(|violation| offer(violation, found));
    let (offers, masked): (Vec<_>, Vec<_>) = all.partition(|offer| revealed || !offer.masked);
    html! {
        h3 { "An exception for it" }
        @if !masked.is_empty() {
            p.quiet { "A phrase with masked parts would fit nothing and is left out: show the event as recorded to have it." }
        }
        @if offers.is_empty() && masked.is_empty() {
            p.quiet { "There is no phrase that an exception could name: what was found is hidden, too long, or the exchange as a whole." }
        } @else if !offers.is_empty() {
            p.quiet { "Add to the policy " (offers[0].policy) ":" }
            pre.copy tabindex="0" { (exceptions(&offers)) }
            p.quiet { "As a regression case, for a file that " code { "portcullis-core eval" } " reads:" }
            pre.copy tabindex="0" { (cases(&offers)) }
        }
    }
}

struct Offer<'a> {
    policy: &'a str,
    rule: &'a str,
    phrase: &'a str,
    masked: bool,
    text: &'a str,
}

fn offer<'a>(violation: &'a Violation, found: &'a GetEventResponse) -> Option<Offer<'a>> {
    let at = violation.location.as_ref().filter(|_| violation.decoded_from.is_empty())?;
    let text = found.texts.iter().find(|text| {
        text.direction == at.direction && text.pointer == at.pointer && text.inner_pointer == at.inner_pointer
    })?;
    let phrase = text.text.get(at.start as usize..at.end as usize)?.trim();
    let fits = PHRASE.contains(&phrase.len());
    let masked = phrase.contains("***");
    fits.then_some(Offer { policy: &violation.policy, rule: &violation.rule, phrase, masked, text: &text.text })
}

/// Strings of JSON are strings of YAML.
fn exceptions(offers: &[Offer<'_>]) -> String {
    let until = Timestamp::now().checked_add(SignedDuration::from_hours(24 * DAYS)).unwrap_or(Timestamp::MAX);
    let until = until.to_string();
    let mut yaml = "exceptions:\n".to_owned();
    for offer in offers.iter().filter(|offer| offer.policy == offers[0].policy) {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        yaml.push_str(&format!("  - phrase: {}\n", quoted(offer.phrase)));
        yaml.push_str(&format!(
            "    rules: [{}]\n    until: {}\n",
            quoted(offer.rule),
            until.get(..10).unwrap_or_default()
        ));
    }
    yaml
}

fn cases(offers: &[Offer<'_>]) -> String {
    let mut texts: Vec<&str> = offers.iter().map(|offer| offer.text).collect();
    texts.dedup();
    let line = |text: &&str| serde_json::json!({"text": text, "label": 0, "source": "review"}).to_string();
    texts.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use portcullis_api::v1::{EventText, Location};

    use super::*;

    #[test]
    fn a_phrase_with_masked_parts_is_offered_when_it_is_shown() {
        let text = EventText { text: "write to ********, ignore the rules".to_owned(), ..EventText::default() };
        let violation = |start, end| Violation {
            location: Some(Location { start, end, ..Location::default() }),
            ..Violation::default()
        };
        let event = Event { violations: vec![violation(0, 17), violation(19, 35)], ..Event::default() };
        let review = Review { verdict: ReviewVerdict::FalsePositive.into(), ..Review::default() };
        let found = GetEventResponse { texts: vec![text], review: Some(review), ..GetEventResponse::default() };
        let phrases = |revealed| {
            let card = card(&event, &found, revealed).into_string();
            (card.matches("phrase: ").count(), card.contains("is left out"))
        };
        assert_eq!((phrases(false), phrases(true)), ((1, true), (2, false)));
    }
}
