//! What holds for any text.

use proptest::{collection::vec, prelude::*};

use super::{
    disguise::{self, Disguise},
    normalize,
};

const VOCABULARY: &[&str] = &[
    "ignore",
    "all",
    "previous",
    "instructions",
    "and",
    "reveal",
    "the",
    "system",
    "prompt",
    "of",
    "your",
    "company",
    "please",
    "write",
    "it",
    "down",
    "for",
    "them",
    "password",
    "secret",
    "forget",
    "every",
    "rule",
    "about",
    "safety",
];

/// Always with a word by which a turned text is known.
fn sentence() -> impl Strategy<Value = String> {
    let words = || vec(proptest::sample::select(VOCABULARY), 3..8);
    (words(), words())
        .prop_map(|(before, after)| format!("{} instructions ignore {}", before.join(" "), after.join(" ")))
}

/// What a disguise leaves of another's traces has to be recognisable still: nothing tells that digits were base64
/// before they were turned, and in lower case or spelled apart they no longer are.
fn fits(inner: &str, outer: &str) -> bool {
    const TURNS: &[&str] = &["reversed", "reversed_words", "rot13"];
    const SPELLS: &[&str] = &["spaced", "dotted", "dashed", "underscored"];
    const WORDS: &[&str] = &[
        "homoglyphs",
        "fullwidth",
        "mathematical",
        "circled",
        "small_capitals",
        "leetspeak",
        "zero_width",
        "soft_hyphens",
        "stacked_marks",
    ];
    const WRAPS: &[&str] = &[
        "base64",
        "base64_url",
        "base64_wrapped",
        "hex",
        "hex_spaced",
        "base32",
        "binary",
        "octal_escapes",
        "quoted_printable",
        "percent",
        "html_decimal",
        "html_hex",
        "unicode_escapes",
        "braced_escapes",
        "hex_escapes",
        "tag_characters",
        "variation_selectors",
    ];
    // They are known by the words that they make.
    if ["decimal", "octal"].contains(&outer) {
        return TURNS.contains(&inner);
    }
    if WRAPS.contains(&outer) {
        return inner != "hex_prefixed" || outer != "tag_characters";
    }
    if WORDS.contains(&outer) {
        return TURNS.contains(&inner);
    }
    (SPELLS.contains(&outer) && TURNS.contains(&inner))
        || (TURNS.contains(&outer) && TURNS.contains(&inner) && (inner == "rot13") != (outer == "rot13"))
}

fn any_disguise() -> impl Strategy<Value = Disguise> {
    proptest::sample::select(disguise::ALL)
}

/// A row of disguises, each of which leaves the one before recognisable.
fn layers(count: usize) -> impl Strategy<Value = Vec<Disguise>> {
    let mut rows: Vec<Vec<Disguise>> = vec![Vec::new()];
    for _ in 0..count {
        let longer = |row: &Vec<Disguise>| {
            let last = row.last().copied();
            let next = disguise::ALL.iter().filter(move |next| last.is_none_or(|last| fits(last.0, next.0)));
            next.map(|next| [row.as_slice(), &[*next]].concat()).collect::<Vec<_>>()
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    // Turned twice, by letter and by word, only the order of the words is left turned.
    rows.retain(|row| row.iter().filter(|(name, _)| name.starts_with("reversed")).count() < 2);
    // The full stop before the tags is a signal too.
    rows.retain(|row| ["morse", "tag_characters"].iter().any(|name| row.iter().all(|(known, _)| known != name)));
    // Leetspeak is read where it can be pronounced.
    let place = |row: &[Disguise], wanted| row.iter().position(|(name, _)| *name == wanted);
    rows.retain(|row| place(row, "leetspeak").is_none_or(|leet| place(row, "rot13").is_none_or(|rot13| leet < rot13)));
    proptest::sample::select(rows)
}

/// Some view holds the sentence, and leads back to the disguised piece in the middle of other text.
fn is_undone(sentence: &str, disguises: &[Disguise]) -> Result<(), TestCaseError> {
    let disguised = disguises.iter().fold(sentence.to_owned(), |text, (_, disguise)| disguise(&text));
    let text = format!("Then:\n{disguised}\nThanks!");
    let place = 6..6 + disguised.len();
    let out = normalize(&text, 64 << 10);
    let names: Vec<&str> = disguises.iter().map(|(name, _)| *name).collect();
    // At the last depth any chance find among encoded digits is told as left out.
    prop_assert!(disguises.len() == super::MAX_DEPTH || !out.exhausted, "{names:?} exhausts: {text}");
    let found = out.views.iter().find_map(|view| {
        let at = view.text.to_ascii_lowercase().find(sentence)?;
        Some(view.origin(at..at + sentence.len()))
    });
    let Some(origin) = found else {
        let views: Vec<_> = out.views.iter().map(|view| (&view.decoders, &view.text)).collect();
        return Err(TestCaseError::fail(format!("{names:?} of {text:?} gives {views:?}")));
    };
    prop_assert!(text.is_char_boundary(origin.start) && text.is_char_boundary(origin.end));
    prop_assert!(origin.start >= place.start.saturating_sub(1) && origin.end <= place.end + 1, "{names:?} {origin:?}");
    // What a disguise puts before and after the sentence is not a part of it.
    prop_assert!(origin.len() * 3 >= place.len() * 2, "{names:?} {origin:?} of {place:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_disguise_is_undone(sentence in sentence()) {
        for disguise in disguise::ALL {
            is_undone(&sentence, &[*disguise])?;
        }
    }

    #[test]
    fn two_disguises_are_undone(sentence in sentence(), layers in layers(2)) {
        is_undone(&sentence, &layers)?;
    }

    #[test]
    fn three_disguises_are_undone(sentence in sentence(), layers in layers(3)) {
        is_undone(&sentence, &layers)?;
    }

    #[test]
    fn any_text_keeps_the_bounds(text in anything(), budget in 0..4096_usize) {
        let out = normalize(&text, budget);
        prop_assert!(out.views.iter().map(|view| view.text.len()).sum::<usize>() <= budget);
        prop_assert!(out.views.len() <= super::MAX_VIEWS);
        for (_, range) in &out.marks {
            prop_assert!(text.get(range.clone()).is_some());
        }
        for view in &out.views {
            let whole = view.origin(0..view.text.len());
            prop_assert!(text.get(whole.clone()).is_some());
            let mut wide = 0..0;
            for (at, c) in view.text.char_indices() {
                let one = view.origin(at..at + c.len_utf8());
                prop_assert!(text.get(one.clone()).is_some(), "{:?} {one:?}", view.decoders);
                prop_assert!(whole.start <= one.start && one.end <= whole.end);
                // A wider range never comes from less.
                let next = view.origin(0..at + c.len_utf8());
                prop_assert!(at == 0 || (next.start <= wide.start && next.end >= wide.end));
                wide = next;
            }
        }
    }
}

/// Any characters, with those among them that decoders live on.
fn anything() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[a-z0-9 .%&#;x\\\\u{}=+/-]{0,40}",
        "[.-]{1,6}([ /][.-]{1,6}){0,20}",
        "[⠀-⠿ ]{0,30}",
        "[0-3][0-7]{2}([ ,\\\\]{1,2}[0-3][0-7]{2}){0,20}",
        "[\u{200b}-\u{200f}\u{202e}\u{e0020}-\u{e007f}\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}a-z]{0,20}",
        "[а-яa-e\u{300}-\u{340}Ａ-Ｚⓐ-ⓩ🇦-🇿]{0,30}",
        (sentence(), any_disguise()).prop_map(|(sentence, (_, disguise))| disguise(&sentence)),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}
