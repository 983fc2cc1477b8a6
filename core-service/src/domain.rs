//! Plain types and the pure fold of findings into a decision. No transport, no runtime, no storage.

pub mod coverage;
pub mod decision;
pub mod exchange;
pub mod finding;
pub mod segment;
pub mod timing;
