//! To Kafka, by an idempotent producer: one record a message, acknowledged by all in-sync replicas.
//!
//! **Order.** A message's key is the delivery's, and its partition follows from it. When a record of a key is to be tried
//! again, what followed it in the batch is sent again too, though it may have arrived: a reader sees the last of each in
//! the right order, and knows repeats by the header `portcullis-event-id`.
//!
//! **Copies** for the topic of violations go first, and the record follows when its copy is there: a topic that is missing
//! or forbidden must not bring its record to the other one again with every try. A copy that arrived is remembered until the
//! record has too, so that it does not come again either, but for a restart between the two. It costs a batch with copies the time
//! of two answers.
//!
//! **One for all.** Brokers take a request of many records whole or not at all, and old ones do not say which record they
//! object to. So none is given up before it was refused alone: what was refused together is sent again in halves.
//!
//! **Size.** A record that is larger than [`KafkaSettings::max_request_bytes`], or than the topic takes, is sent without
//! its payloads, with their place and their size ([`flat::Form::Marked`]) and the header `portcullis-payload: stored`.
//! The log has them: `EventService.GetEvent`.

mod context;
mod failure;
mod headers;
mod settings;

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use rdkafka::{
    error::{KafkaError, RDKafkaErrorCode},
    producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer as _},
};

pub use self::settings::{Compression, Credentials as KafkaCredentials, KafkaSettings, Mechanism, Security, Value};
use self::{
    context::Context,
    failure::{of_the_request, outcome},
    headers::headers,
};
use super::{
    Delivery, DeliveryFailure, Outcome, Sink, StoredRecord,
    flat::{self, Account, Form},
};

/// To find out whether the topics are there.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

/// Writes a record in [`Value::Protobuf`]: what a message looks like is known above this module.
pub(super) type Protobuf = fn(StoredRecord) -> Vec<u8>;

pub struct Kafka {
    settings: KafkaSettings,
    account: Account,
    protobuf: Protobuf,
    client_id: String,
    context: Context,
    /// Replaced after an error that ends it.
    producer: ArcSwap<Producer>,
    /// Sequences of records that are to be tried again and whose copy is there: no more than a sink's task holds.
    copied: Mutex<HashSet<u64>>,
}

type Producer = FutureProducer<Context>;

impl fmt::Debug for Kafka {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kafka").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
struct Message {
    /// Of the delivery in the batch.
    index: usize,
    copy: bool,
    form: Form,
}

/// A message under way.
type Sent = (Message, Result<DeliveryFuture, KafkaError>);

impl Kafka {
    /// Connects to nobody yet: that brokers are down is no reason not to start. The error is about the settings.
    pub fn new(settings: KafkaSettings, account: Account, node: &str, protobuf: Protobuf) -> Result<Self, KafkaError> {
        let client_id = format!("portcullis-{node}");
        let context = Context::default();
        let producer = produce(&settings, &client_id, &context)?;
        let (producer, copied) = (ArcSwap::from_pointee(producer), Mutex::default());
        Ok(Self { settings, account, protobuf, client_id, context, producer, copied })
    }

    /// Says in the log whether the brokers answer and the topics are there. Takes some seconds when they do not.
    pub fn look_up_topics(&self) -> impl Future<Output = ()> + Send + 'static {
        let producer = self.producer.load_full();
        let topics = [Some(self.settings.topic.clone()), self.settings.violations_topic.clone()];
        let look = move || {
            for topic in topics.into_iter().flatten() {
                look_up(&producer, &topic);
            }
        };
        // It ends with the process at the latest.
        async { drop(tokio::task::spawn_blocking(look).await) }
    }

