//! To an HTTP endpoint: Akto's mini-runtime (`POST <url>/utility/ingestTraffic`, one record a call), one that takes
//! batches of JSON lines, or a collector that takes OTLP log records (`POST <url>/v1/logs`, JSON).
//!
//! **Answers.** 2xx: it is there. 429, 408, 425 and 5xx are tried again, not before `Retry-After` (seconds or a date). So
//! are 3xx, 401, 403, 404, 405 and 407: they refuse this service and its settings, and would make dead letters of all traffic
//! until somebody notices. Any other 4xx is about the record, which is a dead letter.
//!
//! **A record a call:** records of one key one after the other, others beside each other, so many at a time. What looks like
//! the whole endpoint's trouble (no connection, no answer in time, 429, 503, a refusal) ends the batch.
//! **A batch a call:** a batch that is refused is halved until the record is found that it was about. So is one of which a
//! collector says that it left some out, since it does not say which: the others come twice. So is one that is answered
//! with what may be one record's trouble: that record and what follows it of its key are tried again, the others go on. What a
//! collector answered with 2xx and a body that does not come whole is tried again too: the rest may say that it left some out.

mod answer;
mod otlp;
mod settings;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use portcullis_api::trace::{TRACEPARENT, Traceparent};
use reqwest::{Client, redirect::Policy};

pub use self::settings::{HttpForm, HttpSettings, InvalidEndpoint};
use super::{Delivery, DeliveryFailure, Encode, Outcome, Sink};
use crate::record::StoredRecord;

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
/// Calls in a row with a batch and its halves, of which each may fail for one of its records alone; then it is taken for the
/// receiver's trouble. More than it takes to halve the largest batch down to one record.
const FAILURES: usize = 16;
/// By which a receiver knows a record that comes twice: Akto's object has no member for it.
const EVENT_ID: &str = "portcullis-event-id";
const REQUEST_ID: &str = "portcullis-request-id";

pub struct Http {
    settings: HttpSettings,
    encode: Encode,
    client: Client,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Http {
    /// Connects to nobody yet.
    pub fn new(settings: HttpSettings, encode: Encode) -> Result<Self, InvalidEndpoint> {
        // Somebody else's choice stands when there is one.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut client = Client::builder()
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            .redirect(Policy::none())
            .pool_max_idle_per_host(settings.parallel)
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = &settings.roots {
            let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| InvalidEndpoint::Roots)?;
            client = client.tls_certs_only(roots);
        }
        let client = client.build().map_err(|_| InvalidEndpoint::Client)?;
        Ok(Self { settings, encode, client })
    }

    async fn post(&self, content_type: &str, body: Vec<u8>, record: Option<&StoredRecord>) -> Outcome {
        let mut request =
            self.client.post(self.settings.endpoint.clone()).header("content-type", content_type).body(body);
        if let Some(authorization) = &self.settings.authorization {
            request = request.header("authorization", authorization.clone());
        }
        if let Some(StoredRecord { event, .. }) = record {
            request = request.header(EVENT_ID, event.id()).header(REQUEST_ID, event.request_id.to_string());
        }
        // A batch comes of many calls: it is told the delivery's own.
        let traceparent = record.map_or_else(Traceparent::current, |record| record.traceparent.clone());
        if let Some(traceparent) = traceparent {
            request = request.header(TRACEPARENT, traceparent.to_string());
        }
        match request.send().await {
            Ok(response) => answer::read(response, self.settings.form).await,
            Err(error) if error.is_timeout() => Outcome::retry(DeliveryFailure::TimedOut),
            Err(_) => Outcome::retry(DeliveryFailure::Unreachable),
        }
    }

    /// Records of one key in their order, up to the first that is to be tried again.
    async fn chain(&self, batch: &[Delivery], chain: Vec<usize>, ended: &OnceLock<Outcome>) -> Vec<(usize, Outcome)> {
        let mut outcomes = Vec::with_capacity(chain.len());
        let mut stuck = None;
        for index in chain {
            let outcome = match stuck.or_else(|| ended.get().copied()) {
                Some(outcome) => outcome,
                None => {
                    let record = &batch[index].record;
                    self.post(JSON, (self.encode)(record), Some(record)).await
                }
            };
            if let Outcome::Retry { reason, .. } = outcome {
                stuck = Some(outcome);
                if answer::is_about_all(reason) {
                    // The first one speaks for all.
                    let _ = ended.set(outcome);
                }
            }
            outcomes.push((index, outcome));
        }
        outcomes
    }

