//! Who is let in, for every route but the probes.

use std::net::IpAddr;

use axum::extract::Request;
use http::{header::HOST, uri::Authority};
use portcullis_api::{
    access::Access,
    error::{ApiError, ErrorCode},
};

#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) access: Access,
    /// Nothing but the address that is listened at keeps others out.
    is_local: bool,
}

impl Door {
    pub(crate) fn new(access: Access, loopback: bool) -> Self {
        let is_local = loopback && access.is_open();
        Self { access, is_local }
    }

    /// A browser on this machine reaches loopback, whatever page it shows. A page that points a name of its own at 127.0.0.1
    /// passes for one of this program and reads every answer (DNS rebinding); but the browser tells the name that it called.
    pub(crate) fn must_be_local(&self, request: &Request) -> Result<(), ApiError> {
        // What gateways send tells a stranger nothing, and a refusal might let their prompts pass unchecked: many know this machine by a
        // name of their own.
        let is_gateways = request.uri().path().starts_with("/api/");
        if !self.is_local || is_gateways || is_called_locally(request) {
            return Ok(());
        }
        let message = "without credentials only calls to localhost or a loopback address are answered: use one, or configure \
                       credentials";
        Err(ApiError::new(ErrorCode::PermissionDenied, message))
    }
}

/// By every name that the request gives, of which there is one at least.
fn is_called_locally(request: &Request) -> bool {
    let host = request.headers().get_all(HOST).iter().map(|value| Authority::try_from(value.as_bytes()).ok());
    // HTTP/2 tells it here, and whoever calls through a proxy.
    let names: Vec<_> = host.chain(request.uri().authority().cloned().map(Some)).collect();
    !names.is_empty() && names.iter().all(|name| name.as_ref().is_some_and(|name| is_loopback(name.host())))
}

/// What no name server is asked for.
fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let bare = bare.to_ascii_lowercase();
    let is_address = || bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    bare == "localhost" || bare.ends_with(".localhost") || is_address()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use portcullis_api::v1::ListEventsResponse;

    use super::*;
    use crate::{
        AdapterSettings,
        testing::{FakeCore, TRUEFOUNDRY, send},
    };

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        for own in ["localhost", "LocalHost", "a.b.localhost", "127.0.0.1", "127.8.9.1", "[::1]", "[::ffff:127.0.0.1]"]
        {
            assert!(is_loopback(own), "{own}");
        }
        for other in [
            "",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "[::]",
            "10.0.0.1",
            "127.1",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[tokio::test]
    async fn an_open_port_of_this_machine_answers_to_its_names_alone() {
        let core = FakeCore::content().finds(ListEventsResponse::default());
        let status = async |settings: AdapterSettings, path: &str, hosts: &[&str]| {
            let request = hosts.iter().fold(Request::get(path), |request, host| request.header("host", *host));
            send(&core.router(settings), request.body(axum::body::Body::empty()).unwrap()).await.status().as_u16()
        };
        let open = || AdapterSettings { loopback: true, ..AdapterSettings::default() };
        for path in ["/v1/events", "/events", "/assets/page.css", "http://localhost:8080/v1/events"] {
            for own in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
                assert_eq!(status(open(), path, &[own]).await, 200, "{path} of {own}");
            }
            for other in [&["evil.example:8080"] as &[_], &["localhost", "evil.example"], &["a b"]] {
                assert_eq!(status(open(), path, other).await, 403, "{path} of {other:?}");
            }
        }
        assert_eq!(status(open(), "/v1/events", &[]).await, 403);
        assert_eq!(status(open(), "http://evil.example/v1/events", &["localhost"]).await, 403);
        assert_eq!(status(open(), "http://localhost/v1/events", &[]).await, 200, "as HTTP/2 tells it");
        assert_eq!(
            status(open(), TRUEFOUNDRY, &["host.docker.internal"]).await,
            405,
            "a gateway's own route, and a GET"
        );
        assert_eq!(status(open(), "/healthz", &["evil.example"]).await, 200);

        // Whoever has to say who he is, or is on another machine, has no browser that says it for a stranger.
        assert_eq!(status(AdapterSettings::default(), "/v1/events", &["guard.example"]).await, 200);
        let access = Access::parse("t0ken", "").unwrap();
        let guarded = AdapterSettings { loopback: true, access, ..AdapterSettings::default() };
        assert_eq!(status(guarded, "/v1/events", &["guard.example"]).await, 401);
    }
}
