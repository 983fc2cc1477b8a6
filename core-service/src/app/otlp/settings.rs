//! What the environment says of telemetry in OpenTelemetry's own words, and the settings' file in ours.

use std::{env, fmt, fs, path::PathBuf, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Uri, uri::Scheme};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::app::settings::TelemetryFile;

#[derive(Debug, PartialEq)]
pub(super) struct OtlpSettings {
    /// None: the program's own name.
    pub(super) service: Option<String>,
    pub(super) traces: Option<TraceSettings>,
    pub(super) metrics: Option<MetricSettings>,
}

#[derive(Debug, PartialEq)]
pub(super) struct TraceSettings {
    pub(super) collector: Collector,
    /// Of traces, 0 to 1.
    pub(super) ratio: f64,
    /// Whether a caller's own choice decides where there is one.
    pub(super) follow_parent: bool,
}

#[derive(Debug, PartialEq)]
pub(super) struct MetricSettings {
    pub(super) collector: Collector,
    pub(super) every: Duration,
}

/// Who takes them, by OTLP over gRPC.
#[derive(PartialEq)]
pub(super) struct Collector {
    uri: Uri,
    /// Often a credential: never shown.
    pub(super) headers: HeaderMap,
    pub(super) timeout: Duration,
    certificate: Option<PathBuf>,
}

/// Without what may stand before the host: a password, with some.
impl fmt::Display for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.uri.scheme_str().unwrap_or_default(), self.uri.host().unwrap_or_default())?;
        self.uri.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Collector({self})")
    }
}

impl Collector {
    /// Connects to nobody yet. Must be called within a tokio runtime.
    pub(super) fn channel(&self) -> Result<Channel, String> {
        let endpoint = Endpoint::from(self.uri.clone()).timeout(self.timeout).connect_timeout(self.timeout);
        if self.uri.scheme() != Some(&Scheme::HTTPS) {
            return Ok(endpoint.connect_lazy());
        }
        let tls = match &self.certificate {
            None => ClientTlsConfig::new().with_native_roots(),
            Some(file) => {
                let pem = fs::read(file).map_err(|error| format!("{CERTIFICATE}: {}: {error}", file.display()))?;
                ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
            }
        };
        let endpoint = endpoint.tls_config(tls).map_err(|_| format!("{CERTIFICATE}: no certificates to trust"))?;
        Ok(endpoint.connect_lazy())
    }
}

const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";

impl OtlpSettings {
    pub(super) fn read(file: &TelemetryFile) -> Result<Self, String> {
        Words { file, variable: |name: &str| env::var(name).ok() }.settings()
    }
}

/// Of where settings come from.
struct Words<'f, V> {
    file: &'f TelemetryFile,
    variable: V,
}

