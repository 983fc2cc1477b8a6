//! Payloads as people are shown them: with personal data and secrets masked, whatever the policies in force say of them.
//!
//! Whoever looks at an event wants to know what happened, and seldom whose card it was. What is masked is found anew at
//! each look: the record stays as it was recorded.

use std::{
    cmp::Ordering,
    sync::{Arc, LazyLock},
};

use super::{
    judge::{self, JudgeError, Judgement, ToMask},
    masked::{self, Masked},
    told,
};
use crate::{
    domain::{
        coverage::Outcome,
        decision::Location,
        exchange::{CallContext, Direction, Payload, Payloads},
        finding::Span,
        segment::{Role, Segment},
    },
    extract,
    mask::MaskError,
    policy::{compile, set::PolicySet},
    search::Said,
};

/// Bytes of one text and of all texts of an exchange that are shown.
const TEXT: usize = 64 << 10;
const TEXTS: usize = 512 << 10;

const POLICY: &str = "
name: display
scope:
  roles: [user, assistant, system, developer, tool, tool_call, other]
rules:
  - {name: secrets, detector: secrets, action: mask}
  - {name: pii, detector: pii, action: mask, except: [person_known]}
";

/// Made at the first look: who never looks does not pay for a second set of tables.
static POLICIES: LazyLock<Option<PolicySet>> = LazyLock::new(|| {
    let policy = compile::compile(POLICY).ok()?;
    PolicySet::new(vec![Arc::new(policy)]).ok()
});

/// Why nothing of the payloads is shown.
#[derive(Debug, thiserror::Error)]
pub enum Withheld {
    #[error("the payloads cannot be read, and so not be masked")]
    Unreadable(#[from] JudgeError),
    #[error("what should be masked could not be")]
    Unmasked(#[from] MaskError),
    #[error("what should be masked could not be looked for")]
    Unsearched,
    #[error("the rules for display are broken")]
    Rules,
}

/// A piece of text of a payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Text {
    pub direction: Direction,
    pub role: Role,
    /// As violations tell it.
    pub pointer: String,
    pub inner_pointer: String,
    /// With a star for each byte of what is masked, so that offsets stay what they were.
    pub text: String,
    /// Bytes that were left out at its end.
    pub omitted: usize,
}

/// Shows where, never what.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Text({:?} {:?} {}, {} bytes)", self.direction, self.role, self.pointer, self.text.len())
    }
}

#[derive(Debug)]
pub struct Display {
    pub payloads: Payloads,
    pub texts: Vec<Text>,
}

/// What is to be masked.
fn judged(payloads: &Payloads) -> Result<Judgement, Withheld> {
    let policies = POLICIES.as_ref().ok_or(Withheld::Rules)?;
    let judgement = judge::judge(policies, &[], payloads, None, &CallContext::default(), None)?;
    let failed = |(_, outcome): &(_, Outcome)| matches!(outcome, Outcome::Failed(_) | Outcome::TimedOut);
    if judgement.coverage.detectors.iter().any(failed) {
        return Err(Withheld::Unsearched);
    }
    Ok(judgement)
}

/// Takes as long as a check of the same payloads.
pub fn masked(payloads: &Payloads) -> Result<Display, Withheld> {
    let Judgement { to_mask, repeats, .. } = judged(payloads)?;
    // Labels, which do not depend on the key.
    let Masked { request, response } = masked::mask([0; 32], payloads, &to_mask, &repeats)?;
    let shown = |direction, masked: Option<Payload>| masked.or_else(|| payloads.get(direction).cloned());
    let texts = texts(payloads, &to_mask)?;
    let payloads = match (shown(Direction::Request, request), shown(Direction::Response, response)) {
        (Some(request), Some(response)) => Payloads::Both { request, response },
        (None, Some(response)) => Payloads::Response(response),
        (Some(request), None) => Payloads::Request(request),
        (None, None) => return Err(Withheld::Rules),
    };
    Ok(Display { payloads, texts })
}

/// The texts of [`masked`], at most so many bytes of them, for an index of words. None when they cannot be masked.
pub fn said(payloads: &Payloads, most: usize) -> Option<Said> {
    let texts = texts(payloads, &judged(payloads).ok()?.to_mask).ok()?;
    let mut said = Said { text: String::new(), whole: true };
    for text in texts {
        let Some(room @ 1..) = most.checked_sub(said.text.len() + 1) else {
            said.whole = false;
            break;
        };
        let end = text.text.floor_char_boundary(room.min(text.text.len()));
        said.whole &= end == text.text.len() && text.omitted == 0;
        said.text.push_str(&text.text[..end]);
        said.text.push('\n');
    }
    Some(said)
}

/// The texts as they were recorded.
pub fn original(payloads: &Payloads) -> Result<Vec<Text>, Withheld> {
    texts(payloads, &[])
}

