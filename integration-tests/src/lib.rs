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
pub mod gateway;
pub mod grpcurl;
pub mod http;
pub mod issuer;
pub mod program;
pub mod python;
pub mod receiver;
pub mod upstream;

pub use gateway::{Age, Behaviour, Gateway, Strategy};
pub use grpcurl::{grpcurl, grpcurl_tls};
pub use http::{Answer, Client};
pub use program::{Program, Setup};
pub use receiver::Receiver;
pub use upstream::Upstream;

use std::{future::Future, time::Duration};

/// Asks until the answer is there. Without an own limit: a test run has one for all.
pub async fn until<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
