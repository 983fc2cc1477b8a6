//! What a session has to bear for what it did.

use crate::session::{Quarantine, SessionKey, Sessions};

/// Imposed when this is dropped (at once where nothing is to be recorded): nobody is suspended for what no record tells, and no caller stays free by going away
/// while that is written.
#[derive(Debug)]
pub(super) struct Bearing<'s> {
    pub(super) sessions: &'s Sessions,
    pub(super) session: Option<SessionKey>,
    pub(super) quarantines: Vec<Quarantine>,
}

impl Bearing<'_> {
    /// Its reason was not recorded.
    pub(super) fn lift(&mut self) {
        self.quarantines.clear();
    }
}

impl Drop for Bearing<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.session {
            for quarantine in self.quarantines.drain(..) {
                self.sessions.quarantine(key, quarantine);
            }
        }
    }
}
