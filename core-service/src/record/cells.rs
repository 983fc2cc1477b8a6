//! What is stored of a record's payloads: as they are, encrypted, masked, or nothing.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{
    ToSql,
    types::{ToSqlOutput, ValueRef},
};
use uuid::Uuid;

use super::{
    error::LogError,
    seal::{self, Digest},
    vault::{DataKey, Storage},
};
use crate::domain::exchange::{Payload, Payloads};

/// The payloads of a record as they are stored, when they are encrypted.
struct Sealed {
    key: Arc<DataKey>,
    request: Option<Vec<u8>>,
    response: Option<Vec<u8>>,
    envelope: Option<Vec<u8>>,
}

/// What is stored of a record's payloads.
pub(super) struct Cells {
    payloads: Option<Payloads>,
    envelope: Bytes,
    sealed: Option<Sealed>,
    pub(super) salt: Option<[u8; 16]>,
    pub(super) storage: Option<Storage>,
    /// Of all of it.
    pub(super) digest: Digest,
}

impl Cells {
    pub(super) fn new(
        payloads: Option<Payloads>,
        envelope: Bytes,
        storage: Option<Storage>,
        salt: Option<[u8; 16]>,
        key: Option<Arc<DataKey>>,
        request_id: Uuid,
    ) -> Result<Self, LogError> {
        let mut cells = Self { payloads, envelope, sealed: None, salt, storage, digest: Digest::default() };
        let key = key.filter(|_| cells.payloads.is_some() || !cells.envelope.is_empty());
        cells.sealed = key.map(|key| Sealed::new(key, request_id, &cells)).transpose()?;
        let salt = cells.salt.as_ref().map_or(ValueRef::Null, |salt| ValueRef::Blob(salt));
        cells.digest = seal::of_payloads(salt, cells.stored().map(|Stored(value)| value));
        Ok(cells)
    }

    fn request(&self) -> Option<&Payload> {
        self.payloads.as_ref().and_then(Payloads::request)
    }

    fn response(&self) -> Option<&Payload> {
        self.payloads.as_ref().and_then(Payloads::response)
    }

    fn envelope(&self) -> Option<&[u8]> {
        (!self.envelope.is_empty()).then_some(self.envelope.as_ref())
    }

    pub(super) fn bytes(&self) -> usize {
        let plain = self.payloads.as_ref().map_or(0, Payloads::len) + self.envelope.len();
        if self.sealed.is_some() { 2 * plain } else { plain }
    }

    pub(super) fn data_key(&self) -> Option<&Arc<DataKey>> {
        self.sealed.as_ref().map(|sealed| &sealed.key)
    }

    /// Request, response and envelope as the file holds them.
    pub(super) fn stored(&self) -> [Stored<'_>; 3] {
        match &self.sealed {
            None => {
                let envelope = self.envelope().map_or(ValueRef::Null, ValueRef::Blob);
                [plain(self.request()), plain(self.response()), envelope]
            }
            Some(Sealed { request, response, envelope, .. }) => [
                request.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
                response.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
                envelope.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
            ],
        }
        .map(Stored)
    }
}

fn plain(payload: Option<&Payload>) -> ValueRef<'_> {
    match payload {
        None => ValueRef::Null,
        Some(Payload::Text(text)) => ValueRef::Text(text.as_bytes()),
        Some(Payload::Json(json)) => ValueRef::Blob(json),
    }
}

impl Sealed {
    fn new(key: Arc<DataKey>, request_id: Uuid, cells: &Cells) -> Result<Self, LogError> {
        let seal = |column, payload: Option<&Payload>| {
            payload.map(|payload| key.seal(request_id, column, payload)).transpose()
        };
        let envelope = cells.envelope().map(|_| Payload::Json(cells.envelope.clone()));
        Ok(Self {
            request: seal(0, cells.request())?,
            response: seal(1, cells.response())?,
            envelope: seal(2, envelope.as_ref())?,
            key,
        })
    }
}

/// A payload as the file holds it.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a>(ValueRef<'a>);

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.0))
    }
}

impl Default for Stored<'_> {
    fn default() -> Self {
        Self(ValueRef::Null)
    }
}
