//! What a form sent.

use axum::extract::Request;
use portcullis_api::{access::Principal, error::ApiError};

use crate::Adapter;

pub(super) struct Form {
    fields: Vec<(String, String)>,
    /// Whose credential was shown; nobody's where none is asked for.
    pub(super) caller: Principal,
}

impl Form {
    pub(super) async fn read(adapter: &Adapter, request: Request) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        let held = adapter.bodies.read_form(&head.headers, body).await?;
        let fields = form_urlencoded::parse(&held.bytes).map(|(name, value)| (name.into_owned(), value.into_owned()));
        Ok(Self { fields: fields.collect(), caller: head.extensions.get().cloned().unwrap_or_default() })
    }

    /// Empty when it is not there. Browsers end lines as the network does.
    pub(super) fn take(&mut self, name: &str) -> String {
        let place = self.fields.iter().position(|(known, _)| known == name);
        place.map(|place| self.fields.swap_remove(place).1.replace("\r\n", "\n")).unwrap_or_default()
    }
}
