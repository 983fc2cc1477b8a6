//! A collector of telemetry: a gRPC server of OTLP's public definition.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::{KeyValue, any_value::Value},
};
pub use opentelemetry_proto::tonic::{
    metrics::v1::{Metric, metric, number_data_point},
    trace::v1::Span,
};
use tokio::net::TcpListener;
use tonic::{Request, Response, Status, service::Routes};

#[derive(Debug, Default)]
struct Received {
    traces: Mutex<Vec<ExportTraceServiceRequest>>,
    metrics: Mutex<Vec<ExportMetricsServiceRequest>>,
    headers: Mutex<BTreeMap<String, String>>,
}

impl Received {
    fn note<T>(&self, request: &Request<T>) {
        let headers = request.metadata().clone().into_headers();
        let mut known = self.headers.lock().unwrap();
        known.extend(headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())));
    }
}

#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    received: Arc<Received>,
}

struct Service(Arc<Received>);

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.note(&request);
        self.0.traces.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Service {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.0.note(&request);
        self.0.metrics.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

impl Collector {
    /// Serves until the runtime of the test ends.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Received::default());
        let routes = Routes::new(TraceServiceServer::new(Service(Arc::clone(&received))))
            .add_service(MetricsServiceServer::new(Service(Arc::clone(&received))));
        tokio::spawn(async move { axum::serve(listener, routes.into_axum_router()).await.unwrap() });
        Self { address, received }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that came, as it is written by `Debug`: with every attribute and every name.
    pub fn text(&self) -> String {
        format!("{:?}", self.received)
    }

    pub fn spans(&self) -> Vec<Span> {
        let requests = self.received.traces.lock().unwrap();
        let scopes = requests.iter().flat_map(|request| &request.resource_spans).flat_map(|spans| &spans.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// The last that came of each program, by name.
    pub fn metrics(&self) -> BTreeMap<String, Metric> {
        let requests = self.received.metrics.lock().unwrap();
        let scopes = requests.iter().flat_map(|request| &request.resource_metrics);
        let metrics = scopes.flat_map(|metrics| &metrics.scope_metrics).flat_map(|scope| &scope.metrics);
        metrics.map(|metric| (metric.name.clone(), metric.clone())).collect()
    }

    /// What the programs said of themselves, with spans or with metrics.
    pub fn resource(&self) -> BTreeMap<String, String> {
        let (traces, metrics) = (self.received.traces.lock().unwrap(), self.received.metrics.lock().unwrap());
        let of_traces = traces.iter().flat_map(|request| &request.resource_spans).map(|spans| &spans.resource);
        let of_metrics = metrics.iter().flat_map(|request| &request.resource_metrics).map(|metrics| &metrics.resource);
        let said = of_traces.chain(of_metrics).flatten().flat_map(|resource| &resource.attributes);
        said.filter_map(|attribute| Some((attribute.key.clone(), text(attribute)?))).collect()
    }

    /// Of all calls.
    pub fn headers(&self) -> BTreeMap<String, String> {
        self.received.headers.lock().unwrap().clone()
    }
}

fn text(attribute: &KeyValue) -> Option<String> {
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What a span says of itself.
pub fn attribute(span: &Span, key: &str) -> Option<String> {
    text(span.attributes.iter().find(|attribute| attribute.key == key)?)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