    fn send(&self, producer: &Producer, batch: &[Delivery], message: Message) -> Sent {
        let Message { index, copy, form } = message;
        let delivery = &batch[index];
        let record = &delivery.record;
        let value = match (self.settings.value, form) {
            (Value::Akto, form) => flat::encode(record, &self.account, form),
            (Value::Protobuf, Form::Whole) => (self.protobuf)(record.clone()),
            (Value::Protobuf, Form::Marked) => (self.protobuf)(record.without_payloads()),
        };
        let topic =
            if copy { self.settings.violations_topic.as_deref().unwrap_or_default() } else { &self.settings.topic };
        let mut future = FutureRecord::to(topic)
            .payload(&value)
            .timestamp(record.event.time.as_millisecond())
            .headers(headers(record, self.settings.value, form));
        future.key = delivery.key.as_ref().map(|key| key.as_bytes());
        match producer.send_result(future) {
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _)) if form == Form::Whole => {
                self.send(producer, batch, Message { form: Form::Marked, ..message })
            }
            sent => (message, sent.map_err(|(error, _)| error)),
        }
    }

    /// What became of each. Ends: the library answers for every message within [`KafkaSettings::timeout`].
    async fn send_all(
        &self,
        producer: &Producer,
        batch: &[Delivery],
        group: &[Message],
    ) -> Vec<(Message, Option<KafkaError>)> {
        let sent: Vec<Sent> = group.iter().map(|&message| self.send(producer, batch, message)).collect();
        join_all(sent.into_iter().map(async |(message, result)| {
            let error = match result {
                Ok(future) => match future.await {
                    Ok(Ok(_)) => None,
                    Ok(Err((error, _))) => Some(error),
                    Err(_) => Some(KafkaError::Canceled),
                },
                Err(error) => Some(error),
            };
            (message, error)
        }))
        .await
    }

    fn copied(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.copied.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The copies that are still to be sent.
    fn copies(&self, batch: &[Delivery]) -> Vec<Message> {
        if self.settings.violations_topic.is_none() {
            return Vec::new();
        }
        let copied = self.copied();
        let is_due = |delivery: &Delivery| {
            let judged = delivery.record.event.outcome.judged();
            judged.is_some_and(|judged| !judged.decision.violations.is_empty())
                && !copied.contains(&delivery.sequence())
        };
        let due = batch.iter().enumerate().filter(|(_, delivery)| is_due(delivery));
        due.map(|(index, _)| Message { index, copy: true, form: Form::Whole }).collect()
    }

    async fn settle(&self, producer: &Producer, batch: &[Delivery], all: Vec<Message>, outcomes: &mut [Outcome]) {
        if all.is_empty() {
            return;
        }
        // The first is sent first.
        let mut groups = vec![all];
        while let Some(group) = groups.pop() {
            let answers = self.send_all(producer, batch, &group).await;
            if answers.iter().any(|(_, error)| error.is_none()) {
                self.context.is_well();
            }
            let mut taken = 0;
            let (mut together, mut keys) = (Vec::new(), HashSet::new());
            for (message, error) in answers {
                let key = batch[message.index].key.as_ref().map(|key| (key, message.copy));
                let Some(error) = error else {
                    // It must not stay before what it follows.
                    if key.is_some_and(|key| keys.contains(&key)) {
                        together.push(message);
                    }
                    taken += 1;
                    continue;
                };
                let said = outcome(&error, self.context.trouble());
                let outcome = &mut outcomes[message.index];
                if of_the_request(&error) && group.len() > 1 {
                    keys.extend(key);
                    together.push(message);
                } else if said == Outcome::Permanent(DeliveryFailure::TooLarge) && message.form == Form::Whole {
                    // The topic takes less than the settings say.
                    groups.push(vec![Message { form: Form::Marked, ..message }]);
                } else if !matches!(outcome, Outcome::Retry { .. }) {
                    *outcome = said;
                }
            }
            if !together.is_empty() {
                let behind = together.split_off(together.len().div_ceil(2));
                groups.extend([behind, together].into_iter().filter(|group| !group.is_empty()));
            } else if taken == 0 && matches!(outcomes[group[0].index], Outcome::Retry { .. }) {
                // Nobody is there any more: the rest need not find that out each.
                let again = outcomes[group[0].index];
                groups.drain(..).flatten().for_each(|message| outcomes[message.index] = again);
            }
        }
    }

    /// After an error that ends a producer nothing goes through it any more.
    fn renew(&self, producer: &Producer) {
        let Some((code, _)) = producer.client().fatal_error() else { return };
        tracing::error!(error = %code, "kafka: the producer failed for good and is replaced");
        match produce(&self.settings, &self.client_id, &self.context) {
            Ok(renewed) => self.producer.store(Arc::new(renewed)),
            Err(error) => tracing::error!(%error, "kafka: no new producer could be made"),
        }
    }
}

