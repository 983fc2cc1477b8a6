//! The accept loop of both ports: how many connections, how long one may dawdle, and how it all ends.

use std::{
    convert::Infallible,
    error::Error,
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt as _};

use crate::tls::{Tls, TlsError};

/// What a port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 and HTTP/2.
    Http,
    /// HTTP/2 alone.
    Grpc,
}

/// The connections of one port.
#[derive(Debug, Clone)]
pub struct Connections {
    pub protocol: Protocol,
    /// None: in the clear.
    pub tls: Option<Tls>,
    /// At the same time; further ones wait in the system's queue.
    pub max: usize,
    /// For the handshake of TLS.
    pub handshake_timeout: Duration,
    /// From there to the end of the first call's head.
    pub first_call_timeout: Duration,
    /// How long a connection of HTTP/1.1 may stay open between two calls. Longer than the gateways' pools keep theirs
    /// (90 s is common): a server that closes first loses the call that is under way, and a lost call may be let pass.
    pub idle_timeout: Duration,
    /// How long calls under way may take once the shutdown began.
    pub drain_timeout: Duration,
}

impl Connections {
    pub const MAX: usize = 4096;

    pub const fn new(protocol: Protocol) -> Self {
        Self {
            protocol,
            tls: None,
            max: Self::MAX,
            handshake_timeout: Duration::from_secs(10),
            // A client of gRPC may connect long before it asks.
            first_call_timeout: Duration::from_secs(match protocol {
                Protocol::Http => 10,
                Protocol::Grpc => 120,
            }),
            idle_timeout: Duration::from_secs(120),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// Serves until `shutdown`; then calls under way are finished, until `settings.drain_timeout` ends them.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    shutdown: CancellationToken,
    settings: &Connections,
) -> Result<(), TlsError>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let protocols: &[&str] = match settings.protocol {
        Protocol::Http => &["h2", "http/1.1"],
        Protocol::Grpc => &["h2"],
    };
    let acceptor = settings.tls.as_ref().map(|tls| tls.acceptor(protocols)).transpose()?;
    let connections = Arc::new(Semaphore::new(settings.max.clamp(1, Semaphore::MAX_PERMITS)));
    let builder = Arc::new(builder(settings));
    let graceful = GracefulShutdown::new();
    let ended = CancellationToken::new();
    // However this function ends, no connection outlives it.
    let _end = ended.clone().drop_guard();
    loop {
        // The permit first: connections above the limit wait in the system's queue and take nothing of this process.
        let next = async {
            let permit = Arc::clone(&connections).acquire_owned().await;
            (permit, accept(&listener).await)
        };
        let (permit, stream) = tokio::select! {
            () = shutdown.cancelled() => break,
            next = next => next,
        };
        let (acceptor, handshake_timeout) = (acceptor.clone(), settings.handshake_timeout);
        let first_call_timeout = settings.first_call_timeout;
        let (builder, service, watcher) = (Arc::clone(&builder), service.clone(), graceful.watcher());
        let connection = async move {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its small packets back");
            }
            match acceptor {
                None => converse(stream, builder, service, watcher, first_call_timeout).await,
                Some(acceptor) => match acceptor.accept(stream, handshake_timeout).await {
                    Ok(stream) => converse(stream, builder, service, watcher, first_call_timeout).await,
                    Err(error) => tracing::debug!(%error, "a connection without a handshake"),
                },
            }
        };
        let ended = ended.clone();
        tokio::spawn(async move {
            let _permit = permit;
            ended.run_until_cancelled(connection).await;
        });
    }
    drop(listener);
    if timeout(settings.drain_timeout, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still in use at the end of the drain and are closed");
    }
    Ok(())
}

/// Bytes that a peer may send in one call, or one stream, before they are read: as hyper has it. But hyper gives all calls of a
/// connection together no more: one stream whose bytes are not read, as an `IngestStream` that is held back, would keep the bytes
/// of all others from coming.
const STREAM_WINDOW: u32 = 1 << 20;
/// The same in all calls of a connection together: what one connection can have waiting in memory.
const CONNECTION_WINDOW: u32 = 4 << 20;

fn builder(settings: &Connections) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    let streams = match settings.protocol {
        Protocol::Http => 256,
        Protocol::Grpc => {
            builder = builder.http2_only();
            1024
        }
    };
    // hyper counts the wait for the next call as a part of reading its head.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(settings.idle_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(streams)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    builder
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client's own: it went away while it waited.
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {
            }
            // Out of descriptors or memory, and it stays so for a while: to ask again at once would burn a core.
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

async fn converse<S, B>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    builder: Arc<Builder<TokioExecutor>>,
    service: S,
    watcher: Watcher,
    first_call_timeout: Duration,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let asked = &AtomicBool::new(false);
    let service = service_fn(move |request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        service.clone().oneshot(request)
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(watcher.watch(connection));
    // hyper's own limits begin once it knows the protocol: a connection that says nothing would be kept for ever.
    let outcome = match timeout(first_call_timeout, connection.as_mut()).await {
        Ok(outcome) => outcome,
        Err(_) if asked.load(Ordering::Relaxed) => connection.await,
        Err(_) => return,
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests;
