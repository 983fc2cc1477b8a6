//! The payloads of an exchange with what was found in them masked.

use super::judge::{Repeat, ToMask};
use crate::{
    domain::exchange::{Direction, Payload, Payloads},
    mask::{MaskError, Masker, Spot},
};

/// The payloads that masking changed.
#[derive(Debug, Default)]
pub struct Masked {
    pub request: Option<Payload>,
    pub response: Option<Payload>,
}

/// `key` is what [`crate::mask::Style::Hash`] depends on.
pub fn mask(key: [u8; 32], payloads: &Payloads, to_mask: &[ToMask], repeats: &[Repeat]) -> Result<Masked, MaskError> {
    let mut masker = Masker::new(key);
    let mut mask = |direction| {
        let spots: Vec<Spot<'_>> =
            to_mask.iter().filter(|spot| spot.location.direction == direction).map(spot).collect();
        let repeats = repeats.iter().filter(|repeat| repeat.direction == direction);
        let erased: Vec<&str> = repeats.map(|repeat| repeat.pointer.as_str()).collect();
        payloads.get(direction).map_or(Ok(None), |payload| masker.mask_and_erase(payload, &spots, &erased))
    };
    Ok(Masked { request: mask(Direction::Request)?, response: mask(Direction::Response)? })
}

fn spot(ToMask { location, is_key, name, style }: &ToMask) -> Spot<'_> {
    Spot {
        pointer: &location.pointer,
        inner_pointer: &location.inner_pointer,
        is_key: *is_key,
        span: location.span,
        entity: name,
        style: *style,
    }
}

#[cfg(test)]
mod properties;
