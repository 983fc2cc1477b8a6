//! A sink for tests, in memory, that does what it is told.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use tokio::sync::watch;

use super::{Delivery, Outcome, Sink};

type Decide = Box<dyn Fn(&Delivery) -> Outcome + Send + Sync>;

#[derive(Clone)]
pub(super) struct MemorySink(Arc<Shared>);

struct Shared {
    decide: Mutex<Decide>,
    batches: Mutex<Vec<Vec<u64>>>,
    delivered: watch::Sender<Vec<u64>>,
    closed: watch::Sender<bool>,
}

impl MemorySink {
    pub(super) fn new(decide: impl Fn(&Delivery) -> Outcome + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            decide: Mutex::new(Box::new(decide)),
            batches: Mutex::default(),
            delivered: watch::Sender::new(Vec::new()),
            closed: watch::Sender::new(false),
        }))
    }

    pub(super) fn willing() -> Self {
        Self::new(|_| Outcome::Delivered)
    }

    pub(super) fn decides(&self, decide: impl Fn(&Delivery) -> Outcome + Send + Sync + 'static) {
        *self.0.decide.lock().unwrap() = Box::new(decide);
    }

    /// What was handed over, batch by batch, whatever became of it.
    pub(super) fn batches(&self) -> Vec<Vec<u64>> {
        self.0.batches.lock().unwrap().clone()
    }

    pub(super) fn tried(&self) -> HashSet<u64> {
        self.batches().into_iter().flatten().collect()
    }

    pub(super) fn delivered(&self) -> Vec<u64> {
        self.0.delivered.borrow().clone()
    }

    /// Waits for so many, and returns all.
    pub(super) async fn arrived(&self, count: usize) -> Vec<u64> {
        self.0.delivered.subscribe().wait_for(|delivered| delivered.len() >= count).await.unwrap();
        self.delivered()
    }

    pub(super) fn is_closed(&self) -> bool {
        *self.0.closed.borrow()
    }
}

impl Sink for MemorySink {
    async fn deliver(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let decide = self.0.decide.lock().unwrap();
        self.0.batches.lock().unwrap().push(batch.iter().map(Delivery::sequence).collect());
        let mut stuck = HashMap::new();
        batch
            .iter()
            .map(|delivery| {
                let key = delivery.key.clone();
                if let Some(&outcome) = key.as_ref().and_then(|key| stuck.get(key)) {
                    return outcome;
                }
                let outcome = decide(delivery);
                match outcome {
                    Outcome::Delivered => self.0.delivered.send_modify(|all| all.push(delivery.sequence())),
                    Outcome::Retry { .. } => stuck.extend(key.map(|key| (key, outcome))),
                    Outcome::Permanent(_) => {}
                }
                outcome
            })
            .collect()
    }

    async fn close(&self) {
        self.0.closed.send_replace(true);
    }
}
