//! What the core takes of a call's context, in bytes. Beyond it a call is refused.

/// Of the user, the team, the model and the client's address.
pub const LABEL: usize = 1024;
/// Of the source's name.
pub const SOURCE: usize = 64;
