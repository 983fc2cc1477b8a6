//! Policies: files to compiled rules, all costly and fallible work before they go live.

pub mod compile;
pub mod exception;
pub mod live;
pub mod load;
pub mod parse;
pub mod schema;
pub mod session;
pub mod set;
pub mod target;
mod topic;
pub mod watch;

#[cfg(test)]
mod tests;
