//! The accept loop: how many connections, how long one may dawdle, and how it all ends.

use std::{
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::Router;
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
};
use portcullis_api::tls::TlsError;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use crate::settings::AdapterSettings;

/// Serves until `shutdown`; then calls under way are finished, until `settings.drain_timeout` ends them.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    settings: &AdapterSettings,
) -> Result<(), TlsError> {
    let acceptor = settings.tls.as_ref().map(|tls| tls.acceptor(&["h2", "http/1.1"])).transpose()?;
    let connections = Arc::new(Semaphore::new(settings.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
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
        let (acceptor, header_timeout) = (acceptor.clone(), settings.header_timeout);
        let (builder, router, watcher) = (Arc::clone(&builder), router.clone(), graceful.watcher());
        let connection = async move {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its small packets back");
            }
            match acceptor {
                None => converse(stream, builder, router, watcher, header_timeout).await,
                Some(acceptor) => match acceptor.accept(stream, header_timeout).await {
                    Ok(stream) => converse(stream, builder, router, watcher, header_timeout).await,
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

fn builder(settings: &AdapterSettings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // hyper counts the wait for the next call as a part of reading its head.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(settings.idle_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
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

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    builder: Arc<Builder<TokioExecutor>>,
    router: Router,
    watcher: Watcher,
    header_timeout: Duration,
) {
    let asked = AtomicBool::new(false);
    let service = service_fn(|request: Request<Incoming>| {
        asked.store(true, Ordering::Relaxed);
        router.clone().call(request)
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(watcher.watch(connection));
    // hyper's own limits begin once it knows the protocol: a connection that says nothing would be kept for ever.
    let outcome = match timeout(header_timeout, connection.as_mut()).await {
        Ok(outcome) => outcome,
        Err(_) if asked.load(Ordering::Relaxed) => connection.await,
        Err(_) => return,
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
        sync::Notify,
        task::JoinHandle,
    };

    use super::*;
    use crate::testing::FakeCore;

    struct Served {
        address: std::net::SocketAddr,
        shutdown: CancellationToken,
        task: JoinHandle<()>,
    }

    async fn start(router: Router, settings: AdapterSettings) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let ending = shutdown.clone();
        let task = tokio::spawn(async move { serve(listener, router, ending, &settings).await.unwrap() });
        Served { address, shutdown, task }
    }

    async fn say(stream: &mut TcpStream, head: &str) {
        stream.write_all(head.as_bytes()).await.unwrap();
    }

    async fn read_to_end(mut stream: TcpStream) -> String {
        let mut text = String::new();
        // A connection that is cut answers nothing or with a reset.
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    const LIVE: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

    #[tokio::test]
    async fn a_call_under_way_is_finished_and_no_other_is_begun() {
        let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (inside, gate) = (Arc::clone(&entered), Arc::clone(&leave));
        let slow = axum::routing::get(move || async move {
            inside.notify_one();
            gate.notified().await;
            "done"
        });
        let served = start(Router::new().route("/slow", slow), AdapterSettings::default()).await;
        let mut busy = TcpStream::connect(served.address).await.unwrap();
        say(&mut busy, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
        entered.notified().await;
        served.shutdown.cancel();
        // Refused once the listener is gone.
        while TcpStream::connect(served.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        leave.notify_one();
        assert!(read_to_end(busy).await.ends_with("done"));
        served.task.await.unwrap();
    }

    #[tokio::test]
    async fn the_drain_ends_a_call_that_does_not() {
        let entered = Arc::new(Notify::new());
        let inside = Arc::clone(&entered);
        let stuck = axum::routing::get(move || async move {
            inside.notify_one();
            std::future::pending::<()>().await;
        });
        let settings = AdapterSettings { drain_timeout: Duration::from_millis(20), ..AdapterSettings::default() };
        let served = start(Router::new().route("/stuck", stuck), settings).await;
        let mut busy = TcpStream::connect(served.address).await.unwrap();
        say(&mut busy, "GET /stuck HTTP/1.1\r\nhost: x\r\n\r\n").await;
        entered.notified().await;
        served.shutdown.cancel();
        served.task.await.unwrap();
        assert_eq!(read_to_end(busy).await, "");
    }

    #[tokio::test]
    async fn a_connection_that_does_not_say_what_it_wants_is_closed() {
        let router = FakeCore::default().router(AdapterSettings::default());
        let header_timeout = Duration::from_millis(20);
        let served = start(router, AdapterSettings { header_timeout, ..AdapterSettings::default() }).await;
        for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "GET /healthz HTTP/1.1\r\nhost"] {
            let mut stream = TcpStream::connect(served.address).await.unwrap();
            say(&mut stream, beginning).await;
            assert!(!read_to_end(stream).await.contains("200"), "{beginning}");
        }
    }

    #[tokio::test]
    async fn connections_above_the_limit_wait_for_one_to_end() {
        let router = FakeCore::default().router(AdapterSettings::default());
        let served = start(router, AdapterSettings { max_connections: 1, ..AdapterSettings::default() }).await;
        let mut first = TcpStream::connect(served.address).await.unwrap();
        say(&mut first, LIVE).await;
        let mut byte = [0];
        first.read_exact(&mut byte).await.unwrap();
        let mut second = TcpStream::connect(served.address).await.unwrap();
        say(&mut second, &LIVE.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")).await;
        assert!(second.try_read(&mut byte).is_err(), "nothing yet");
        drop(first);
        assert!(read_to_end(second).await.ends_with(r#"{"status":"ok"}"#));
    }
}