impl<V: Fn(&str) -> Option<String>> Words<'_, V> {
    fn settings(&self) -> Result<OtlpSettings, String> {
        let service = self.set("OTEL_SERVICE_NAME").or_else(|| self.attribute("service.name"));
        let service = service.or_else(|| said(self.file.service_name.as_ref()));
        if self.is("OTEL_SDK_DISABLED", "true") {
            return Ok(OtlpSettings { service, traces: None, metrics: None });
        }
        Ok(OtlpSettings { service, traces: self.traces()?, metrics: self.metrics()? })
    }

    /// An empty variable is none.
    fn set(&self, name: &str) -> Option<String> {
        said((self.variable)(name).as_ref())
    }

    /// What the variable of all attributes says of one: `name=value,name=value`, percent-encoded where need be.
    fn attribute(&self, name: &str) -> Option<String> {
        let all = self.set("OTEL_RESOURCE_ATTRIBUTES")?;
        let mut pairs = all.split(',').filter_map(|pair| pair.split_once('='));
        // The last one holds, as it does where the others are read.
        let (_, value) = pairs.rfind(|(key, _)| key.trim() == name)?;
        said(decoded(value.trim()).and_then(|value| String::from_utf8(value).ok()).as_ref())
    }

    fn is(&self, name: &str, word: &str) -> bool {
        self.set(name).is_some_and(|value| value.eq_ignore_ascii_case(word))
    }

    /// The variable of one signal, or that of all, with its name.
    fn of(&self, signal: &str, what: &str) -> Option<(String, String)> {
        [format!("OTEL_EXPORTER_OTLP_{signal}_{what}"), format!("OTEL_EXPORTER_OTLP_{what}")]
            .into_iter()
            .find_map(|name| self.set(&name).map(|value| (name, value)))
    }

    fn traces(&self) -> Result<Option<TraceSettings>, String> {
        let ratio = || match self.set("OTEL_TRACES_SAMPLER_ARG") {
            None => Ok(1.0),
            Some(text) => ratio(text.parse().ok(), "OTEL_TRACES_SAMPLER_ARG"),
        };
        let (ratio, follow_parent) = match self.set("OTEL_TRACES_SAMPLER").as_deref() {
            None => match self.file.traces_ratio {
                None => (1.0, true),
                given => (self::ratio(given, "telemetry.traces_ratio")?, true),
            },
            Some("parentbased_always_on") => (1.0, true),
            Some("always_on") => (1.0, false),
            Some("always_off") => return Ok(None),
            Some("parentbased_always_off") => (0.0, true),
            Some("traceidratio") => (ratio()?, false),
            Some("parentbased_traceidratio") => (ratio()?, true),
            Some(other) => return Err(format!("OTEL_TRACES_SAMPLER: `{other}` is not known")),
        };
        let collector = self.collector("TRACES")?;
        Ok(collector.map(|collector| TraceSettings { collector, ratio, follow_parent }))
    }

    fn metrics(&self) -> Result<Option<MetricSettings>, String> {
        const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
        let every = self.millis(self.set(INTERVAL).map(|value| (INTERVAL.to_owned(), value)), 60_000)?;
        let collector = self.collector("METRICS")?;
        Ok(collector.map(|collector| MetricSettings { collector, every }))
    }

    /// None: off.
    fn collector(&self, signal: &str) -> Result<Option<Collector>, String> {
        if self.is(&format!("OTEL_{signal}_EXPORTER"), "none") {
            return Ok(None);
        }
        let in_file = || Some(("telemetry.endpoint".to_owned(), said(self.file.endpoint.as_ref())?));
        let Some((name, url)) = self.of(signal, "ENDPOINT").or_else(in_file) else { return Ok(None) };
        if let Some((name, protocol)) = self.of(signal, "PROTOCOL").filter(|(_, protocol)| protocol != "grpc") {
            return Err(format!("{name}: `{protocol}` is not spoken, `grpc` is"));
        }
        let uri: Option<Uri> = url.parse().ok();
        let known =
            |uri: &Uri| uri.host().is_some() && [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&uri.scheme());
        // Not repeated: it may hold a password.
        let uri = uri.filter(known).ok_or_else(|| format!("{name}: not a URL of the form http://host:port"))?;
        Ok(Some(Collector {
            uri,
            headers: self
                .of(signal, "HEADERS")
                .map_or_else(|| Ok(HeaderMap::new()), |(name, text)| headers(&name, &text))?,
            timeout: self.millis(self.of(signal, "TIMEOUT"), 10_000)?,
            certificate: self.of(signal, "CERTIFICATE").map(|(_, file)| file.into()),
        }))
    }

    fn millis(&self, set: Option<(String, String)>, default: u64) -> Result<Duration, String> {
        let Some((name, text)) = set else { return Ok(Duration::from_millis(default)) };
        let millis = text.parse().ok().filter(|millis| (10..=86_400_000).contains(millis));
        millis.map(Duration::from_millis).ok_or_else(|| format!("{name}: 10 to 86400000 milliseconds"))
    }
}

