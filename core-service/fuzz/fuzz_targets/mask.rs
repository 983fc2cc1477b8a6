//! Any JSON with any spots on its strings: still JSON, and the same outside the spots.
#![no_main]

use core_service::{
    domain::{
        exchange::{Direction, Payload},
        finding::Span,
    },
    extract::extract,
    mask::{Masker, Spot, Style},
};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (from, length, data) = input;
    let payload = Payload::Json(data.to_vec().into());
    let Ok(extracted) = extract(Direction::Request, &payload) else { return };
    let spots: Vec<Spot<'_>> = extracted
        .segments
        .iter()
        .enumerate()
        .filter_map(|(number, segment)| {
            let text = &segment.text[segment.context..];
            let start = text.floor_char_boundary(usize::from(from) % text.len());
            let end = text.ceil_char_boundary((start + 1 + usize::from(length)).min(text.len()));
            let style = [Style::Label, Style::Partial, Style::Hash, Style::Remove][number % 4];
            (start < end).then(|| Spot {
                pointer: &segment.pointer,
                inner_pointer: &segment.inner_pointer,
                is_key: segment.is_key,
                span: Span::new(start..end),
                entity: "EMAIL",
                style,
            })
        })
        .collect();
    match Masker::new([7; 32]).mask(&payload, &spots) {
        Ok(Some(Payload::Json(masked))) => {
            assert!(serde_json::from_slice::<&RawValue>(&masked).is_ok());
        }
        Ok(Some(Payload::Text(_))) => unreachable!("JSON stays JSON"),
        Ok(None) | Err(_) => {}
    }
});
