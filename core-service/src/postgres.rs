//! PostgreSQL as the event store of many nodes.
//!
//! Every node fills it from its own log, as one more sink with a cursor ([`sink`]), and reads from it ([`read`]), so that
//! the page of any node shows the records of all. A record is known by its node and its sequence: what is delivered twice
//! is written and counted once. The log stays what it is: what was acknowledged is there, whatever becomes of this server.
//!
//! **Tables** (schema `portcullis`, made and brought up to date by whichever node comes first):
//!
//! - `record`: one row a record, partitioned by the day (UTC) of its time. A day is dropped as a whole by `log.keep_days`.
//! - `receipt`: what a coverage says besides its counters, by a digest: a deployment has a handful of them.
//! - `aggregate` and `tally`: counts as in the log, by node, so that no two nodes wait for the same row.
//! - `review`, `reveal`: what people made of records of any node.
//!
//! **Payloads** come as the log has them: masked or not kept, where it keeps them so. Where it encrypts them, they do not
//! come at all: to write here in the clear what is encrypted there would undo both the encryption and the erasure. The node
//! that recorded one shows it from its log.

mod connect;
mod filter;
mod notes;
mod read;
mod retention;
mod row;
mod schema;
mod settings;
mod sink;
mod summary;

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::{connect::Connector, read::Reader};
pub use self::{
    settings::{InvalidStore, PostgresSettings, Sealing},
    sink::PostgresSink,
};
use crate::events::{Store, StoreFault};

/// The server, as a node uses it. Nothing is connected before it is needed.
#[derive(Debug)]
pub struct Postgres {
    settings: PostgresSettings,
    connector: Connector,
}

impl Postgres {
    pub fn new(settings: PostgresSettings) -> Result<Self, InvalidStore> {
        let connector = Connector::new(&settings)?;
        Ok(Self { settings, connector })
    }

    pub fn sink(&self) -> PostgresSink {
        PostgresSink::new(self.connector.clone(), self.settings.sealing)
    }

    pub fn store(&self) -> Result<Arc<dyn Store>, InvalidStore> {
        Ok(Arc::new(Reader::new(&self.connector)?))
    }

    /// Makes the tables that are missing. Delivery does it too, and [`Self::tend`].
    pub async fn prepare(&self) -> Result<(), StoreFault> {
        schema::prepare(&mut self.connector.connect().await?).await
    }

    /// Makes the tables and drops what is too old, until `stop`.
    pub fn tend(&self, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(retention::run(self.connector.clone(), self.settings.keep, stop))
    }
}