fn texts(payloads: &Payloads, to_mask: &[ToMask]) -> Result<Vec<Text>, Withheld> {
    let places = in_order(to_mask);
    let (mut texts, mut room, mut left_out) = (Vec::new(), TEXTS, 0);
    for (direction, _, extracted) in extract::sides(payloads) {
        let extracted = extracted.map_err(|cause| told::unreadable(direction, cause))?;
        let before = texts.len();
        for segment in &extracted.segments {
            // A key is no part of what somebody said, and media is no text.
            if segment.is_key || segment.role == Role::Media || segment.is_empty() {
                continue;
            }
            if room == 0 {
                left_out += segment.len();
                continue;
            }
            let text = text(segment, &places, room);
            room = room.saturating_sub(text.text.len());
            texts.push(text);
        }
        let places = texts[before..].iter_mut();
        let places = places.map(|text| (direction, [&mut text.pointer, &mut text.inner_pointer]));
        told::hide(places, &extracted.segments);
    }
    // Told at the end: a list that ends early must not look whole.
    if let Some(last) = texts.last_mut() {
        last.omitted += left_out;
    }
    Ok(texts)
}

/// Where values are masked, so that each text finds its own: each with all of them would cost their product.
fn in_order(to_mask: &[ToMask]) -> Vec<&Location> {
    let mut places: Vec<&Location> = to_mask.iter().filter(|spot| !spot.is_key).map(|spot| &spot.location).collect();
    places.sort_unstable_by(|a, b| place(a).cmp(&place(b)));
    places
}

fn place(at: &Location) -> (Direction, &str, &str) {
    (at.direction, &at.pointer, &at.inner_pointer)
}

/// Of places in their order those in one string, or of one text that the string holds.
fn within<'p>(places: &'p [&'p Location], segment: &Segment<'_>, inner_pointer: Option<&str>) -> &'p [&'p Location] {
    let sought = (segment.direction, segment.pointer.as_str(), inner_pointer);
    let stands = |at: &Location| {
        let (direction, pointer, inner) = place(at);
        (direction, pointer, inner_pointer.is_some().then_some(inner)).cmp(&sought)
    };
    let first = places.partition_point(|at| stands(at) == Ordering::Less);
    let count = places[first..].partition_point(|at| stands(at) == Ordering::Equal);
    &places[first..first + count]
}

