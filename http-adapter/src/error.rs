//! The one place where an error becomes an HTTP answer.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};
use portcullis_api::{
    client::CallError,
    error::{self, ApiError, ErrorCode},
};
use serde::Serialize;

use crate::reply;

/// An error on its way to a caller.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: ApiError,
    /// Under which the core logged the cause.
    pub(crate) request_id: Option<String>,
    pub(crate) form: Form,
}

/// What its body has beside the members that all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    /// What a probe calls this state.
    Probe(&'static str),
    /// What Akto's clients look for.
    Akto,
}

impl Failure {
    pub(crate) fn akto(self) -> Self {
        Self { form: Form::Akto, ..self }
    }
}

impl From<CallError> for Failure {
    fn from(CallError { error, request_id }: CallError) -> Self {
        Self { error, request_id, form: Form::Plain }
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { error, request_id: None, form: Form::Plain }
    }
}

/// An error in JSON.
#[derive(Default, Serialize)]
pub(crate) struct Body {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    error: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data>,
}

#[derive(Serialize)]
struct Data {
    error: String,
}

impl Body {
    pub(crate) fn of(error: ApiError) -> Self {
        let code = error.code.reason().to_ascii_lowercase();
        Self { error: code, message: error.message, field: error.field, ..Self::default() }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let code = self.error.code;
        let mut body = Body { request_id: self.request_id.clone(), ..Body::of(self.error) };
        match self.form {
            Form::Plain => {}
            Form::Probe(status) => body.status = Some(status),
            Form::Akto => {
                body.success = Some(false);
                body.data = Some(Data { error: body.message.clone() });
            }
        }
        let mut response = with_headers(code, reply::json(code.http(), &body));
        // Whoever asks whether this program is ready gets the answer that it asked for.
        if matches!(self.form, Form::Probe(_)) {
            response.extensions_mut().remove::<ErrorCode>();
        }
        if let Some(request_id) = &self.request_id {
            reply::identify(&mut response, request_id);
        }
        response
    }
}

/// What an answer of this code tells beside its body. The code itself goes with it as far as the port, where the program
/// counts what was refused.
pub(crate) fn with_headers(code: ErrorCode, mut response: Response) -> Response {
    response.extensions_mut().insert(code);
    let headers = response.headers_mut();
    if code.is_retryable() {
        headers.insert(RETRY_AFTER, HeaderValue::from(error::RETRY_AFTER.as_secs().max(1)));
    }
    if code == ErrorCode::Unauthenticated {
        // Both schemes, whichever is configured: the answer does not tell which would have helped.
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"portcullis\""));
        headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"portcullis\", charset=\"UTF-8\""));
    }
    response
}

#[cfg(test)]
mod tests {
    use portcullis_api::refused;

    use super::*;
    use crate::testing::body_text;

    #[test]
    fn what_a_probe_is_told_refuses_nobody() {
        let error = ApiError::new(ErrorCode::Unavailable, "why");
        let response = Failure { error, request_id: None, form: Form::Probe("unavailable") }.into_response();
        assert_eq!((response.status().as_u16(), refused::code(&response)), (503, None));
    }

    #[tokio::test]
    async fn every_code_answers_json_with_its_status_and_its_headers() {
        for &code in ErrorCode::ALL {
            let failure = Failure {
                error: ApiError::new(code, "why").at("sync"),
                request_id: Some("0190-id".to_owned()),
                form: Form::Plain,
            };
            let response = failure.into_response();
            assert_eq!(response.status(), code.http());
            assert_eq!(refused::code(&response), Some(code));
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(response.headers()["x-request-id"], "0190-id");
            assert_eq!(response.headers().contains_key(RETRY_AFTER), response.status() == 503);
            assert_eq!(
                response.headers().get_all(WWW_AUTHENTICATE).iter().count(),
                2 * usize::from(response.status() == 401)
            );
            let reason = code.reason().to_ascii_lowercase();
            assert_eq!(
                body_text(response).await,
                format!(r#"{{"error":"{reason}","message":"why","field":"sync","request_id":"0190-id"}}"#)
            );
        }
    }
}
