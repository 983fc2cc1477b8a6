//! The tables that searches build as they go, and the buffers that scans write into, shared by all checks and bounded as a whole.
//!
//! Left to itself every pattern keeps its tables for every thread that ever used it: hundreds of megabytes under
//! mixed traffic. Here a check borrows one set for all patterns, there are no more sets than checks at once, and a
//! set that outgrows its bound drops what was not used for longest.

use std::{
    sync::{Mutex, PoisonError},
    thread,
};

use regex_automata::meta::{Cache, Regex};

use super::{rule_mask::RuleIndex, scanner::Buffers};

/// Bytes of one set. Ordinary traffic takes a few megabytes.
const SET_BYTES: usize = 16 << 20;
/// The longest text whose buffers are kept: they take some ten times its bytes.
const TEXT_BYTES: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct CachePool {
    tables: Mutex<Vec<Tables>>,
    buffers: Mutex<Vec<Buffers>>,
    /// More of each than processors are of no use to anyone once a burst is over.
    kept: usize,
}

impl Default for CachePool {
    fn default() -> Self {
        let kept = thread::available_parallelism().map_or(1, usize::from);
        Self { tables: Mutex::default(), buffers: Mutex::default(), kept }
    }
}

impl CachePool {
    pub(super) fn take(&self, rules: usize) -> CacheSet {
        let tables = taken(&self.tables).unwrap_or_else(|| Tables::new(rules));
        CacheSet { tables, buffers: taken(&self.buffers).unwrap_or_default() }
    }

    pub(super) fn give_back(&self, tables: Tables) {
        self.keep(&self.tables, tables);
    }

    /// Those of a text of so many bytes.
    pub(super) fn give_back_buffers(&self, buffers: Buffers, bytes: usize) {
        if bytes <= TEXT_BYTES {
            self.keep(&self.buffers, buffers);
        }
    }

    fn keep<T>(&self, idle: &Mutex<Vec<T>>, one: T) {
        let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.kept {
            idle.push(one);
        }
    }
}

fn taken<T>(idle: &Mutex<Vec<T>>) -> Option<T> {
    idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

/// What one scan borrows.
#[derive(Debug)]
pub(super) struct CacheSet {
    pub(super) tables: Tables,
    pub(super) buffers: Buffers,
}

#[derive(Debug)]
pub(super) struct Tables {
    slots: Vec<Option<Box<Slot>>>,
    bytes: usize,
    /// Counts uses.
    clock: u64,
}

#[derive(Debug)]
struct Slot {
    cache: Cache,
    bytes: usize,
    used: u64,
}

impl Tables {
    fn new(rules: usize) -> Self {
        Self { slots: (0..rules).map(|_| None).collect(), bytes: 0, clock: 0 }
    }

    pub(super) fn with<T>(&mut self, index: RuleIndex, regex: &Regex, search: impl FnOnce(&mut Cache) -> T) -> T {
        self.clock += 1;
        let entry = &mut self.slots[index as usize];
        let slot = entry.get_or_insert_with(|| Box::new(Slot { cache: regex.create_cache(), bytes: 0, used: 0 }));
        slot.used = self.clock;
        let found = search(&mut slot.cache);
        let before = std::mem::replace(&mut slot.bytes, slot.cache.memory_usage());
        self.bytes = self.bytes + slot.bytes - before;
        if self.bytes > SET_BYTES {
            self.shrink();
        }
        found
    }

    /// Down to half of the bound, so that it is not reached again at once.
    fn shrink(&mut self) {
        let mut ages: Vec<(u64, usize)> =
            self.slots.iter().enumerate().filter_map(|(at, slot)| Some((slot.as_ref()?.used, at))).collect();
        ages.sort_unstable();
        for (_, at) in ages {
            if self.bytes <= SET_BYTES / 2 {
                break;
            }
            self.bytes -= self.slots[at].take().map_or(0, |slot| slot.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::pattern;

    #[test]
    fn a_set_stays_within_its_bound_and_forgets_the_oldest() {
        let regex = pattern::compile(r"\w+ \pL{3,40}!").unwrap();
        let pool = CachePool::default();
        let mut set = pool.take(1000);
        let tables = &mut set.tables;
        for index in 0..1000 {
            let text = "some words of a text that are no match, größer als ἄλφα и бета ";
            tables.with(index, &regex, |cache| regex.search_with(cache, &regex_automata::Input::new(text)));
            assert!(tables.bytes <= SET_BYTES);
        }
        assert_eq!(tables.bytes, tables.slots.iter().flatten().map(|slot| slot.bytes).sum::<usize>());
        assert!(tables.slots[0].is_none() && tables.slots[999].is_some());
        pool.give_back(set.tables);
        assert!(pool.take(1000).tables.bytes > 0);
    }
}
