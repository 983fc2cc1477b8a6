//! One program of tests: to link it once takes seconds, to link one for each file takes minutes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod access;
mod bad_input;
mod cli;
mod durability;
mod events;
mod grpc;
mod mcp;
mod modes;
mod policies;
mod sides;
mod truth_table;