fn said(text: Option<&String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn ratio(given: Option<f64>, name: &str) -> Result<f64, String> {
    given.filter(|ratio| (0.0..=1.0).contains(ratio)).ok_or_else(|| format!("{name}: 0 to 1"))
}

/// `name=value,name=value`, percent-encoded where need be. What is wrong is not repeated: it is a credential.
fn headers(variable: &str, text: &str) -> Result<HeaderMap, String> {
    let invalid = || format!("{variable}: not of the form name=value,name=value");
    let mut headers = HeaderMap::new();
    for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(invalid)?;
        let name: HeaderName = name.trim().parse().map_err(|_| invalid())?;
        let value = decoded(value.trim()).ok_or_else(invalid)?;
        let mut value = HeaderValue::from_bytes(&value).map_err(|_| invalid())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let mut decoded = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        decoded.push(u8::from_str_radix(code, 16).ok()?);
        decoded.extend(rest.bytes());
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

    fn read(pairs: &[(&str, &str)]) -> Result<OtlpSettings, String> {
        read_with(&TelemetryFile::default(), pairs)
    }

    fn read_with(file: &TelemetryFile, pairs: &[(&str, &str)]) -> Result<OtlpSettings, String> {
        let variable = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Words { file, variable }.settings()
    }

    const COLLECTOR: (&str, &str) = (ENDPOINT, "http://user:pass@collector:4317");

    #[test]
    fn an_endpoint_switches_them_on_and_the_standard_words_off() {
        for off in [&[][..], &[(ENDPOINT, " ")], &[COLLECTOR, ("OTEL_SDK_DISABLED", "TRUE")]] {
            let settings = read(off).unwrap();
            assert!(settings.traces.is_none() && settings.metrics.is_none(), "{off:?}");
        }
        let on = read(&[COLLECTOR]).unwrap();
        let (traces, metrics) = (on.traces.unwrap(), on.metrics.unwrap());
        assert_eq!((traces.ratio, traces.follow_parent, on.service), (1.0, true, None));
        assert_eq!(metrics.every, Duration::from_secs(60));
        for off in [("OTEL_TRACES_EXPORTER", "none"), ("OTEL_TRACES_SAMPLER", "always_off")] {
            let settings = read(&[COLLECTOR, off]).unwrap();
            assert!(settings.traces.is_none() && settings.metrics.is_some(), "{off:?}");
        }
        let settings = read(&[COLLECTOR, ("OTEL_METRICS_EXPORTER", "none")]).unwrap();
        assert!(settings.traces.is_some() && settings.metrics.is_none());
        let some = [COLLECTOR, ("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0.25")];
        let some = read(&some).unwrap().traces.unwrap();
        assert_eq!((some.ratio, some.follow_parent), (0.25, false));
    }

    #[test]
    fn the_environment_wins_over_the_file_and_a_signals_own_over_that_of_all() {
        let file: TelemetryFile =
            toml::from_str("endpoint = 'http://file:1'\ntraces_ratio = 0.5\nservice_name = 'gate'").unwrap();
        let settings = read_with(&file, &[("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://metrics:2")]).unwrap();
        let traces = settings.traces.unwrap();
        assert_eq!((traces.collector.to_string().as_str(), traces.ratio), ("http://file:1", 0.5));
        assert_eq!(settings.metrics.unwrap().collector.to_string(), "https://metrics:2");
        assert_eq!(settings.service.as_deref(), Some("gate"));
        let settings = read_with(&file, &[COLLECTOR, ("OTEL_SERVICE_NAME", "mine")]).unwrap();
        assert_eq!(settings.service.as_deref(), Some("mine"));
        assert_eq!(settings.traces.unwrap().collector.to_string(), "http://collector:4317");
    }

    /// As OpenTelemetry has it, and both of its variables before the file.
    #[test]
    fn the_name_is_that_of_its_variable_then_that_of_the_attributes_then_that_of_the_file() {
        const NAME: &str = "OTEL_SERVICE_NAME";
        const ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
        let file: TelemetryFile = toml::from_str("service_name = 'gate'").unwrap();
        let service = |pairs: &[(&str, &str)]| read_with(&file, pairs).unwrap().service.unwrap();
        let attributes = (ATTRIBUTES, "a=b, service.name = the%20guard ,service.version=2");
        assert_eq!(service(&[attributes, (NAME, "mine")]), "mine");
        assert_eq!(service(&[attributes, (NAME, " ")]), "the guard");
        assert_eq!(service(&[(ATTRIBUTES, "service.name=one,service.name=two")]), "two");
        for none in ["", "service.namespace=a", "service.name=", "service.name=%zz"] {
            assert_eq!(service(&[(ATTRIBUTES, none)]), "gate", "{none}");
        }
        assert_eq!(read(&[(ATTRIBUTES, "a=b")]).unwrap().service, None);
    }

    #[test]
    fn headers_are_read_and_never_shown() {
        let set = [COLLECTOR, ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20t0ken, x-team = a ,")];
        let collector = read(&set).unwrap().traces.unwrap().collector;
        assert_eq!(
            (&collector.headers["authorization"], &collector.headers["x-team"]),
            (&"Bearer t0ken".parse().unwrap(), &"a".parse().unwrap())
        );
        let shown = format!("{collector:?}");
        assert!(!shown.contains("t0ken") && !shown.contains("pass"), "{shown}");
    }

    #[test]
    fn what_is_not_understood_is_said_without_what_may_be_secret() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "s3cret"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=%s3cret"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "s3cret:4317"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
            ("OTEL_TRACES_SAMPLER_ARG", "NaN"),
        ] {
            let ratio = ("OTEL_TRACES_SAMPLER", "traceidratio");
            let error = read(&[COLLECTOR, (name, value), ratio]).unwrap_err();
            assert!(error.starts_with(name) && !error.contains("s3cret"), "{error}");
        }
    }
}
