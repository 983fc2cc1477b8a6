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

/// Type, stream and payload of the next frame (RFC 9113, section 4.1).
async fn frame(stream: &mut TcpStream) -> (u8, u32, Vec<u8>) {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    let [long, middle, short, kind, _, of @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, long, middle, short]) as usize];
    stream.read_exact(&mut payload).await.unwrap();
    (kind, u32::from_be_bytes(of), payload)
}

#[tokio::test]
async fn one_stream_that_is_held_back_leaves_the_connection_room_for_others() {
    const SETTINGS: u8 = 4;
    const WINDOW_UPDATE: u8 = 8;
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let served = start(alive(), Connections::new(protocol)).await;
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        // The preface, and settings that say nothing.
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let (mut of_stream, mut of_connection) = (None, None);
        while of_stream.is_none() || of_connection.is_none() {
            match frame(&mut stream).await {
                (SETTINGS, 0, payload) => {
                    let mut settings = payload.chunks_exact(6);
                    // SETTINGS_INITIAL_WINDOW_SIZE
                    let window = settings.find(|setting| setting[..2] == [0, 4]);
                    let window = window.map(|window| u32::from_be_bytes(window[2..].try_into().unwrap()));
                    of_stream = of_stream.or(window);
                }
                // A connection begins with 64 KiB less one (section 6.9.2).
                (WINDOW_UPDATE, 0, payload) => {
                    of_connection = Some(65_535 + u32::from_be_bytes(payload.try_into().unwrap()));
                }
                _ => {}
            }
        }
        assert_eq!((of_stream, of_connection), (Some(1 << 20), Some(4 << 20)), "{protocol:?}");
    }
}
