//! One program of tests: to link it once takes seconds, to link one for each file takes minutes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod access;
mod akto;
mod bad_input;
mod canary;
mod cli;
mod clients;
mod delivery;
mod deploy;
mod drain;
mod durability;
mod event_store;
mod event_store_tables;
mod events;
mod full_disk;
mod gateways;
mod generic;
mod grpc;
mod ingest_stream;
mod kafka;
mod kafka_access;
mod kafka_compression;
mod kafka_conforms;
mod litellm;
mod log_lines;
mod mcp;
mod metrics;
mod modes;
mod mutate;
mod nodes;
mod overload;
mod page;
mod pieces;
mod policies;
mod search;
mod sessions;
mod sides;
mod streaming;
mod tls;
mod topics;
mod traces;
mod truth_table;
