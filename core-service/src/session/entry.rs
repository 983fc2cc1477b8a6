//! What is remembered of one session.

use std::time::Duration;

use super::digest::Chain;

/// Turns of a conversation that are remembered; later ones are scanned each time.
pub const MAX_TURNS: usize = 1024;
/// Conversations of one session: another policy's view, a branch, an edited turn.
const HISTORIES: usize = 4;
/// Pieces of answers that were judged as they came.
const ANSWERED: usize = 32;
/// Policies that keep a score.
const SCORES: usize = 8;
/// Turns that a score knows to have been added to it, each with all turns before it: of branches, and of requests that
/// come again while a conversation goes on.
const COUNTED: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) heard_of: Duration,
    /// The most recent last.
    histories: Vec<History>,
    /// The most recent last.
    answered: Vec<u64>,
    scores: Vec<Score>,
}

#[derive(Debug)]
struct History {
    policies: u64,
    turns: Turns,
}

/// How far a conversation has been judged, and which of its turns had nothing in them that any rule found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turns {
    count: usize,
    /// Of everything up to the end of the last of them.
    digest: u128,
    clean: Vec<u64>,
}

impl Turns {
    pub fn new(chain: &Chain, clean: impl Fn(usize) -> bool) -> Self {
        let count = chain.digests.len().min(MAX_TURNS);
        let mut bits = vec![0; count.div_ceil(64)];
        for turn in (0..count).filter(|&turn| clean(turn)) {
            bits[turn / 64] |= 1 << (turn % 64);
        }
        let digest = count.checked_sub(1).map_or(0, |last| chain.digests[last]);
        Self { count, digest, clean: bits }
    }

    fn begins(&self, chain: &Chain) -> bool {
        self.count > 0 && chain.digests.get(self.count - 1) == Some(&self.digest)
    }
}

/// What a session knows of a request.
#[derive(Debug, Clone, Default)]
pub struct Known {
    turns: Turns,
    answered: Vec<u64>,
}

impl Known {
    /// Turns at the start that were judged before, clean or not.
    pub const fn turns(&self) -> usize {
        self.turns.count
    }

    pub fn is_clean(&self, turn: usize) -> bool {
        turn < self.turns.count && self.turns.clean[turn / 64] & 1 << (turn % 64) != 0
    }

    pub fn was_answered(&self, piece: u64) -> bool {
        self.answered.contains(&piece)
    }
}

/// What is to be added to a score.
#[derive(Debug)]
pub struct Hints<'h> {
    pub chain: &'h Chain,
    /// 0 to 1, each with its turn. What stands in no turn is added each time.
    pub scores: &'h [(Option<usize>, f32)],
}

#[derive(Debug)]
struct Score {
    policy: u64,
    value: f32,
    at: Duration,
    /// Turns of which the hints are in it, with all before them, whatever else was forgotten. The most recent last.
    counted: Vec<u64>,
}

impl Score {
    /// Adds what is not in it yet.
    fn add(&mut self, Hints { chain, scores }: &Hints<'_>) {
        let known = chain.last_of(&self.counted);
        let is_new = |turn: Option<usize>| turn.is_none_or(|turn| known.is_none_or(|known| turn > known));
        let (mut sum, mut turns) = (0.0_f32, Vec::new());
        for &(turn, score) in scores.iter().filter(|(turn, _)| is_new(*turn)) {
            sum += score;
            turns.extend(turn);
        }
        self.value += sum;
        turns.sort_unstable();
        turns.dedup();
        let last = turns.pop();
        for piece in [known, last].into_iter().flatten().filter_map(|turn| chain.up_to(turn)) {
            self.counted.retain(|counted| *counted != piece);
            push(&mut self.counted, piece, COUNTED);
        }
        // A branch may leave the conversation between the two. These are the first to go, and push nothing out: who resends
        // two long branches in turn must not be counted each time.
        let room = COUNTED.saturating_sub(self.counted.len());
        for piece in turns.into_iter().rev().filter_map(|turn| chain.up_to(turn)).take(room) {
            self.counted.insert(0, piece);
        }
    }
}

impl Entry {
    pub(super) fn recall(&self, policies: u64, chain: &Chain) -> Known {
        let begins = |history: &&History| history.policies == policies && history.turns.begins(chain);
        let longest = self.histories.iter().filter(begins).max_by_key(|history| history.turns.count);
        let turns = longest.map(|history| history.turns.clone()).unwrap_or_default();
        Known { turns, answered: self.answered.clone() }
    }

    pub(super) fn learn(&mut self, policies: u64, turns: Turns, chain: &Chain) {
        // A conversation that went on takes the place of its own beginning.
        self.histories.retain(|history| history.policies != policies || !history.turns.begins(chain));
        push(&mut self.histories, History { policies, turns }, HISTORIES);
    }

    pub(super) fn answered(&mut self, pieces: &[u64]) {
        for &piece in pieces {
            self.answered.retain(|known| *known != piece);
            push(&mut self.answered, piece, ANSWERED);
        }
    }

    pub(super) fn add_score(&mut self, policy: u64, hints: &Hints<'_>, half_life: Duration, now: Duration) -> f32 {
        if let Some(score) = self.scores.iter_mut().find(|score| score.policy == policy) {
            let half_lives = now.saturating_sub(score.at).as_secs_f32() / half_life.as_secs_f32().max(1.0);
            score.value *= (-half_lives).exp2();
            score.at = now;
            score.add(hints);
            return score.value;
        }
        let mut score = Score { policy, value: 0.0, at: now, counted: Vec::new() };
        score.add(hints);
        let sum = score.value;
        if sum > 0.0 {
            push(&mut self.scores, score, SCORES);
        }
        sum
    }

    #[cfg(test)]
    pub(super) fn sizes(&self) -> [usize; 3] {
        [self.histories.len(), self.answered.len(), self.scores.len()]
    }

    /// Not what was counted: after a quarantine the conversation comes back whole.
    pub(super) fn forget_scores(&mut self) {
        self.scores.iter_mut().for_each(|score| score.value = 0.0);
    }
}

/// Adds, and lets the oldest go when there are too many.
fn push<T>(list: &mut Vec<T>, item: T, most: usize) {
    if list.len() == most {
        list.remove(0);
    }
    list.push(item);
}