fn look_up(producer: &Producer, topic: &str) {
    let metadata = match producer.client().fetch_metadata(Some(topic), METADATA_TIMEOUT) {
        Ok(metadata) => metadata,
        Err(error) => {
            return tracing::warn!(topic, %error, "kafka: no broker answers yet; records wait in the log");
        }
    };
    let Some(found) = metadata.topics().first() else {
        return tracing::warn!(topic, "kafka: there is no such topic; records wait in the log");
    };
    match found.error() {
        None => tracing::info!(topic, partitions = found.partitions().len(), "kafka: the topic is there"),
        Some(error) => {
            let error = RDKafkaErrorCode::from(error);
            tracing::warn!(topic, %error, "kafka: the topic cannot be written; records wait in the log");
        }
    }
}

fn produce(settings: &KafkaSettings, client_id: &str, context: &Context) -> Result<Producer, KafkaError> {
    settings.client(client_id).create_with_context(context.clone())
}

impl Sink for Kafka {
    async fn deliver(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let producer = self.producer.load_full();
        let mut outcomes = vec![Outcome::Delivered; batch.len()];
        let copies = self.copies(batch);
        self.settle(&producer, batch, copies.clone(), &mut outcomes).await;
        let messages = behind_copies(batch, &mut outcomes);
        let arrived = copies.iter().filter(|copy| outcomes[copy.index] == Outcome::Delivered);
        self.copied().extend(arrived.map(|copy| batch[copy.index].sequence()));
        self.settle(&producer, batch, messages, &mut outcomes).await;
        self.renew(&producer);
        keep_order(batch, &mut outcomes);
        let mut copied = self.copied();
        for (delivery, outcome) in batch.iter().zip(&outcomes) {
            if !matches!(outcome, Outcome::Retry { .. }) {
                copied.remove(&delivery.sequence());
            }
        }
        outcomes
    }

    async fn close(&self) {
        let producer = self.producer.load_full();
        // Whoever waited for what is left is gone.
        let flushed = tokio::task::spawn_blocking(move || producer.flush(Duration::from_secs(1)));
        let _ = flushed.await;
    }
}

/// The records themselves, but for those whose copy is to be tried again, and what follows these.
fn behind_copies(batch: &[Delivery], outcomes: &mut [Outcome]) -> Vec<Message> {
    let mut messages = Vec::with_capacity(batch.len());
    let mut held: HashSet<&Arc<str>> = HashSet::new();
    for (index, (delivery, outcome)) in batch.iter().zip(outcomes).enumerate() {
        let key = delivery.key.as_ref();
        if key.is_some_and(|key| held.contains(key)) {
            // Whatever became of its own copy, which comes again behind the one that is missing.
            *outcome = Outcome::retry(DeliveryFailure::Unavailable);
        }
        if matches!(outcome, Outcome::Retry { .. }) {
            held.extend(key);
        } else {
            messages.push(Message { index, copy: false, form: Form::Whole });
        }
    }
    messages
}

/// What follows a record of its key that is to be tried again, is tried again behind it.
fn keep_order(batch: &[Delivery], outcomes: &mut [Outcome]) {
    let mut held = HashSet::new();
    for (delivery, outcome) in batch.iter().zip(outcomes) {
        let Some(key) = &delivery.key else { continue };
        match *outcome {
            Outcome::Retry { .. } => {
                held.insert(Arc::clone(key));
            }
            Outcome::Delivered if held.contains(key) => *outcome = Outcome::retry(DeliveryFailure::Unavailable),
            Outcome::Delivered | Outcome::Permanent(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
