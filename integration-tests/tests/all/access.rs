//! Who may call.

use integration_tests::{Client, Setup};
use serde_json::json;

#[tokio::test]
async fn credentials_guard_everything_but_probes() {
    let program = Setup::portcullis()
        .env("PORTCULLIS_AUTH_BEARER_TOKENS", "tok-1,tok-2")
        .env("PORTCULLIS_AUTH_BASIC", "ann:s3cret")
        .start();
    let client = Client::of(&program);
    let good = json!({"requestBody": {"messages": [{"role": "user", "content": "hello"}]}});
    for authorization in ["Bearer tok-1", "bearer tok-2", "tok-1", "Basic YW5uOnMzY3JldA=="] {
        let client = client.clone().with(authorization);
        assert_eq!(client.guard("sync=true", &good).await.status, 200, "{authorization}");
        assert_eq!(client.get("/v1/events").await.status, 200);
    }
    for authorization in ["Bearer wrong", "Bearer", "Basic YW5uOndyb25n", "tok-3"] {
        let answer = client.clone().with(authorization).guard("sync=true", &good).await;
        assert_eq!((answer.status, &answer.json()["error"]), (401, &json!("unauthenticated")), "{authorization}");
    }
    // Also the no-op, the list, and before the body is looked at.
    assert_eq!(client.guard("sync=false", &good).await.status, 401);
    assert_eq!(client.get("/v1/events").await.status, 401);
    assert_eq!(client.post("/api/http-proxy/truefoundry", "not json").await.status, 401);
    for probe in ["/healthz", "/readyz", "/healthCheck"] {
        assert_eq!(client.get(probe).await.status, 200, "{probe}");
    }
    let printed = program.printed();
    for secret in ["tok-1", "tok-2", "s3cret", "YW5uOnMzY3JldA"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn an_open_door_to_the_network_is_refused() {
    for name in ["PORTCULLIS_HTTP_LISTEN", "PORTCULLIS_GRPC_LISTEN"] {
        let (status, said) = Setup::portcullis().env(name, "0.0.0.0:0").refused();
        assert_eq!(status, 2);
        assert!(said.contains("PORTCULLIS_AUTH_BEARER_TOKENS"), "{said}");
    }
}

#[tokio::test]
async fn a_word_or_a_credential_opens_it() {
    let everywhere = || Setup::portcullis().env("PORTCULLIS_HTTP_LISTEN", "0.0.0.0:0");
    let open = everywhere().env("PORTCULLIS_AUTH_MODE", "none").start();
    assert!(open.printed().contains("OPEN"), "{}", open.printed());
    everywhere().env("PORTCULLIS_AUTH_BEARER_TOKENS", "t").start();
}

#[test]
fn what_this_version_cannot_do_is_refused_and_not_ignored() {
    for name in ["PORTCULLIS_KAFKA_BROKERS", "PORTCULLIS_INGEST_URL", "PORTCULLIS_AUTH_JWT_PUBLIC_KEY"] {
        let (status, said) = Setup::portcullis().env(name, "x").refused();
        assert_eq!(status, 2);
        assert!(said.contains(name), "{said}");
    }
    let (_, said) = Setup::portcullis().settings("[http]\nlissen = '127.0.0.1:0'\n").refused();
    assert!(said.contains("line 2") && said.contains("lissen"), "{said}");
    let (_, said) = Setup::portcullis().env("PORTCULLIS_AUTH_BASIC", "no-password").refused();
    assert!(said.contains("user:password") && !said.contains("no-password"), "{said}");
}
