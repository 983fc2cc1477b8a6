//! The task that pushes metrics to the collector: those of `/metrics`, under the same names.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use opentelemetry_proto::tonic::{
    collector::metrics::v1::{ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient},
    common::v1::InstrumentationScope,
    metrics::v1::{ResourceMetrics, ScopeMetrics},
    resource::v1,
};
use opentelemetry_sdk::Resource;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tonic::{Request, metadata::MetadataMap, transport::Channel};

use super::{
    openmetrics::{self, Period},
    settings::MetricSettings,
};
use crate::telemetry::{MetricsFate, metrics};

/// Writes the page of metrics.
pub(super) type Page = Arc<dyn Fn() -> String + Send + Sync>;

pub(super) struct Push {
    client: MetricsServiceClient<Channel>,
    headers: MetadataMap,
    pub(super) every: Duration,
    resource: v1::Resource,
    /// When this process began to count.
    start: u64,
}

impl Push {
    pub(super) fn new(settings: &MetricSettings, resource: &Resource) -> Result<Self, String> {
        let MetricSettings { collector, every } = settings;
        let attributes = resource.iter().map(|(key, value)| openmetrics::attribute(key.as_str(), &value.as_str()));
        Ok(Self {
            client: MetricsServiceClient::new(collector.channel()?),
            headers: MetadataMap::from_headers(collector.headers.clone()),
            every: *every,
            resource: v1::Resource { attributes: attributes.collect(), ..v1::Resource::default() },
            start: now(),
        })
    }

    /// At once, so that a counter is known by its zero before it rises, and a program that just started is seen; then from time to
    /// time until `stop`, and then once more.
    pub(super) async fn run(mut self, page: Page, stop: CancellationToken) {
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            let last = tokio::select! {
                _ = ticks.tick() => false,
                () = stop.cancelled() => true,
            };
            let pushed = self.push(&page()).await;
            if let Err(code) = &pushed
                && !failing
            {
                tracing::warn!(?code, "metrics cannot be pushed; the next push has all that this one had");
            }
            if failing && pushed.is_ok() {
                tracing::info!("metrics are pushed again");
            }
            failing = pushed.is_err();
            metrics().metrics_exported(if failing { MetricsFate::Failed } else { MetricsFate::Exported });
            if last {
                return;
            }
        }
    }

    async fn push(&mut self, page: &str) -> Result<(), tonic::Code> {
        let period = Period { start: self.start, now: now() };
        let scope = InstrumentationScope {
            name: "portcullis".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let of_scope =
            ScopeMetrics { scope: Some(scope), metrics: openmetrics::metrics(page, period), ..ScopeMetrics::default() };
        let of_resource = ResourceMetrics {
            resource: Some(self.resource.clone()),
            scope_metrics: vec![of_scope],
            ..ResourceMetrics::default()
        };
        let mut request = Request::new(ExportMetricsServiceRequest { resource_metrics: vec![of_resource] });
        *request.metadata_mut() = self.headers.clone();
        // Its message may repeat what it was sent.
        self.client.export(request).await.map(drop).map_err(|status| status.code())
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::{super::settings::OtlpSettings, *};
    use crate::app::settings::TelemetryFile;

    /// Of a collector that nobody is.
    fn push(every: Duration) -> Push {
        let file = TelemetryFile { endpoint: Some("http://127.0.0.1:1".to_owned()), ..TelemetryFile::default() };
        let settings = OtlpSettings::read(&file).unwrap().metrics.unwrap();
        Push::new(&MetricSettings { every, ..settings }, &Resource::builder_empty().build()).unwrap()
    }

    #[tokio::test]
    async fn the_first_push_is_at_once_and_the_last_at_the_end() {
        let (asked, mut asks) = mpsc::unbounded_channel();
        let page: Page = Arc::new(move || {
            asked.send(()).unwrap();
            String::new()
        });
        let stop = CancellationToken::new();
        let pushing = tokio::spawn(push(Duration::from_secs(86_400)).run(page, stop.clone()));
        asks.recv().await.unwrap();
        stop.cancel();
        pushing.await.unwrap();
        asks.recv().await.unwrap();
        assert!(asks.recv().await.is_none(), "twice, and no more");
    }
}
