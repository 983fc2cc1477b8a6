//! Random documents against a model that knows how each character was written.

use std::{cmp::Reverse, collections::HashMap, ops::Range};

use proptest::{prelude::*, sample::Index};

use super::*;
use crate::{
    domain::{exchange::Direction, segment::is_name},
    extract::extract,
};

/// A character and how it is written.
type Written = Vec<(char, String)>;

#[derive(Debug, Clone)]
enum Doc {
    Word(&'static str),
    Number(String),
    Text(Written),
    Array(Vec<Doc>, &'static str),
    Object(Vec<(Written, Doc)>, &'static str),
}

fn written(c: char, escaped: bool) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        '\n' if !escaped => "\\n".to_owned(),
        '/' if escaped => "\\/".to_owned(),
        c if escaped || c < ' ' => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect(),
        c => c.to_string(),
    }
}

fn text(length: Range<usize>) -> impl Strategy<Value = Written> {
    let c =
        prop::sample::select(vec!['a', 'b', ' ', '"', '\\', '/', '~', '\n', '\u{1}', 'é', '日', '😀', '§', '0', '{']);
    prop::collection::vec((c, prop::bool::weighted(0.3)).prop_map(|(c, escaped)| (c, written(c, escaped))), length)
}

fn any_doc() -> impl Strategy<Value = Doc> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["null", "true"]).prop_map(Doc::Word),
        prop::sample::select(vec!["1.50e+3", "-0"]).prop_map(|number| Doc::Number(number.to_owned())),
        (10_000_000..u64::MAX).prop_map(|number| Doc::Number(number.to_string())),
        text(0..12).prop_map(Doc::Text),
        text(0..40).prop_map(Doc::Text),
    ];
    let space = || prop::sample::select(vec!["", " ", "\n\t"]);
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..5), space()).prop_map(|(items, space)| Doc::Array(items, space)),
            (prop::collection::vec((text(0..4), inner), 0..5), space())
                .prop_map(|(fields, space)| Doc::Object(fields, space)),
        ]
    })
}

fn render(doc: &Doc, into: &mut String) {
    let literal = |text: &Written, into: &mut String| {
        into.push('"');
        into.extend(text.iter().map(|(_, raw)| raw.as_str()));
        into.push('"');
    };
    match doc {
        Doc::Word(word) => into.push_str(word),
        Doc::Number(number) => into.push_str(number),
        Doc::Text(text) => literal(text, into),
        Doc::Array(items, space) => {
            into.push('[');
            for (index, item) in items.iter().enumerate() {
                into.push_str(if index == 0 { space } else { "," });
                render(item, into);
                into.push_str(space);
            }
            into.push(']');
        }
        Doc::Object(fields, space) => {
            into.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                into.push_str(if index == 0 { "" } else { "," });
                into.push_str(space);
                literal(key, into);
                into.push_str(space);
                into.push(':');
                render(value, into);
            }
            into.push('}');
        }
    }
}

fn rendered(doc: &Doc) -> String {
    let mut document = String::new();
    render(doc, &mut document);
    document
}

/// A tool call whose arguments are `inner`, beside `outer`.
fn call(inner: &Doc, outer: &Doc) -> String {
    let arguments: String = rendered(inner).chars().map(|c| written(c, !c.is_ascii() || c == '/')).collect();
    format!(
        r#"{{ "messages":[{{"role":"assistant","tool_calls":[{{"function":{{"arguments" :"{arguments}"}}}}]}}],"rest":{}}}"#,
        rendered(outer)
    )
}

const ARGUMENTS: &str = "/messages/0/tool_calls/0/function/arguments";

#[derive(Debug, Clone)]
struct Found {
    pointer: String,
    inner_pointer: String,
    is_key: bool,
    span: Span,
    entity: &'static str,
    style: Style,
}

impl Found {
    fn spot(&self) -> Spot<'_> {
        let Self { pointer, inner_pointer, is_key, span, entity, style } = self;
        Spot { pointer, inner_pointer, is_key: *is_key, span: *span, entity, style: *style }
    }
}

