//! The use cases: judge an exchange now, or record it and judge it later. Transport-free and deadline-aware.

pub mod analysis;
pub mod canary;
pub mod display;
pub mod judge;
pub mod keep;
pub mod masked;
pub mod pieces;
pub mod service;
pub mod text;
mod told;
