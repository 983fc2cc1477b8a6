use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
};

use super::*;

const HTTP: Connections = Connections::new(Protocol::Http);

fn alive() -> Router {
    Router::new().route("/healthz", get(|| async { r#"{"status":"ok"}"# }))
}

struct Served {
    address: std::net::SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

async fn start(router: Router, settings: Connections) -> Served {
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
    let slow = get(move || async move {
        inside.notify_one();
        gate.notified().await;
        "done"
    });
    let served = start(Router::new().route("/slow", slow), HTTP).await;
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
    let stuck = get(move || async move {
        inside.notify_one();
        std::future::pending::<()>().await;
    });
    let settings = Connections { drain_timeout: Duration::from_millis(20), ..HTTP };
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
    let first_call_timeout = Duration::from_millis(20);
    let served = start(alive(), Connections { first_call_timeout, ..HTTP }).await;
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n", "GET /healthz HTTP/1.1\r\nhost"] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        say(&mut stream, beginning).await;
        assert!(!read_to_end(stream).await.contains("200"), "{beginning}");
    }
}

#[tokio::test]
async fn connections_above_the_limit_wait_for_one_to_end() {
    let served = start(alive(), Connections { max: 1, ..HTTP }).await;
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
