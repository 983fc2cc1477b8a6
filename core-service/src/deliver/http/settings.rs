//! Where to, and how.

use std::{fmt, time::Duration};

use reqwest::{Url, header::HeaderValue};
use serde::Deserialize;

/// Akto's path for one record.
const INGEST: &str = "utility/ingestTraffic";
/// OTLP's for log records.
const LOGS: &str = "v1/logs";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HttpForm {
    /// One record a call, as a JSON object, to the path `/utility/ingestTraffic` below the URL.
    #[default]
    Record,
    /// A batch a call, as JSON lines (`application/x-ndjson`), to the URL itself.
    Ndjson,
    /// A batch a call, as OTLP log records in JSON, to the path `/v1/logs` below the URL. A sink of its own in the
    /// settings.
    #[serde(skip)]
    Otlp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    #[error("not a URL of the form http://host/path or https://host/path")]
    Form,
    #[error("credentials do not belong into the URL: set a token")]
    Credentials,
    #[error("the token cannot stand in a header")]
    Token,
    #[error("the certificates cannot be read")]
    Roots,
    #[error("no HTTP client can be made")]
    Client,
}

#[derive(Clone)]
pub struct HttpSettings {
    pub(super) endpoint: Url,
    pub(super) form: HttpForm,
    /// Marked as sensitive: `Debug` does not show it.
    pub(super) authorization: Option<HeaderValue>,
    /// Certificates that the endpoint's has to come from, PEM; the system's when there are none.
    pub roots: Option<Vec<u8>>,
    /// For one call, from the connection to the end of the answer.
    pub timeout: Duration,
    /// Calls at a time.
    pub parallel: usize,
}

impl HttpSettings {
    pub fn new(url: &str, form: HttpForm, token: Option<&str>) -> Result<Self, InvalidEndpoint> {
        let mut endpoint = Url::parse(url.trim()).map_err(|_| InvalidEndpoint::Form)?;
        if !matches!(endpoint.scheme(), "http" | "https") || endpoint.host().is_none() {
            return Err(InvalidEndpoint::Form);
        }
        if !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err(InvalidEndpoint::Credentials);
        }
        let path = endpoint.path().trim_end_matches('/');
        let below = match form {
            HttpForm::Record => Some(INGEST),
            HttpForm::Otlp => Some(LOGS),
            HttpForm::Ndjson => None,
        };
        if let Some(below) = below.filter(|below| !path.ends_with(below)) {
            let path = format!("{path}/{below}");
            endpoint.set_path(&path);
        }
        let authorization = token.map(|token| HeaderValue::from_str(&format!("Bearer {token}"))).transpose();
        let mut authorization = authorization.map_err(|_| InvalidEndpoint::Token)?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        let timeout = Duration::from_secs(10);
        Ok(Self { endpoint, form, authorization, roots: None, timeout, parallel: 16 })
    }

    /// Without the query, which may hold a credential.
    pub fn about(&self) -> String {
        let mut shown = self.endpoint.clone();
        shown.set_query(None);
        shown.set_fragment(None);
        shown.into()
    }
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSettings")
            .field("endpoint", &self.about())
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aktos_path_is_added_where_it_is_missing() {
        for (url, endpoint) in [
            ("http://akto:9092", "http://akto:9092/utility/ingestTraffic"),
            ("https://akto/base/", "https://akto/base/utility/ingestTraffic"),
            ("http://akto/utility/ingestTraffic", "http://akto/utility/ingestTraffic"),
        ] {
            assert_eq!(HttpSettings::new(url, HttpForm::Record, None).unwrap().about(), endpoint);
        }
        let otlp = HttpSettings::new("http://collector:4318", HttpForm::Otlp, None).unwrap();
        assert_eq!(otlp.about(), "http://collector:4318/v1/logs");
        let lines = HttpSettings::new("http://h/lines?key=hunter2", HttpForm::Ndjson, Some("hunter2")).unwrap();
        assert_eq!(lines.about(), "http://h/lines");
        assert!(!format!("{lines:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        let refused = |url| HttpSettings::new(url, HttpForm::Record, None).unwrap_err();
        for url in ["", "akto:9092", "ftp://akto", "/path"] {
            assert_eq!(refused(url), InvalidEndpoint::Form, "{url}");
        }
        assert_eq!(refused("http://ann:hunter2@akto"), InvalidEndpoint::Credentials);
        assert_eq!(HttpSettings::new("http://h", HttpForm::Record, Some("a\nb")).unwrap_err(), InvalidEndpoint::Token);
    }
}