    async fn each(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::retry(DeliveryFailure::Internal); batch.len()];
        let ended = OnceLock::new();
        let mut waiting = chains(batch).into_iter();
        let mut running = FuturesUnordered::new();
        for chain in waiting.by_ref().take(self.settings.parallel) {
            running.push(self.chain(batch, chain, &ended));
        }
        while let Some(done) = running.next().await {
            for (index, outcome) in done {
                outcomes[index] = outcome;
            }
            if let Some(chain) = waiting.next() {
                running.push(self.chain(batch, chain, &ended));
            }
        }
        outcomes
    }

    fn lines(&self, records: &[&Delivery]) -> Vec<u8> {
        let mut lines = Vec::new();
        for delivery in records {
            lines.extend((self.encode)(&delivery.record));
            lines.push(b'\n');
        }
        lines
    }

    async fn whole(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut outcomes = vec![Outcome::Delivered; batch.len()];
        let mut stuck: HashMap<&Arc<str>, Outcome> = HashMap::new();
        let (mut parts, mut failures) = (vec![(0..batch.len()).collect::<Vec<_>>()], 0);
        while let Some(mut part) = parts.pop() {
            // What follows a record that is to be tried again would overtake it.
            part.retain(|&index| {
                let again = batch[index].key.as_ref().and_then(|key| stuck.get(key));
                if let Some(&again) = again {
                    outcomes[index] = again;
                }
                again.is_none()
            });
            if part.is_empty() {
                continue;
            }
            let records: Vec<_> = part.iter().map(|&index| &batch[index]).collect();
            let (content_type, body) = match self.settings.form {
                HttpForm::Otlp => (JSON, otlp::request(&records, &self.encode)),
                HttpForm::Ndjson | HttpForm::Record => (NDJSON, self.lines(&records)),
            };
            let outcome = self.post(content_type, body, None).await;
            failures = if matches!(outcome, Outcome::Retry { .. }) { failures + 1 } else { 0 };
            match outcome {
                Outcome::Delivered => {}
                Outcome::Retry { reason, .. } if answer::is_about_all(reason) || failures == FAILURES => {
                    for index in part.into_iter().chain(parts.into_iter().flatten()) {
                        outcomes[index] = outcome;
                    }
                    break;
                }
                Outcome::Retry { .. } | Outcome::Permanent(_) if part.len() > 1 => {
                    let rest = part.split_off(part.len() / 2);
                    parts.extend([rest, part]);
                }
                Outcome::Retry { .. } | Outcome::Permanent(_) => {
                    for index in part {
                        outcomes[index] = outcome;
                        if let (Outcome::Retry { .. }, Some(key)) = (outcome, &batch[index].key) {
                            stuck.insert(key, outcome);
                        }
                    }
                }
            }
        }
        outcomes
    }
}

impl Sink for Http {
    async fn deliver(&self, batch: &[Delivery]) -> Vec<Outcome> {
        match self.settings.form {
            HttpForm::Record => self.each(batch).await,
            HttpForm::Ndjson | HttpForm::Otlp => self.whole(batch).await,
        }
    }
}

/// By key, in the order of the first record of each; what has no key is on its own.
fn chains(batch: &[Delivery]) -> Vec<Vec<usize>> {
    let mut places: HashMap<&Arc<str>, usize> = HashMap::new();
    let mut chains: Vec<Vec<usize>> = Vec::new();
    for (index, delivery) in batch.iter().enumerate() {
        let next = chains.len();
        let place = delivery.key.as_ref().map_or(next, |key| *places.entry(key).or_insert(next));
        match chains.get_mut(place) {
            Some(chain) => chain.push(index),
            None => chains.push(vec![index]),
        }
    }
    chains
}
