//! Who may see the page: who may call. A browser is asked for a name and a password only where a person navigates.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT, HOST, ORIGIN, WWW_AUTHENTICATE},
};
use portcullis_api::error::{ApiError, ErrorCode};

use super::answer::Failed;
use crate::{door::Door, error::Failure};

/// Where it comes from, as a browser says (Fetch Metadata).
const SITE: &str = "sec-fetch-site";
const SAME: &str = "same-origin";

const CHALLENGE: HeaderValue = HeaderValue::from_static(r#"Basic realm="Portcullis", charset="UTF-8""#);

/// As [`crate::layers::require_access`]. What changes something must besides come from the page itself: a browser sends
/// credentials along wherever a form was sent from.
pub(crate) async fn require_access(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    if let Err(error) = door.must_be_local(&request) {
        let is_person = navigates(request.headers());
        return if is_person { Failed::from(error).into_response() } else { Failure::from(error).into_response() };
    }
    let Some(principal) = door.access.admit(request.headers()) else {
        let error = ApiError::new(ErrorCode::Unauthenticated, "Credentials are required to see this.");
        if !navigates(request.headers()) {
            return Failure::from(error).into_response();
        }
        let mut response = Failed::from(error).into_response();
        response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
        return response;
    };
    if request.method() != Method::GET && request.method() != Method::HEAD && !is_own(request.headers()) {
        let message = "This has to be sent from the page itself, and not from another site.";
        return Failed::from(ApiError::new(ErrorCode::PermissionDenied, message)).into_response();
    }
    door.access.mark(request.headers_mut());
    request.extensions_mut().insert(principal);
    next.run(request).await
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether a person goes to a page, and no script asks (Fetch Metadata; older browsers tell by what they accept).
fn navigates(headers: &HeaderMap) -> bool {
    match text(headers, "sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => text(headers, ACCEPT.as_str()).is_some_and(|accepts| accepts.contains("text/html")),
    }
}

/// Whether a browser says that another site's page had this sent, and no person who typed its address or took a bookmark.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    headers.get(SITE).is_some_and(|site| site != SAME && site != "none")
}

/// Whether a browser says that the page itself sent this. One that says nothing is no browser that could have been
/// misled, or one from before 2020, and is refused.
fn is_own(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SITE) {
        return site == SAME;
    }
    let origin = text(headers, ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    matches!((origin, text(headers, HOST.as_str())), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_the_page_itself_changes_something() {
        for own in [
            &[("sec-fetch-site", "same-origin")] as &[_],
            &[("origin", "https://guard.example:8443"), ("host", "guard.example:8443")],
        ] {
            assert!(is_own(&headers(own)), "{own:?}");
        }
        for foreign in [
            &[] as &[_],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none"), ("origin", "http://a"), ("host", "a")],
            &[("origin", "null"), ("host", "a")],
            &[("origin", "http://a:81"), ("host", "a")],
            &[("host", "a")],
        ] {
            assert!(!is_own(&headers(foreign)), "{foreign:?}");
        }
    }

    #[test]
    fn who_is_no_browser_is_not_another_site() {
        for own in [&[] as &[_], &[("sec-fetch-site", "same-origin")], &[("sec-fetch-site", "none")]] {
            assert!(!is_foreign(&headers(own)), "{own:?}");
        }
        for site in ["cross-site", "same-site", "", "\u{ff}"] {
            let mut foreign = HeaderMap::new();
            foreign.insert(SITE, HeaderValue::from_bytes(site.as_bytes()).unwrap());
            assert!(is_foreign(&foreign), "{site:?}");
        }
    }
}
