//! What a sink's task holds in memory: the records that were read and are not done with.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Delivery, DeliveryFailure, StoredRecord};
use crate::record::{Undelivered, UndeliveredState};

#[derive(Debug)]
struct Slot {
    key: Option<Arc<str>>,
    time: Timestamp,
    bytes: usize,
    attempts: u32,
    /// Not before.
    due: Option<Instant>,
    /// The state under which the log has it among the undelivered.
    stored: Option<UndeliveredState>,
    last: Option<(DeliveryFailure, Timestamp)>,
    /// None while it is with the sink.
    delivery: Option<Delivery>,
}

/// In the order of the sequences.
#[derive(Debug, Default)]
pub(super) struct Window {
    slots: BTreeMap<u64, Slot>,
    bytes: usize,
}

impl Window {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn has(&self, sequence: u64) -> bool {
        self.slots.contains_key(&sequence)
    }

    /// When the oldest record was made.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.slots.values().map(|slot| slot.time).min()
    }

    /// `known` is what the log has of it among the undelivered.
    pub(super) fn add(&mut self, record: StoredRecord, known: Option<&Undelivered>) {
        let bytes = record.footprint();
        let attempts = known.map_or(0, |known| known.attempts);
        let delivery = Delivery::new(record, attempts);
        let slot = Slot {
            key: delivery.key.clone(),
            time: delivery.record.event.time,
            bytes,
            attempts,
            due: None,
            stored: known.map(|known| known.state),
            last: known.map(|known| (known.reason, known.time)),
            delivery: Some(delivery),
        };
        let sequence = slot.delivery.as_ref().map_or(0, Delivery::sequence);
        self.bytes += bytes;
        if let Some(twice) = self.slots.insert(sequence, slot) {
            self.bytes -= twice.bytes;
        }
    }

    /// Takes out what may be handed over now, in order and bounded. Nothing of a key that has an older record which may not.
    pub(super) fn take(&mut self, now: Instant, records: usize, bytes: usize) -> Vec<Delivery> {
        let mut held_up = HashSet::new();
        let (mut batch, mut taken) = (Vec::new(), 0);
        for slot in self.slots.values_mut() {
            if batch.len() >= records || taken >= bytes {
                break;
            }
            if slot.key.as_ref().is_some_and(|key| held_up.contains(key)) {
                continue;
            }
            if slot.due.is_some_and(|due| due > now) {
                held_up.extend(slot.key.clone());
                continue;
            }
            if let Some(delivery) = slot.delivery.take() {
                taken += slot.bytes;
                batch.push(delivery);
            }
        }
        batch
    }

    /// What may be handed over while nothing gets there: of each key its oldest record alone, and first what was tried least. So
    /// a record that is refused for a while takes one place, whatever follows it, and however many such there are, everybody
    /// else gets a turn. It walks over all that is in hand, which is bounded, and so seldom that it costs nothing.
    pub(super) fn probe(&mut self, now: Instant, records: usize, bytes: usize) -> Vec<Delivery> {
        let mut seen = HashSet::new();
        let mut oldest: Vec<&mut Slot> = self
            .slots
            .values_mut()
            .filter(|slot| slot.key.as_ref().is_none_or(|key| seen.insert(Arc::clone(key))))
            .filter(|slot| slot.delivery.is_some() && slot.due.is_none_or(|due| due <= now))
            .collect();
        // Stable: those that were tried as often stay in their order.
        oldest.sort_by_key(|slot| slot.attempts);
        let (mut batch, mut taken) = (Vec::new(), 0);
        for slot in oldest {
            if batch.len() >= records || taken >= bytes {
                break;
            }
            if let Some(delivery) = slot.delivery.take() {
                taken += slot.bytes;
                batch.push(delivery);
            }
        }
        batch.sort_unstable_by_key(Delivery::sequence);
        batch
    }

    /// When the next record may be tried again that has to wait. What was due before waits for another of its key.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        self.slots.values().filter_map(|slot| slot.due).filter(|&due| due > now).min()
    }

    /// Done with, one way or the other: whether the log has it among the undelivered.
    pub(super) fn remove(&mut self, sequence: u64) -> bool {
        let Some(slot) = self.slots.remove(&sequence) else { return false };
        self.bytes -= slot.bytes;
        slot.stored.is_some()
    }

    /// To be tried again. `wait` is told how often it failed now.
    pub(super) fn put_back(
        &mut self,
        mut delivery: Delivery,
        reason: DeliveryFailure,
        time: Timestamp,
        wait: impl FnOnce(u32) -> Option<Instant>,
    ) {
        let Some(slot) = self.slots.get_mut(&delivery.sequence()) else { return };
        slot.attempts = slot.attempts.saturating_add(1);
        slot.due = wait(slot.attempts);
        slot.last = Some((reason, time));
        delivery.attempts = slot.attempts;
        slot.delivery = Some(delivery);
    }

    /// Up to where everything was tried, or waits for an older record of its key that was, when all up to `read_to` was
    /// read; and what of that has to be stored as held, so that the cursor can stand there.
    pub(super) fn boundary(&self, read_to: u64) -> (u64, Vec<Undelivered>) {
        let (mut stuck, mut held) = (HashMap::new(), Vec::new());
        for (&sequence, slot) in &self.slots {
            let key = slot.key.as_deref();
            let last = slot.last.or_else(|| key.and_then(|key| stuck.get(key).copied()));
            let Some((reason, time)) = last else { return (sequence.saturating_sub(1), held) };
            if let Some(key) = key {
                stuck.entry(key).or_insert((reason, time));
            }
            if slot.stored.is_none() {
                let state = UndeliveredState::Held;
                held.push(Undelivered { sequence, state, reason, attempts: slot.attempts, time });
            }
        }
        (read_to, held)
    }

    /// They are in the log among the undelivered now.
    pub(super) fn stored(&mut self, held: &[Undelivered]) {
        for one in held {
            if let Some(slot) = self.slots.get_mut(&one.sequence) {
                slot.stored = Some(one.state);
            }
        }
    }
}

#[cfg(test)]
mod tests;
