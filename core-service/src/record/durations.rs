//! How long the parts of a judgement took, as it is stored: of each the number that stands for it, and its microseconds
//! in groups of seven bits, the lowest first. Some 20 bytes, where names would take 120.

use super::code::Code;
use crate::domain::{
    finding::Detector,
    timing::{Durations, Part, Reader, Stage},
};

impl Code for Part {
    const ALL: &'static [Self] = &[
        Self::Stage(Stage::Extract),
        Self::Stage(Stage::Detect),
        Self::Stage(Stage::Normalise),
        Self::Stage(Stage::Decide),
        Self::Reader(Reader::Prefilter),
        Self::Reader(Reader::Classifier),
        Self::Reader(Reader::SecondStage),
        Self::Reader(Reader::Rules(Detector::PromptInjection)),
        Self::Reader(Reader::Rules(Detector::Secrets)),
        Self::Reader(Reader::Rules(Detector::Pii)),
        Self::Reader(Reader::Rules(Detector::CodeSafety)),
        Self::Reader(Reader::Rules(Detector::Obfuscation)),
        Self::Reader(Reader::Rules(Detector::Harm)),
        Self::Reader(Reader::Rules(Detector::Keywords)),
        Self::Reader(Reader::Rules(Detector::Regex)),
        Self::Reader(Reader::Rules(Detector::DeniedTopics)),
    ];
}

/// None: there are none.
pub(crate) fn encode(Durations(parts): &Durations) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(parts.len() * 4);
    for (part, micros) in parts {
        let Ok(code) = u8::try_from(part.code()) else { continue };
        bytes.push(code);
        let mut rest = *micros;
        while rest >= 0x80 {
            bytes.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        bytes.push(rest.to_le_bytes()[0]);
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// Without parts that only a later version knows. None: it is damaged.
pub(crate) fn decode(bytes: Option<&[u8]>) -> Option<Durations> {
    let mut parts = Vec::new();
    let mut bytes = bytes.unwrap_or_default().iter();
    while let Some(&code) = bytes.next() {
        let mut micros = 0_u32;
        for shift in (0..).step_by(7) {
            let byte = *bytes.next()?;
            let group = u32::from(byte & 0x7f);
            let shifted = group.checked_shl(shift).filter(|shifted| shifted >> shift == group)?;
            micros |= shifted;
            if byte < 0x80 {
                break;
            }
        }
        parts.extend(Part::from_code(code.into()).map(|part| (part, micros)));
    }
    Some(Durations(parts))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_part_has_a_number_and_the_record_has_none() {
        assert!(Part::all().all(|part| Part::from_code(part.code()) == Some(part)));
        assert_eq!(Part::ALL.len(), Part::all().count());
        assert_eq!(encode(&Durations::default()), None);
        assert_eq!(decode(None), Some(Durations::default()));
        assert_eq!(
            decode(Some(&[200, 5, 0, 6])),
            Some(Durations(vec![(Part::Stage(Stage::Extract), 6)])),
            "a later one"
        );
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(micros in proptest::collection::vec(any::<u32>(), 0..16)) {
            let durations = Durations(Part::all().zip(micros).collect());
            prop_assert_eq!(decode(encode(&durations).as_deref()), Some(durations));
        }

        /// Whatever stands there, it is read or refused.
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            decode(Some(&bytes));
        }
    }
}
