//! What is remembered of conversations, in memory and for a while: digests, never texts.
//!
//! A session is what `metadata.session_id` names, of one principal, one user and one source: what one tenant does never
//! changes what another's check says. A call without a session id touches nothing here.
//!
//! **What it costs.** A session takes some 400 bytes and at most 2 KiB, whatever its length; there are at most
//! [`Limits::sessions`] of them. Each shard keeps two generations: when the young one is full, or as old as
//! [`Limits::idle`], it takes the place of the old one, which is forgotten. So the least recently used half goes at once,
//! and no list is kept in order. Locks are held for a look into a table, never over a scan.
//!
//! **What is lost.** Everything at a restart, and sessions that are pushed out: their history is scanned again, which
//! changes no decision, their score begins anew, and their answers are judged late once more, which the log recognises by
//! their idempotency key. Quarantines stand apart, so that a flood of new sessions does not lift them; but they too end
//! with the process.

mod digest;
mod entry;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::domain::exchange::CallContext;

pub(crate) use self::digest::turn_of;
use self::entry::Entry;
pub use self::{
    digest::{Chain, Digests},
    entry::{Hints, Known, MAX_TURNS, Turns},
};

const SHARDS: usize = 64;
/// Sessions in quarantine, of a shard. Beyond them the one that would end first is let go.
const QUARANTINED: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Remembered at the same time. 0 remembers none.
    pub sessions: usize,
    /// A session that was not heard of for this long is forgotten.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sessions: 100_000, idle: Duration::from_secs(1800) }
    }
}

/// Which session: a digest that only this process can make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionKey(u128);

/// A session whose requests are refused for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// That imposed it.
    pub policy: Arc<str>,
    /// What for.
    pub reason: &'static str,
    pub lasts: Duration,
}

struct Shard {
    young: HashMap<SessionKey, Entry>,
    old: HashMap<SessionKey, Entry>,
    /// When the generations last changed.
    turned: Duration,
    /// Each with its end.
    quarantined: HashMap<SessionKey, (Duration, Quarantine)>,
}

/// Time since some moment that never changes.
type Clock = Box<dyn Fn() -> Duration + Send + Sync>;

pub struct Sessions {
    shards: Vec<Mutex<Shard>>,
    digests: Digests,
    limits: Limits,
    clock: Clock,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Sessions {
    pub fn new(limits: Limits) -> Self {
        let begun = Instant::now();
        Self::with_clock(limits, move || begun.elapsed())
    }

    pub fn with_clock(limits: Limits, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        let shard = || Shard {
            young: HashMap::new(),
            old: HashMap::new(),
            turned: Duration::ZERO,
            quarantined: HashMap::new(),
        };
        let shards = std::iter::repeat_with(|| Mutex::new(shard())).take(SHARDS).collect();
        Self { shards, digests: Digests::new(), limits, clock: Box::new(clock) }
    }

    /// None when the call names no session, or none are remembered.
    pub fn key(&self, context: &CallContext) -> Option<SessionKey> {
        let session = context.session();
        if session.is_empty() || self.limits.sessions == 0 {
            return None;
        }
        let CallContext { principal, user, source, .. } = context;
        Some(SessionKey(self.digests.whole(&[principal, user, source, session])))
    }

    pub const fn digests(&self) -> &Digests {
        &self.digests
    }

    /// What is known of a conversation under these policies.
    pub fn recall(&self, key: SessionKey, policies: u64, chain: &Chain) -> Known {
        let now = (self.clock)();
        let shard = self.shard(key);
        let entry = shard.young.get(&key).or_else(|| shard.old.get(&key));
        entry.filter(|entry| !self.is_stale(entry, now)).map(|entry| entry.recall(policies, chain)).unwrap_or_default()
    }

    /// That a conversation has been judged this far.
    pub fn learn(&self, key: SessionKey, policies: u64, turns: Turns, chain: &Chain) {
        self.change(key, |entry, _| entry.learn(policies, turns, chain));
    }

    /// That these pieces of an answer were judged as a response, or will be.
    pub fn answered(&self, key: SessionKey, pieces: &[u64]) {
        if !pieces.is_empty() {
            self.change(key, |entry, _| entry.answered(pieces));
        }
    }

    /// Adds to a policy's score of a session what it has not counted yet, and tells what it is now. What was there
    /// before has halved for each half-life that went by. In one step: of two checks of one turn only one counts it.
    pub fn add_score(&self, key: SessionKey, policy: u64, hints: &Hints<'_>, half_life: Duration) -> f32 {
        self.change(key, |entry, now| entry.add_score(policy, hints, half_life, now))
    }

    /// A longer quarantine is not shortened by another. What was scored is forgotten: it has had its consequence.
    pub fn quarantine(&self, key: SessionKey, quarantine: Quarantine) {
        let until = (self.clock)().saturating_add(quarantine.lasts);
        self.change(key, |entry, _| entry.forget_scores());
        let mut shard = self.shard(key);
        let quarantined = &mut shard.quarantined;
        if quarantined.len() >= QUARANTINED && !quarantined.contains_key(&key) {
            let first = quarantined.iter().min_by_key(|(_, (until, _))| *until).map(|(key, _)| *key);
            first.map(|first| quarantined.remove(&first));
        }
        let longer = quarantined.get(&key).is_none_or(|(before, _)| *before < until);
        if longer {
            quarantined.insert(key, (until, quarantine));
        }
    }

    pub fn quarantined(&self, key: SessionKey) -> Option<Quarantine> {
        let mut shard = self.shard(key);
        let (until, quarantine) = shard.quarantined.get(&key)?;
        if *until > (self.clock)() {
            return Some(quarantine.clone());
        }
        shard.quarantined.remove(&key);
        None
    }

    fn change<T>(&self, key: SessionKey, change: impl FnOnce(&mut Entry, Duration) -> T) -> T {
        let now = (self.clock)();
        let mut shard = self.shard(key);
        let shard = &mut *shard;
        if !shard.young.contains_key(&key) {
            // Before the generations change: it may be in the one that goes.
            let known = shard.old.remove(&key).filter(|entry| !self.is_stale(entry, now));
            let half = (self.limits.sessions / SHARDS / 2).max(1);
            if shard.young.len() >= half || now.saturating_sub(shard.turned) >= self.limits.idle {
                shard.old = std::mem::take(&mut shard.young);
                shard.turned = now;
            }
            shard.young.insert(key, known.unwrap_or_default());
        }
        let entry = shard.young.entry(key).or_default();
        if self.is_stale(entry, now) {
            *entry = Entry::default();
        }
        entry.heard_of = now;
        change(entry, now)
    }

    fn is_stale(&self, entry: &Entry, now: Duration) -> bool {
        now.saturating_sub(entry.heard_of) >= self.limits.idle
    }

    fn shard(&self, key: SessionKey) -> MutexGuard<'_, Shard> {
        // The low bits of a digest are as good as any.
        let at = (key.0 % SHARDS as u128) as usize;
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        let count = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap();
            shard.young.len() + shard.old.len()
        };
        self.shards.iter().map(count).sum()
    }
}
