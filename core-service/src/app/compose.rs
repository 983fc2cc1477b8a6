//! The running core, and the order in which it stops: health first, then intake, then work, then the log.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use portcullis_api::{
    access::Access,
    serve::{self, Connections, Protocol},
    tls::TlsError,
};
use tokio::{
    net::TcpListener,
    signal::unix::{self, Signal, SignalKind},
    task::JoinHandle,
    time,
};
use tokio_util::sync::CancellationToken;

use super::{
    log_up::LogUp,
    settings::{CoreSettings, SettingsError},
    sinks,
};
use crate::{
    classify::second,
    deliver::SinkStatus,
    events::EventStore,
    grpc::routes::{Api, Embedded},
    guardrail::{analysis, display, keep, service::Guardrail, text::OpenTexts},
    policy::{
        live::{Live, PolicyStatus},
        load::Loader,
        watch,
    },
    postgres::{InvalidStore, Postgres},
    record::{Health, KeepPayloads, Log, LogError},
    search::{self, Search},
    session::Sessions,
    telemetry::{self, LogState, metrics},
};

/// For work that is under way when the service stops.
pub const DRAIN: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("the log: {0}")]
    Log(#[from] LogError),
    #[error("the policies: {0}")]
    Policies(String),
    #[error("{what} address {address}: {source}")]
    Listen { what: &'static str, address: SocketAddr, source: std::io::Error },
    #[error("reflection: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
    #[error("{0}")]
    Other(String),
}

/// Everything but the ports.
#[derive(Debug)]
pub struct Core {
    api: Api,
    access: Access,
    connections: Connections,
    work: Vec<JoinHandle<()>>,
    /// Ends the policy watcher, the background analysis and delivery.
    stop_work: CancellationToken,
}

impl Core {
    /// Opens the log, loads the policies, and takes up what an earlier process left pending.
    pub async fn start(settings: &CoreSettings) -> Result<Self, StartError> {
        let (data_dir, mut log_settings) = (settings.data_dir.clone(), settings.log.clone());
        if log_settings.payloads == KeepPayloads::Masked {
            log_settings.masking = Some(keep::masking().map_err(StartError::Other)?);
        }
        let unusable = |error: InvalidStore| SettingsError::Invalid { name: "store", message: error.to_string() };
        let store = settings.store.clone().map(Postgres::new).transpose().map_err(unusable)?;
        log_settings.retention.sinks = settings.delivery.sinks();
        log_settings.retention.sinks.extend(store.as_ref().map(|_| "store".into()));
        let mode = settings.search;
        let opened = tokio::task::spawn_blocking(move || {
            let log = Log::open_with(&data_dir, &log_settings)?;
            let search = Search::open(&log, mode, log_settings.keys.is_some(), log_settings.payloads)?;
            Ok::<_, LogError>((log, search))
        });
        let (log, search) = opened.await.map_err(|error| StartError::Other(error.to_string()))??;
        let log = Arc::new(log);
        let (folder, choice) = (settings.policies_dir.clone(), settings.second_stage.clone());
        let known_texts = settings.known_texts;
        let loaded = tokio::task::spawn_blocking(move || {
            second::choose(&choice)?;
            let loaded = Loader::knowing(folder, known_texts)?;
            loaded.1.set.scanner.warm_up();
            Ok(loaded)
        });
        let (loader, generation) =
            loaded.await.map_err(|error| StartError::Other(error.to_string()))?.map_err(StartError::Policies)?;
        telemetry::emit(watch::loaded(&generation, false));
        let live = Arc::new(Live::new(generation));
        let stop_work = CancellationToken::new();
        let sessions = Arc::new(Sessions::new(settings.sessions));
        let mut work = vec![
            tokio::spawn(watch::watch(loader, settings.policies_dir.clone(), Arc::clone(&live), stop_work.clone())),
            tokio::spawn(analysis::run(Arc::clone(&log), Arc::clone(&live), Arc::clone(&sessions), stop_work.clone())),
        ];
        let (deliveries, sinks) = sinks::start(settings, store.as_ref(), &log, &stop_work)?;
        work.extend(sinks);
        let events = match &store {
            Some(store) => EventStore::shared(&log, store.store().map_err(unusable)?),
            None => {
                if let Ok(index) = search.index() {
                    let (log, index, stop) = (Arc::clone(&log), Arc::clone(index), stop_work.clone());
                    work.push(tokio::spawn(search::run(log, index, Arc::new(display::said), stop)));
                }
                EventStore::with_search(&log, search)
            }
        };
        let api = Api {
            events: Arc::new(events),
            deliveries,
            guardrail: Arc::new(Guardrail::new(live, log, settings.mask_key(), sessions)),
            payload_bytes: settings.body_bytes,
            reveal: settings.reveal.clone(),
            texts: OpenTexts::default(),
            stop: CancellationToken::new(),
            health: tonic_health::server::HealthReporter::new(),
        };
        api.set_serving(true).await;
        let (tls, max) = (settings.tls.clone(), settings.connections);
        let connections = Connections { tls, max, ..Connections::new(Protocol::Grpc) };
        Ok(Self { api, access: settings.access.clone(), connections, work, stop_work })
    }

    /// The services for a client in the same process, who has asked for credentials itself.
    pub fn embedded(&self) -> Result<Embedded, StartError> {
        Ok(self.api.embedded()?)
    }

    /// Largest message that a client has to be ready for.
    pub const fn message_bytes(&self) -> usize {
        self.api.message_bytes()
    }

    pub fn policies(&self) -> Vec<PolicyStatus> {
        self.api.guardrail.policies().view().statuses.clone()
    }

    /// What `GET /metrics` shows, for as long as this core lives and after it.
    pub fn metrics(&self) -> impl Fn() -> String + Send + Sync + 'static {
        let log = Arc::clone(self.api.guardrail.log());
        let deliveries = self.api.deliveries.clone();
        let events = Arc::clone(&self.api.events);
        let (up, stop_work) = (LogUp::new(), self.stop_work.clone());
        move || {
            deliveries.measure();
            let search = events.search_status();
            let state = LogState {
                up: up.tell(log.health().status, stop_work.is_cancelled()),
                queued: log.queued(),
                bytes: log.bytes_on_disk(),
                damaged_files: log.damaged_files().len(),
                search_lag: search.waiting,
                search_bytes: search.bytes,
            };
            metrics().render(Some(state))
        }
    }

    /// Where records go.
    pub fn sinks(&self) -> Vec<SinkStatus> {
        self.api.deliveries.statuses()
    }

    pub fn node(&self) -> &str {
        self.api.guardrail.log().node()
    }

    /// Serves the gRPC port until `stop`, then lets calls end for a while.
    pub fn serve(&self, listener: TcpListener, stop: CancellationToken) -> Result<JoinHandle<()>, StartError> {
        let routes = self.api.routes(self.access.clone())?;
        let connections = self.connections.clone();
        // Said now, and not when the first connection comes.
        connections.tls.as_ref().map(|tls| tls.acceptor(&["h2"])).transpose()?;
        Ok(tokio::spawn(async move {
            if let Err(error) = serve::serve(listener, routes, stop, &connections).await {
                tracing::error!(%error, "the gRPC port failed");
            }
        }))
    }

    /// Tells balancers to go elsewhere, and adapters to tell theirs, while calls are still taken and streams go on. Streams
    /// and watches end when that has been told for as long as `notice`.
    pub async fn begin_drain(&self, notice: Duration) {
        self.api.set_serving(false).await;
        time::sleep(notice).await;
        self.api.stop.cancel();
    }

    /// After the ports: the work in hand ends, then the log is written out and closed.
    pub async fn finish(self) {
        self.stop_work.cancel();
        for task in self.work {
            if time::timeout(DRAIN, task).await.is_err() {
                tracing::warn!("background work was still under way when its time was over; it stays pending");
            }
        }
        // Their streams ended with the port: what was judged of them is on its way to the log.
        if time::timeout(DRAIN, self.api.texts.ended()).await.is_err() {
            tracing::warn!("texts in pieces were still open when their time was over; they are not recorded");
        }
        self.api.guardrail.log().close().await;
        let Health { lost, shed, .. } = self.api.guardrail.log().health();
        if lost + shed > 0 {
            tracing::error!(lost, shed, "records could not be written");
        }
    }
}

pub async fn bind(what: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { what, address, source })
}

/// SIGINT and SIGTERM, listened to from the moment this is made: before a start says that it is ready.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub fn listen() -> Result<Self, StartError> {
        let listen = |kind| unix::signal(kind).map_err(|error| StartError::Other(format!("signals: {error}")));
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// What a start ends with; None when a signal came first. What was begun is then left as a crash would leave it, which the
    /// next start takes up: to read a large log, or a folder that does not answer, takes longer than who stops it waits.
    pub async fn unless_interrupted<T>(&mut self, start: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.next() => {
                tracing::info!("stopping before the start was over");
                None
            }
            started = start => Some(started),
        }
    }

    /// Resolves at the first signal; a second one leaves at once.
    pub async fn interrupted(mut self) {
        self.next().await;
        tracing::info!("stopping");
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("second signal: leaving at once");
            std::process::exit(130);
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
