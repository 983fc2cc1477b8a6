//! Answers that are errors, seen where they leave a port: once for each call, whoever refused it.

use http::Response;
use tonic::Status;
use tower::util::MapResponse;

use crate::error::{ApiError, ErrorCode};

/// A service whose answers are shown to somebody as they leave.
pub type Shown<S, B> = MapResponse<S, fn(Response<B>) -> Response<B>>;

/// Costs a call through a pointer for each answer, and no allocation.
pub fn shown<S, B>(service: S, to: fn(Response<B>) -> Response<B>) -> Shown<S, B> {
    MapResponse::new(service, to)
}

/// The code of an answer that is an error; None for every other. An adapter puts it beside the answer, and tonic puts
/// its status there. What breaks a stream off later is not seen here.
pub fn code<B>(answer: &Response<B>) -> Option<ErrorCode> {
    let beside = answer.extensions();
    beside.get::<ErrorCode>().copied().or_else(|| beside.get::<Status>().map(|status| ApiError::from(status).code))
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future, sync::Mutex};

    use tower::ServiceExt as _;

    use super::*;

    static SEEN: Mutex<Vec<Option<ErrorCode>>> = Mutex::new(Vec::new());

    fn see(answer: Response<()>) -> Response<()> {
        SEEN.lock().unwrap().push(code(&answer));
        answer
    }

    #[tokio::test]
    async fn an_error_is_known_by_what_stands_beside_it() {
        let echo = tower::service_fn(|answer: Response<()>| future::ready(Ok::<_, Infallible>(answer)));
        let service = shown(echo, see);
        let mut marked = Response::new(());
        marked.extensions_mut().insert(ErrorCode::Unauthenticated);
        let refused = Status::from(ApiError::new(ErrorCode::PayloadTooLarge, "why")).into_http();
        for answer in [Response::new(()), marked, refused] {
            service.clone().oneshot(answer).await.unwrap();
        }
        let seen = SEEN.lock().unwrap().clone();
        assert_eq!(seen, [None, Some(ErrorCode::Unauthenticated), Some(ErrorCode::PayloadTooLarge)]);
    }
}
