use portcullis_api::error::{ApiError, ErrorCode};
use tokio::net::TcpListener;
use tonic::transport;

use super::*;
use crate::testing::{FakeCore, ask, body_text, post, send};

const ASKED: &str = r#"{"requestBody": {"a": 1}}"#;

#[tokio::test]
async fn a_core_that_is_not_there_is_unavailable_and_never_a_pass() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let core = Client::remote(&format!("http://{address}"), None, None).unwrap();
    let response = send(&crate::router(core, AdapterSettings::default()), post("", ASKED)).await;
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    let expected = r#"{"error":"unavailable","message":"the core service cannot be reached"}"#;
    assert_eq!(body_text(response).await, expected);
}

#[tokio::test]
async fn a_core_that_does_not_answer_is_not_waited_for() {
    let silent = FakeCore::default();
    let settings = AdapterSettings { call_deadline: Duration::from_millis(20), ..AdapterSettings::default() };
    let (status, body) = ask(&silent.router(settings), post("", ASKED)).await;
    assert_eq!((status.as_u16(), body["error"].as_str()), (503, Some("deadline_exceeded")));
    assert_eq!(silent.calls().len(), 1);
}

#[tokio::test]
async fn a_remote_core_answers_as_an_embedded_one_and_a_late_one_is_waited_for() {
    let fake = FakeCore::content();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let core = Client::remote(&format!("http://{address}"), Some("t0ken"), None).unwrap();
    let router = crate::router(core, AdapterSettings::default());
    // Nobody listens while the first try is made; somebody does before the last.
    let asked = tokio::spawn(async move { ask(&router, post("", ASKED)).await });
    tokio::task::yield_now().await;
    let incoming = transport::server::TcpIncoming::bind(address).unwrap();
    let server = transport::Server::builder().add_routes(fake.routes().0).serve_with_incoming(incoming);
    let server = tokio::spawn(server);
    assert_eq!(asked.await.unwrap().0, 200);
    assert_eq!(fake.calls().len(), 1);
    assert_eq!(fake.seen("authorization"), ["Bearer t0ken"]);
    server.abort();
}

#[tokio::test]
async fn a_call_that_may_have_arrived_is_not_made_again() {
    // Takes every connection, hears a little and hangs up.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hang_up = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.readable().await.unwrap();
        drop(stream);
        // A second connection would be a second try.
        listener.accept().await.map(drop)
    });
    let core = Client::remote(&format!("http://{address}"), None, None).unwrap();
    let body = r#"{"requestBody": {"a": 1}, "responseBody": {"b": 2}}"#;
    let (status, body) = ask(&crate::router(core, AdapterSettings::default()), post("", body)).await;
    assert_eq!((status.as_u16(), body["error"].as_str()), (503, Some("unavailable")));
    assert!(!hang_up.is_finished());
    hang_up.abort();
}

#[tokio::test]
async fn a_core_that_refuses_this_adapter_is_not_the_callers_fault() {
    let core = FakeCore::content().fails(ApiError::new(ErrorCode::Unauthenticated, "why"));
    let response = send(&core.router(AdapterSettings::default()), post("", ASKED)).await;
    assert_eq!(response.status(), 503);
    assert!(!response.headers().contains_key("www-authenticate"));
}
