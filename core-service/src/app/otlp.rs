//! Telemetry over OTLP, switched on by the variables that OpenTelemetry names, or by the settings' file.
//!
//! **Traces.** Every span is recorded and the ratio decides which traces are exported at once. Those of the others are
//! held until the span that began here ends, and exported all the same when one of them is an error or a block. What is
//! held and what waits is bounded; what finds no room is dropped and counted, and no call ever waits for it.
//!
//! **Metrics.** The page of `/metrics`, pushed at the start, from time to time and when the program ends. A push that fails loses nothing:
//! they are counted from the start of the program.

mod export;
mod keep;
mod metrics;
mod openmetrics;
mod settings;

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::join_all;
use opentelemetry::{Key, KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithTonicConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{SdkTracer, SdkTracerProvider, SpanExporter as _},
};
use portcullis_api::trace;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tonic::metadata::MetadataMap;
use uuid::Uuid;

use self::{
    keep::{Keep, Ratio},
    metrics::Push,
    settings::{OtlpSettings, TraceSettings},
};
use super::{compose::StartError, settings::TelemetryFile};

/// Spans that wait for their export.
const QUEUE: usize = 8192;
/// For the last of it, when the program ends.
const LAST: Duration = Duration::from_secs(5);

/// What is exported while the program runs.
pub struct Otlp {
    traces: Option<Traces>,
    push: Option<Push>,
    pushing: Option<JoinHandle<()>>,
    stop: CancellationToken,
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp").field("traces", &self.traces).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Traces {
    provider: SdkTracerProvider,
    task: JoinHandle<()>,
    collector: String,
}

impl Otlp {
    /// Connects to nobody yet: a collector that is away is no reason not to start. Must be called within a tokio
    /// runtime.
    pub fn start(program: &'static str, file: &TelemetryFile) -> Result<Self, StartError> {
        let settings = OtlpSettings::read(file).map_err(StartError::Other)?;
        let stop = CancellationToken::new();
        let name = settings.service.unwrap_or_else(|| program.to_owned());
        let resource = resource(name);
        let push = settings.metrics.map(|settings| Push::new(&settings, &resource)).transpose();
        let traces = settings.traces.map(|settings| Traces::start(settings, &resource, &stop)).transpose();
        let (traces, push) = (traces.map_err(StartError::Other)?, push.map_err(StartError::Other)?);
        Ok(Self { traces, push, pushing: None, stop })
    }

    /// From now on, where metrics are to be pushed. `page` is what `/metrics` shows.
    pub fn push_metrics(&mut self, page: impl Fn() -> String + Send + Sync + 'static) {
        let push = self.push.take();
        self.pushing = push.map(|push| tokio::spawn(push.run(Arc::new(page), self.stop.clone())));
    }

    /// None: traces are off.
    pub fn tracer(&self) -> Option<SdkTracer> {
        self.traces.as_ref().map(|traces| traces.provider.tracer("portcullis"))
    }

    /// Where traces go, for the block that a start prints.
    pub fn about_traces(&self) -> &str {
        self.traces.as_ref().map_or("off", |traces| &traces.collector)
    }

    /// Exports what waits, for a while.
    pub async fn close(self) {
        self.stop.cancel();
        let tasks = self.traces.map(|traces| traces.task).into_iter().chain(self.pushing);
        if tokio::time::timeout(LAST, join_all(tasks)).await.is_err() {
            tracing::warn!("the last traces and metrics could not be exported in time");
        }
    }
}

const INSTANCE: &str = "service.instance.id";

/// Two processes of one name would be one series to a collector: each has an id of its own, new with every start, unless
/// the environment gives it one.
fn resource(name: String) -> Resource {
    // The variable for further attributes is read there.
    let said = Resource::builder().build();
    let instance = said.get(&Key::from_static_str(INSTANCE)).unwrap_or_else(|| Uuid::new_v4().to_string().into());
    Resource::builder()
        .with_service_name(name)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new(INSTANCE, instance))
        .build()
}

impl Traces {
    fn start(settings: TraceSettings, resource: &Resource, stop: &CancellationToken) -> Result<Self, String> {
        let TraceSettings { collector, ratio, follow_parent } = settings;
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_channel(collector.channel()?)
            .with_metadata(MetadataMap::from_headers(collector.headers.clone()))
            .build();
        let mut exporter = exporter.map_err(|error| error.to_string())?;
        exporter.set_resource(resource);
        let (queue, waiting) = mpsc::channel(QUEUE);
        let task = tokio::spawn(export::run(exporter, waiting, stop.clone()));
        let provider = SdkTracerProvider::builder()
            .with_sampler(Ratio { ratio, follow_parent })
            .with_resource(resource.clone())
            .with_span_processor(Keep::new(queue))
            .build();
        trace::switch_on(provider.tracer("portcullis"));
        Ok(Self { provider, task, collector: collector.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_is_an_instance_of_its_own() {
        let instance = || resource("gate".to_owned()).get(&Key::from_static_str(INSTANCE)).unwrap().to_string();
        let (one, other) = (instance(), instance());
        assert!(Uuid::parse_str(&one).is_ok() && one != other, "{one} {other}");
    }
}