fn mask(masker: &mut Masker, document: &str, found: &[Found]) -> Option<String> {
    let spots: Vec<Spot<'_>> = found.iter().map(Found::spot).collect();
    let payload = Payload::Json(document.to_owned().into());
    match masker.mask(&payload, &spots).unwrap()? {
        Payload::Json(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
        Payload::Text(_) => None,
    }
}

/// Where each segment stands and what it says.
fn segments(document: &str) -> Vec<(String, String, bool, String)> {
    let payload = Payload::Json(document.to_owned().into());
    let extracted = extract(Direction::Request, &payload).unwrap();
    let text = |s: &crate::domain::segment::Segment<'_>| s.text[s.context..].to_owned();
    extracted.segments.iter().map(|s| (s.pointer.clone(), s.inner_pointer.clone(), s.is_key, text(s))).collect()
}

type Pick = (Index, Index, Index, bool, Style);

fn picks() -> impl Strategy<Value = Vec<Pick>> {
    let style = prop::sample::select(vec![Style::Label, Style::Partial, Style::Remove]);
    prop::collection::vec((any::<Index>(), any::<Index>(), any::<Index>(), any::<bool>(), style), 1..12)
}

/// Random spans over the segments.
fn pick(document: &str, picks: &[Pick]) -> Vec<Found> {
    let in_model = |pointer: &str| pointer == ARGUMENTS || pointer.starts_with("/rest");
    let segments: Vec<_> = segments(document).into_iter().filter(|(pointer, ..)| in_model(pointer)).collect();
    if segments.is_empty() {
        return Vec::new();
    }
    let found = picks.iter().map(|(segment, start, end, entity, style)| {
        let (pointer, inner_pointer, is_key, text) = segment.get(&segments).clone();
        let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let start = start.index(bounds.len() - 1);
        let end = start + 1 + end.index(bounds.len() - 1 - start);
        let entity = if *entity { "ONE" } else { "TWO" };
        Found { pointer, inner_pointer, is_key, span: Span::new(bounds[start]..bounds[end]), entity, style: *style }
    });
    found.collect()
}

/// What the masker has to do, done on the model: slow, and with nothing in common but the order of labels.
struct Model<'f> {
    found: Vec<&'f Found>,
    numbers: HashMap<(String, String), usize>,
    counts: HashMap<String, usize>,
}

impl<'f> Model<'f> {
    fn doc(&mut self, doc: &Doc, at: &str, inner: Option<&str>) -> Doc {
        let step = |step: &str| match inner {
            Some(inner) => (at.to_owned(), Some(format!("{inner}/{step}"))),
            None => (format!("{at}/{step}"), None),
        };
        match doc {
            Doc::Word(word) => Doc::Word(word),
            Doc::Number(number) => {
                let digits: Written = number.chars().map(|c| (c, c.to_string())).collect();
                let spots = self.fitting(number, at, inner, false);
                match spots.into_iter().max_by_key(|found| rank(found)) {
                    None => Doc::Number(number.clone()),
                    Some(found) => Doc::Text(self.replace(&digits, found.entity, found.style)),
                }
            }
            Doc::Text(text) => Doc::Text(self.text(text, at, inner, false)),
            Doc::Array(items, space) => {
                let items = items.iter().enumerate().map(|(index, item)| {
                    let (at, inner) = step(&index.to_string());
                    self.doc(item, &at, inner.as_deref())
                });
                Doc::Array(items.collect(), space)
            }
            Doc::Object(fields, space) => {
                let fields = fields.iter().map(|(key, value)| {
                    let name: String = key.iter().map(|(c, _)| *c).collect();
                    let (at, inner) = step(&name.replace('~', "~0").replace('/', "~1"));
                    let key = if !is_name(&name) { self.text(key, &at, inner.as_deref(), true) } else { key.clone() };
                    (key, self.doc(value, &at, inner.as_deref()))
                });
                Doc::Object(fields.collect(), space)
            }
        }
    }

    fn fitting(&self, text: &str, at: &str, inner: Option<&str>, key: bool) -> Vec<&'f Found> {
        let here = |found: &&&Found| {
            found.is_key == key && found.pointer == at && found.inner_pointer == inner.unwrap_or_default()
        };
        let fits = |found: &&&Found| text.get(found.span.start as usize..found.span.end as usize).is_some();
        self.found.iter().filter(here).filter(fits).copied().collect()
    }

    fn text(&mut self, text: &Written, at: &str, inner: Option<&str>, key: bool) -> Written {
        let plain: String = text.iter().map(|(c, _)| *c).collect();
        let found = self.fitting(&plain, at, inner, key);
        let covers = |at: usize, f: &Found| (f.span.start as usize..f.span.end as usize).contains(&at);
        let (mut masked, mut run, mut offset): (Written, Written, usize) = (Vec::new(), Vec::new(), 0);
        for (c, raw) in text.iter().cloned().chain([('\0', String::new())]) {
            if found.iter().any(|f| covers(offset, f)) {
                run.push((c, raw));
                offset += c.len_utf8();
                continue;
            }
            if !run.is_empty() {
                let length: usize = run.iter().map(|(c, _)| c.len_utf8()).sum();
                let within = |f: &&&Found| (offset - length..offset).contains(&(f.span.start as usize));
                let strictest = found.iter().filter(within).max_by_key(|found| rank(found)).unwrap();
                let style = if key { Style::Label } else { strictest.style };
                masked.extend(self.replace(&run, strictest.entity, style));
                run.clear();
            }
            offset += c.len_utf8();
            masked.push((c, raw));
        }
        masked.pop();
        masked
    }

    fn replace(&mut self, value: &Written, entity: &str, style: Style) -> Written {
        match style {
            Style::Remove => Vec::new(),
            Style::Partial => {
                let hidden = if value.len() < 8 { value.len() } else { value.len() - 4 };
                let star = |(index, written): (usize, &(char, String))| match index < hidden {
                    true => ('*', "*".to_owned()),
                    false => written.clone(),
                };
                value.iter().enumerate().map(star).collect()
            }
            Style::Label | Style::Hash => {
                let value = value.iter().map(|(c, _)| *c).collect();
                let count = self.counts.entry(entity.to_owned()).or_default();
                let number = self.numbers.entry((entity.to_owned(), value)).or_insert_with(|| {
                    *count += 1;
                    *count
                });
                format!("[{entity}_{number}]").chars().map(|c| (c, c.to_string())).collect()
            }
        }
    }
}

