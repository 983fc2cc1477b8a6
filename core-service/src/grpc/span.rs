//! The span of a call, behind the caller's own.

use portcullis_api::{
    trace::{self, TRACEPARENT},
    v1::CallContext,
};
use tonic::metadata::MetadataMap;
use tracing::Span;

/// What the call itself says goes before what stands in its metadata: a gateway may be able to send no header.
pub(super) fn behind_caller(span: Span, context: Option<&CallContext>, metadata: Option<&MetadataMap>) -> Span {
    let word = context.and_then(|context| context.metadata.get(TRACEPARENT));
    if !word.is_some_and(|word| trace::adopt_word(&span, word)) {
        metadata.into_iter().for_each(|metadata| trace::adopt(&span, metadata.as_ref()));
    }
    span
}
