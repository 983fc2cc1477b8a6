//! Digests of text under a key that is drawn at each start: who does not know it can neither find two texts with one
//! digest nor learn anything from one, and 128 bits meet by chance never.

use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher24};
use uuid::Uuid;

use crate::domain::{exchange::Direction, segment::Segment};

pub struct Digests(SipHasher24);

impl std::fmt::Debug for Digests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digests(..)")
    }
}

/// A conversation as a request carries it, turn by turn.
#[derive(Debug, Default)]
pub struct Chain {
    /// For each turn the digest of everything up to its end.
    pub digests: Vec<u128>,
    /// For each segment the turn that it belongs to.
    turns: Vec<Option<u32>>,
}

impl Chain {
    pub fn turn(&self, segment: usize) -> Option<usize> {
        self.turns.get(segment).copied().flatten().map(|turn| turn as usize)
    }

    /// A short digest of everything up to the end of a turn.
    pub(super) fn up_to(&self, turn: usize) -> Option<u64> {
        self.digests.get(turn).map(|&digest| short(digest))
    }

    /// The last turn up to whose end everything has one of these digests.
    pub(super) fn last_of(&self, known: &[u64]) -> Option<usize> {
        if known.is_empty() {
            return None;
        }
        self.digests.iter().rposition(|&digest| known.contains(&short(digest)))
    }
}

impl Digests {
    pub(super) fn new() -> Self {
        // 122 random bits.
        Self(SipHasher24::new_with_key(&Uuid::new_v4().into_bytes()))
    }

    pub(super) fn whole(&self, parts: &[&str]) -> u128 {
        let mut hasher = self.0;
        for part in parts {
            write(&mut hasher, part);
        }
        hasher.finish128().as_u128()
    }

    pub fn short<'a>(&self, parts: impl IntoIterator<Item = &'a str>) -> u64 {
        let mut hasher = self.0;
        for part in parts {
            write(&mut hasher, part);
        }
        hasher.finish128().h1
    }

    /// What a turn says, wherever it stands: an answer comes back in the next request under another pointer.
    pub fn piece(&self, segment: &Segment<'_>) -> u64 {
        let mut hasher = self.0;
        hasher.write_u8(segment.role as u8);
        write(&mut hasher, &segment.text);
        hasher.finish128().h1
    }

    pub fn chain(&self, segments: &[Segment<'_>]) -> Chain {
        let mut chain = Chain { digests: Vec::new(), turns: Vec::with_capacity(segments.len()) };
        let mut hasher = self.0;
        let mut last = None;
        for segment in segments {
            let turn = turn_of(segment);
            let Some(turn) = turn else {
                chain.turns.push(None);
                continue;
            };
            if last != Some(turn) {
                last = Some(turn);
                chain.digests.push(0);
            }
            let Segment { direction: _, role, pointer, inner_pointer, is_key, text, context } = segment;
            write(&mut hasher, pointer);
            write(&mut hasher, inner_pointer);
            hasher.write_u8(*role as u8);
            hasher.write_u8(u8::from(*is_key));
            hasher.write_usize(*context);
            write(&mut hasher, text);
            if let Some(digest) = chain.digests.last_mut() {
                *digest = hasher.finish128().as_u128();
            }
            chain.turns.push(u32::try_from(chain.digests.len() - 1).ok());
        }
        chain
    }
}

/// The half of a digest: enough for the few that a session remembers.
const fn short(digest: u128) -> u64 {
    digest as u64
}

/// With its length before it, so that no two lists of parts read the same.
fn write(hasher: &mut SipHasher24, part: &str) {
    hasher.write_usize(part.len());
    hasher.write(part.as_bytes());
}

/// The start of the pointer that all of a turn share: `/messages/3`.
pub(crate) fn turn_of<'a>(segment: &'a Segment<'_>) -> Option<&'a str> {
    if segment.direction != Direction::Request {
        return None;
    }
    let list = ["/messages/", "/input/", "/contents/"].into_iter().find(|list| segment.pointer.starts_with(list))?;
    let rest = &segment.pointer[list.len()..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let ended = matches!(rest.as_bytes().get(digits), None | Some(b'/'));
    (digits > 0 && ended).then(|| &segment.pointer[..list.len() + digits])
}