fn rank(found: &Found) -> impl Ord + use<> {
    let Span { start, end } = found.span;
    (found.style, end - start, Reverse(start), Reverse(found.entity))
}

/// A detector that a property can be sure of: every run of `§`.
fn detect(document: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (pointer, inner_pointer, is_key, text) in segments(document) {
        let mut at = 0;
        while let Some(start) = text[at..].find('§').map(|offset| at + offset) {
            let rest = text[start..].trim_start_matches('§');
            at = text.len() - rest.len();
            let (pointer, inner_pointer) = (pointer.clone(), inner_pointer.clone());
            found.push(Found {
                pointer,
                inner_pointer,
                is_key,
                span: Span::new(start..at),
                entity: "RUN",
                style: Style::Label,
            });
        }
    }
    found
}

proptest! {
    /// Byte for byte, with equal keys, keys that are text, every way to write a character, overlapping spots.
    #[test]
    fn the_masker_does_what_the_model_does(inner in any_doc(), outer in any_doc(), chosen in picks()) {
        let inner = Doc::Array(vec![inner], " ");
        let document = call(&inner, &outer);
        let found = pick(&document, &chosen);
        // The arguments come before the rest, and labels are counted in the order of the document.
        let mut model = Model { found: found.iter().collect(), numbers: HashMap::new(), counts: HashMap::new() };
        let expected = call(&model.doc(&inner, ARGUMENTS, Some("")), &model.doc(&outer, "/rest", None));
        let masked = mask(&mut Masker::new([7; 32]), &document, &found);
        serde_json::from_str::<serde::de::IgnoredAny>(&expected).unwrap();
        prop_assert_eq!(masked.unwrap_or_else(|| document.clone()), expected);
    }

    #[test]
    fn what_a_detector_finds_is_gone_and_not_found_again(inner in any_doc(), outer in any_doc(), style in 0..4) {
        let style = [Style::Label, Style::Hash, Style::Partial, Style::Remove][style as usize];
        let document = call(&Doc::Array(vec![inner], ""), &outer);
        let found: Vec<Found> = detect(&document).into_iter().map(|found| Found { style, ..found }).collect();
        let mut masker = Masker::new([7; 32]);
        let masked = mask(&mut masker, &document, &found).unwrap_or(document);
        // A run of eight keeps four of its own under a partial mask, and masking them again gives stars.
        if style != Style::Partial {
            let again = detect(&masked);
            prop_assert!(again.is_empty(), "{again:?}");
            prop_assert_eq!(mask(&mut masker, &masked, &again), None);
        }
    }

    /// Payloads and spots that nothing made for one another.
    #[test]
    fn no_input_breaks_it(
        document in prop_oneof![any_doc().prop_map(|doc| rendered(&doc)), "[\\[\\]{}\",:\\\\u0d8ab1. -]{0,40}"],
        spots in prop::collection::vec(("(/[0-9a ~]{0,2}){0,3}", "(/[0-9a]?){0,2}", 0_u32..20, 0_u32..20), 0..6),
    ) {
        let spots: Vec<Spot<'_>> = spots
            .iter()
            .map(|(pointer, inner_pointer, start, end)| Spot {
                pointer, inner_pointer, is_key: (start + end) % 5 == 0, span: Span { start: *start, end: *end }, entity: "X", style: Style::Label,
            })
            .collect();
        let is_json = serde_json::from_str::<serde_json::Value>(&document).is_ok();
        let payload = Payload::Json(document.into());
        match Masker::new([7; 32]).mask(&payload, &spots) {
            Ok(Some(Payload::Json(masked))) if is_json => {
                serde_json::from_slice::<serde_json::Value>(&masked).unwrap();
            }
            Err(MaskError::NotJson { .. }) => prop_assert!(!is_json),
            _ => {}
        }
    }
}
