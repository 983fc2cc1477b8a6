//! What every answer of the page has: its headers, and an error that people can read.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};
use maud::{Markup, html};
use portcullis_api::error::ApiError;

use super::layout::{self, Tab};
use crate::error::Failure;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";

/// With the headers that every answer of the page has.
pub(super) fn with_headers(mut response: Response, content_type: &'static str, cache: &'static str) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, cache),
        (HeaderName::from_static("content-security-policy"), POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // An event's address tells whom it concerns.
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// It is made for who asked, at the moment he did.
pub(super) fn html(status: StatusCode, markup: Markup) -> Response {
    with_headers((status, markup.into_string()).into_response(), HTML, "no-store")
}

/// An error, as a page.
#[derive(Debug)]
pub(crate) struct Failed(pub(super) Failure);

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let Failure { error, request_id, .. } = self.0;
        let status = error.code.http();
        let title = match status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::UNAUTHORIZED => "Sign in",
            StatusCode::SERVICE_UNAVAILABLE => "Cannot be shown now",
            status if status.is_server_error() => "This failed",
            _ => "This cannot be read",
        };
        let markup = layout::page(
            title,
            Tab::None,
            &html! {
                section.notice.bad role="alert" {
                    h1 { (title) }
                    p { (error.message) }
                    @if let Some(id) = request_id { p.quiet { "The log has the cause under " code { (id) } "." } }
                    p { a href="/" { "Overview" } " · " a href="/events" { "Events" } }
                }
            },
        );
        html(status, markup)
    }
}
