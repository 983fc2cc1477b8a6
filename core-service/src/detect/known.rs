//! Texts in which nothing was found. The same text is not read again under the same rules: chats send their history with
//! every turn, and applications their instructions with every call.
//!
//! **Why no answer changes.** What a scan finds follows from the text, who speaks, and what is asked for; the rules are those of one
//! set, and a changed policy makes another set. Texts are known by 128 bits of SipHash-1-3 under a key drawn with the set:
//! nobody outside can make two of them meet. What had a finding is not remembered, nor what was not read to its end, nor what
//! the second stage may read the next time.
//!
//! **What it tells.** How long a check takes says whether somebody sent the same text before. Tenants share nothing: they
//! could try out each other's texts.
//!
//! **What it costs.** 100 to 400 bytes a text (those that the second stage read, or that had something to undo, take more), whatever its length, and a digest of each text that is scanned, a hundredth of the
//! scan.

use std::{
    fmt,
    hash::{Hash as _, Hasher as _},
    mem,
    sync::Arc,
};

use quick_cache::sync::Cache;
use siphasher::sip128::{Hasher128 as _, SipHasher13};
use uuid::Uuid;

use super::{
    rule_mask::RuleMask,
    scanner::{Findings, Scanner, Scratch, Told},
};
use crate::domain::segment::{Role, Segment};

pub struct Known {
    /// Keyed.
    hasher: SipHasher13,
    clean: Cache<u128, Clean>,
}

/// None: there is nothing to tell of the text.
type Clean = Option<Arc<Told>>;

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").field("texts", &self.clean.len()).finish_non_exhaustive()
    }
}

/// Who asks for what: knows the texts that were found clean for him.
#[derive(Clone, Copy)]
pub struct Asker(SipHasher13);

/// Its state would tell the key.
impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asker(..)")
    }
}

impl Known {
    /// So many texts.
    pub fn new(texts: usize) -> Self {
        // 122 random bits.
        Self { hasher: SipHasher13::new_with_key(&Uuid::new_v4().into_bytes()), clean: Cache::new(texts) }
    }

    /// `tenant` shares nothing with another.
    pub fn asker(&self, tenant: &str, role: Role, mask: &RuleMask) -> Asker {
        let mut hasher = self.hasher;
        (tenant, role, mask).hash(&mut hasher);
        Asker(hasher)
    }

    /// [`Scanner::scan`], or what it said of the same text. False: the text was not read.
    pub fn scan(
        &self,
        asker: Asker,
        scanner: &Scanner,
        (number, segment, mask): (u32, &Segment<'_>, &RuleMask),
        scratch: &mut Scratch,
        findings: &mut Findings,
    ) -> bool {
        let Asker(mut hasher) = asker;
        hasher.write_usize(segment.context);
        hasher.write(segment.text.as_bytes());
        let key = hasher.finish128().as_u128();
        if let Some(clean) = self.clean.get(&key) {
            if let Some(told) = clean {
                scratch.told.add(&told);
            }
            return false;
        }
        let found = findings.list.len();
        let before = mem::take(&mut scratch.told);
        scanner.scan(number, segment, mask, scratch, findings);
        let told = mem::replace(&mut scratch.told, before);
        scratch.told.add(&told);
        // What a rule finds after too much in the texts before is not listed: then nothing says that this one is clean.
        if told.is_whole() && findings.list.len() == found && findings.overflowed.is_empty() {
            self.clean.insert(key, (told != Told::default()).then(|| Arc::new(told)));
        }
        true
    }
}

#[cfg(test)]
mod tests;
