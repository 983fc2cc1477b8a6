//! A stop that is announced: balancers are told first, and what comes until they look is still answered.

use std::{
    fs::File,
    process::{Command, Stdio},
};

use integration_tests::{Client, Program, Setup, program::binary, until};
use serde_json::json;

fn terminate(program: &Program) {
    assert!(Command::new("kill").args(["-TERM", &program.pid().to_string()]).status().unwrap().success());
}

async fn is_ready(program: &Program) -> bool {
    Client::of(program).get("/readyz").await.status == 200
}

/// Not ready, and all the same there.
async fn takes_leave(program: &Program) {
    until(|| async { (!is_ready(program).await).then_some(()) }).await;
    let client = Client::of(program);
    let readiness = client.get("/readyz").await;
    assert_eq!((readiness.status, &readiness.json()["status"]), (503, &json!("unavailable")));
    let call = json!({"requestBody": {"messages": [{"role": "user", "content": "hello"}]}});
    assert_eq!(client.guard("sync=true", &call).await.status, 200);
}

#[tokio::test]
async fn calls_are_taken_while_balancers_are_told_and_a_second_signal_ends_it() {
    let program = Setup::portcullis().settings("limits.drain_notice_ms = 60000").start();
    assert!(is_ready(&program).await);
    terminate(&program);
    takes_leave(&program).await;
    let (status, printed) = program.stop();
    assert_eq!(status, Some(130), "{printed}");
}

#[tokio::test]
async fn an_adapter_is_not_ready_while_it_or_its_core_takes_leave() {
    let core = Setup::core().env("PORTCULLIS_DRAIN_NOTICE_MS", "60000").start();
    let adapter = || {
        let url = format!("http://{}", core.grpc_address());
        Setup::portcullis().env("PORTCULLIS_CORE_URL", &url).env("PORTCULLIS_DRAIN_NOTICE_MS", "60000").start()
    };
    let (one, other) = (adapter(), adapter());
    assert!(is_ready(&one).await && is_ready(&other).await);
    terminate(&one);
    takes_leave(&one).await;
    assert!(is_ready(&other).await);
    terminate(&core);
    takes_leave(&other).await;
}

/// A start that waits, here for a policy file that nobody writes, hears the signal too.
#[test]
fn a_start_that_is_not_over_is_stopped() {
    let programs: [(&str, &[&str]); 2] = [("portcullis", &[]), ("portcullis-core", &["serve"])];
    for (program, arguments) in programs {
        let folder = tempfile::tempdir().unwrap();
        let waits = folder.path().join("waits.yaml");
        assert!(Command::new("mkfifo").arg(&waits).status().unwrap().success());
        let mut child = Command::new(binary(program))
            .args(arguments)
            .env_clear()
            .env("PORTCULLIS_HTTP_LISTEN", "127.0.0.1:0")
            .env("PORTCULLIS_GRPC_LISTEN", "127.0.0.1:0")
            .env("PORTCULLIS_POLICIES_DIR", folder.path())
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Opens when the start does, which then reads for as long as this stays open.
        let writer = File::options().write(true).open(&waits).unwrap();
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{program}");
        drop(writer);
    }
}

#[test]
fn a_notice_ends_and_has_a_bound() {
    for setup in [Setup::portcullis(), Setup::core()] {
        let (status, printed) = setup.env("PORTCULLIS_DRAIN_NOTICE_MS", "50").start().stop();
        assert_eq!(status, Some(0), "{printed}");
    }
    let (status, said) = Setup::core().settings("limits.drain_notice_ms = 60001").refused();
    assert!(status == 2 && said.contains("limits.drain_notice_ms"), "{said}");
}
