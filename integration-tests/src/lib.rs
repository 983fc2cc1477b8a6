//! Starts the real programs on free ports, and speaks to them as their users do.
//!
//! A test that fails shows what the program printed: the harness keeps it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a harness fails by panicking"
)]

pub mod authority;
pub mod broker;
pub mod collector;
pub mod disk;
pub mod faults;
pub mod front;
pub mod gateway;
pub mod grpcurl;
pub mod http;
pub mod issuer;
pub mod postgres;
pub mod program;
pub mod python;
pub mod receiver;
pub mod upstream;

pub use broker::{Broker, Received};
pub use collector::Collector;
pub use disk::SmallDisk;
pub use faults::{Fault, Faults};
pub use gateway::{Age, Behaviour, Gateway, Strategy};
pub use grpcurl::{grpcurl, grpcurl_tls};
pub use http::{Answer, Client};
pub use postgres::{Database, Postgres};
pub use program::{Program, Setup};
pub use receiver::Receiver;
pub use upstream::Upstream;

use std::{future::Future, path::PathBuf, time::Duration};

/// What `integration-tests/run` installed; panics when it is not there.
pub fn tool(name: &str) -> PathBuf {
    let tools = std::env::var_os("PORTCULLIS_TEST_TOOLS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".tools"), PathBuf::from);
    let tool = tools.join(name);
    assert!(tool.exists(), "{} is missing: run integration-tests/run", tool.display());
    tool
}

/// Asks until the answer is there. Without an own limit: a test run has one for all.
pub async fn until<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
