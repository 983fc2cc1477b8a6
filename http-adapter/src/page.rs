//! The page: what happened, for people. Rendered here, complete without scripts, and asked of the core by gRPC alone.
//!
//! Everything that comes from a record is hostile. The templates escape it wherever it stands; the policy of every
//! answer lets nothing run or load that this program does not serve itself.

mod access;
mod answer;
mod assets;
mod chart;
mod conversation;
mod delivery;
mod event;
mod events;
mod export;
mod filter;
mod form;
mod format;
mod layout;
mod live;
mod overview;
mod period;
mod playground;
mod policies;
mod receipt;
mod review;
mod row;
mod search;
#[cfg(test)]
mod tests;
mod timing;

use axum::routing::{get, post};

pub(crate) use self::access::{is_foreign, require_access};
use crate::Route;

/// All of it behind the credentials when there are any.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        ("/", get(overview::show)),
        ("/events", get(events::show)),
        ("/events/export", get(export::download)),
        ("/events/live", get(live::stream)),
        ("/events/{id}", get(event::show)),
        ("/events/{id}/reveal", post(event::reveal)),
        ("/events/{id}/review", post(event::review)),
        ("/playground", get(playground::show).post(playground::judge)),
        ("/policies", get(policies::list)),
        ("/policies/{name}", get(policies::show)),
        ("/assets/{name}", get(assets::get)),
    ]
}
