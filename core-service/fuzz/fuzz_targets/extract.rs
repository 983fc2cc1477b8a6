//! Any bytes as a payload: an error or segments that stand where their pointers say.
#![no_main]

use core_service::{
    domain::exchange::{Direction, Payload},
    extract::extract,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for direction in [Direction::Request, Direction::Response] {
        let payload = Payload::Json(data.to_vec().into());
        let Ok(extracted) = extract(direction, &payload) else { continue };
        for segment in &extracted.segments {
            assert!(segment.context <= segment.text.len() && segment.text.is_char_boundary(segment.context));
        }
    }
});