fn text(segment: &Segment<'_>, places: &[&Location], room: usize) -> Text {
    let whole = segment.text.get(segment.context..).unwrap_or_default();
    let mut text = whole.as_bytes().to_vec();
    // In the string or in the JSON that it holds: where the one lies in the other is not known.
    let is_whole = if segment.inner_pointer.is_empty() {
        within(places, segment, None).iter().any(|at| !at.inner_pointer.is_empty())
    } else {
        !within(places, segment, Some("")).is_empty()
    };
    if is_whole {
        text.fill(b'*');
    } else {
        for at in within(places, segment, Some(segment.inner_pointer.as_str())) {
            let Span { start, end } = at.span;
            let end = (end as usize).min(text.len());
            if let Some(masked) = text.get_mut(start as usize..end) {
                masked.fill(b'*');
            }
        }
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let shown = text.floor_char_boundary(TEXT.min(room));
    Text {
        direction: segment.direction,
        role: segment.role,
        pointer: segment.pointer.clone(),
        inner_pointer: segment.inner_pointer.clone(),
        omitted: text.len() - shown,
        text: text[..shown].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::mask::Style;

    #[test]
    fn what_is_private_is_starred_in_texts_and_labelled_in_payloads() {
        let said = "Write to ann@example.org \u{e9}";
        let arguments = serde_json::json!({"to": "bob@example.org"}).to_string();
        let call = serde_json::json!({"type": "function", "function": {"name": "send", "arguments": arguments}});
        let request = serde_json::json!({"messages": [
            {"role": "system", "content": "ask carl@example.org"},
            {"role": "user", "content": said},
            {"role": "assistant", "content": null, "tool_calls": [call]},
        ]});
        let request = Payload::Json(Bytes::from(request.to_string()));
        let payloads = Payloads::Both { request, response: Payload::Text("ann@example.org it is".to_owned()) };
        let Display { payloads: masked, texts } = masked(&payloads).unwrap();
        let all = format!("{:?}{:?}", texts.iter().map(|text| &text.text).collect::<Vec<_>>(), masked.request());
        assert!(!all.contains("example.org"), "{all}");
        let user = texts.iter().find(|text| text.role == Role::User).unwrap();
        assert_eq!(user.text, format!("Write to {} \u{e9}", "*".repeat("ann@example.org".len())));
        assert_eq!(user.text.len(), said.len());
        match masked.response() {
            // The second of the exchange, since carl's came first.
            Some(Payload::Text(text)) => assert_eq!(text, "[EMAIL_ADDRESS_2] it is"),
            other => panic!("{other:?}"),
        }
        let plain = original(&payloads).unwrap();
        assert_eq!(plain.len(), texts.len());
        assert!(plain.iter().any(|text| text.text == said));
    }

    #[test]
    fn each_text_finds_its_own_places() {
        let at = |pointer: &str, inner: &str, span| Location {
            direction: Direction::Request,
            pointer: pointer.to_owned(),
            inner_pointer: inner.to_owned(),
            span: Span::new(span),
        };
        let spot = |location, is_key| ToMask { location, is_key, name: String::new(), style: Style::Label };
        let strings = [("/a", "/x", "one"), ("/a", "/y", "two"), ("/b", "", "three"), ("/c", "", "four")];
        let shown = |to_mask: &[ToMask]| {
            let places = in_order(to_mask);
            strings.map(|(pointer, inner, said)| {
                let (pointer, inner_pointer) = (pointer.to_owned(), inner.to_owned());
                text(&Segment { pointer, inner_pointer, ..Segment::bare(said) }, &places, TEXT).text
            })
        };
        let mut to_mask =
            vec![spot(at("/c", "", 0..1), false), spot(at("/a", "/y", 0..2), false), spot(at("/b", "", 0..9), true)];
        assert_eq!(shown(&to_mask), ["one", "**o", "three", "*our"]);
        to_mask.push(spot(at("/b", "", 4..90), false));
        to_mask.push(spot(at("/b", "", 0..1), false));
        assert_eq!(shown(&to_mask), ["one", "**o", "*hre*", "*our"]);
        to_mask.push(spot(at("/a", "", 3..4), false));
        assert_eq!(shown(&to_mask), ["***", "***", "*hre*", "*our"], "in the string that holds both");
        to_mask.push(spot(at("/c", "/z", 0..1), false));
        assert_eq!(shown(&to_mask), ["***", "***", "*hre*", "****"], "in what the string holds");
    }

    #[test]
    fn keys_are_hidden_alike_in_texts_and_in_verdicts() {
        let (said, clean) = ("mail carl@example.org", "hello there");
        let arguments = serde_json::json!({"to": {"dora@example.org": clean, "eve@example.org": said}}).to_string();
        let call = serde_json::json!({"type": "function", "function": {"arguments": arguments}});
        let request = serde_json::json!({
            "contacts": {"ann@example.org": said, "bob@example.org": clean},
            "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": [call]}],
        });
        let payloads = Payloads::Request(Payload::Json(Bytes::from(request.to_string())));
        let violations = judged(&payloads).unwrap().decision.violations;
        assert!(!format!("{violations:?}").contains("example.org"), "{violations:?}");
        let is_marked = |text: &Text| {
            let mut places = violations.iter().filter_map(|violation| violation.location.as_ref());
            places.any(|at| (&at.pointer, &at.inner_pointer) == (&text.pointer, &text.inner_pointer))
        };
        let call = "/messages/1/tool_calls/0/function/arguments";
        let expected = [
            ("/contacts/***1", "", true),
            ("/contacts/***2", "", false),
            ("/messages/0/content", "", false),
            (call, "/to/***1", false),
            (call, "/to/***2", true),
        ];
        for texts in [masked(&payloads).unwrap().texts, original(&payloads).unwrap()] {
            let told: Vec<_> =
                texts.iter().map(|text| (&*text.pointer, &*text.inner_pointer, is_marked(text))).collect();
            assert_eq!(told, expected);
        }
        let masked = masked(&payloads).unwrap();
        let starred = |text: &Text| text.text == "mail ****************";
        assert!(masked.texts.iter().all(|text| is_marked(text) == starred(text)), "{:?}", masked.texts);
    }

    #[test]
    fn what_is_said_has_no_private_word_and_is_bounded() {
        let payloads = Payloads::Both {
            request: Payload::Text("write to ann@example.org soon".to_owned()),
            response: Payload::Text("done \u{e9}\u{e9}".to_owned()),
        };
        let all = said(&payloads, 1000).unwrap();
        assert_eq!(all.text, format!("write to {} soon\ndone \u{e9}\u{e9}\n", "*".repeat(15)));
        assert!(all.whole);
        let Said { text, whole } = said(&payloads, 39).unwrap();
        assert!(text.len() <= 39 && text.ends_with("done \u{e9}\n") && !whole, "{text}");
        assert!(said(&Payloads::Request(Payload::Json(Bytes::from_static(b"{\"a"))), 1000).is_none());
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let request = serde_json::json!({"input": vec!["a".repeat(TEXT); 10]}).to_string();
        let texts = original(&Payloads::Request(Payload::Json(Bytes::from(request)))).unwrap();
        assert_eq!(texts.iter().map(|text| text.text.len()).sum::<usize>(), TEXTS);
        assert_eq!(texts.last().map(|text| text.omitted), Some(2 * TEXT));
    }

    #[test]
    fn what_cannot_be_read_is_withheld() {
        let payloads = Payloads::Request(Payload::Json(Bytes::from_static(b"{ann@example.org")));
        assert!(matches!(masked(&payloads), Err(Withheld::Unreadable(_))));
    }
}
