//! A disk that takes nothing more, and then does again: no restart, nothing lost that was acknowledged, every gap shown.

use std::process::Command;

use integration_tests::{Answer, Client, Program, Setup, SmallDisk, grpcurl, until};
use serde_json::{Value, json};

/// Files may grow to this size and no further, which the program meets as an error of the disk.
fn limit(program: &Program, bytes: &str) {
    let set =
        Command::new("prlimit").args(["--pid", &program.pid().to_string(), &format!("--fsize={bytes}:")]).status();
    assert!(set.unwrap().success());
}

/// Some 16 KiB of traffic.
fn exchange(number: usize) -> Value {
    json!({
        "requestBody": {"messages": [{"role": "user", "content": format!("question {number}: {}", "why? ".repeat(3000))}]},
        "responseBody": {"choices": [{"message": {"role": "assistant", "content": "because"}}]}
    })
}

fn setup() -> Setup {
    // Without this the limit would kill it.
    Setup::portcullis().through("trap '' XFSZ; exec \"$0\" \"$@\"")
}

#[tokio::test]
async fn a_full_disk_refuses_until_there_is_room_and_loses_nothing() {
    let setup = setup();
    let program = setup.start();
    let client = Client::of(&program);
    limit(&program, "4194304");
    let mut recorded = Vec::new();
    let refused = loop {
        let answer = client.guard("sync=true", &exchange(recorded.len())).await;
        if answer.status != 200 {
            break answer;
        }
        recorded.push(answer.json()["request_id"].as_str().unwrap().to_owned());
    };
    assert_eq!((refused.status, refused.json()["error"].as_str()), (503, Some("storage_unavailable")));
    assert!(recorded.len() > 20, "{}", recorded.len());
    // A prompt is not let pass either when that cannot be recorded.
    let prompt = json!({"requestBody": {"messages": [{"role": "user", "content": "hello"}]}});
    let answer = until(|| async { Some(client.guard("sync=true", &prompt).await).filter(|it| it.status != 200) }).await;
    assert_eq!(answer.status, 503);
    until(|| async { client.metric("portcullis_log_up").await.eq(&0).then_some(()) }).await;
    limit(&program, "unlimited");
    let answer = until(|| async { Some(client.guard("sync=true", &prompt).await).filter(|it| it.status == 200) }).await;
    assert_eq!(answer.json()["verdict"], true);
    recorded.push(client.guard("sync=true", &exchange(0)).await.json()["request_id"].as_str().unwrap().to_owned());
    for id in recorded {
        assert_eq!(client.events(&format!("request_id={id}")).await.len(), 1);
    }
    assert_eq!(client.metric("portcullis_log_shed_records_total").await, 0);
}

#[tokio::test]
async fn a_full_disk_sheds_when_that_is_chosen_and_shows_what_is_missing() {
    let setup = setup().env("PORTCULLIS_LOG_ON_FULL", "shed");
    let program = setup.start();
    let client = Client::of(&program);
    limit(&program, "4194304");
    let mut answered = 0;
    while client.metric("portcullis_log_shed_records_total").await < 10 {
        let answer = client.guard("sync=true", &exchange(answered)).await;
        assert_eq!(answer.status, 200, "answers go on");
        answered += 1;
    }
    limit(&program, "unlimited");
    let gaps = until(|| async { Some(client.events("kind=log").await).filter(|gaps| !gaps.is_empty()) }).await;
    let shed = client.metric("portcullis_log_shed_records_total").await;
    let mut missing = 0;
    for gap in &gaps {
        assert_eq!(gap["violations"][0]["rule"], "gap");
        let event = client.get(&format!("/v1/events/{}", gap["id"].as_str().unwrap())).await.json();
        missing += event["request"]["records"].as_u64().unwrap();
    }
    assert_eq!(missing, shed, "{gaps:?}");
    let kept = client.events("kind=exchange&limit=1000").await.len();
    assert_eq!(kept as u64 + shed, answered as u64, "what was answered is on disk or in a gap");
}

const NO_DISK: &str = "skipped: no file system may be mounted here, not even in a namespace of one's own";

/// Records until the disk takes no more, and answers with what is said then.
async fn fill(client: &Client, recorded: &mut Vec<String>) -> Answer {
    loop {
        let answer = client.guard("sync=true", &exchange(recorded.len())).await;
        if answer.status != 200 {
            return answer;
        }
        recorded.push(answer.json()["request_id"].as_str().unwrap().to_owned());
    }
}

/// Each of them once.
async fn are_there(client: &Client, recorded: &[String]) {
    for id in recorded {
        assert_eq!(client.events(&format!("request_id={id}")).await.len(), 1, "{id} of {}", recorded.len());
    }
}

fn call(program: &Program, method: &str, message: &Value) -> Result<Value, String> {
    let method = format!("portcullis.v1.{method}");
    let answer = grpcurl(&["-d", &message.to_string(), program.grpc_address(), &method])?;
    Ok(serde_json::from_str(&answer).unwrap())
}

fn log_status(program: &Program) -> Value {
    call(program, "EventService/Summarize", &json!({})).unwrap()["log"].clone()
}

/// The limit of a process is an error like any other; a file system that is full has a code of its own, and a name.
#[tokio::test]
async fn a_file_system_without_room_is_told_as_one_and_written_again_when_there_is_some() {
    let Some(mut disk) = SmallDisk::mount() else { return eprintln!("{NO_DISK}") };
    let program = disk.under(Setup::portcullis()).start();
    let client = Client::of(&program);
    let mut recorded = Vec::new();
    let told = loop {
        let refused = fill(&client, &mut recorded).await;
        assert_eq!((refused.status, refused.json()["error"].as_str()), (503, Some("storage_unavailable")));
        // The log tries by itself whether it can write again, and a smaller piece may have fitted.
        let told = log_status(&program);
        if told["state"] == "LOG_STATE_FAILING" && client.metric("portcullis_log_up").await == 0 {
            break told;
        }
    };
    assert!(recorded.len() > 20, "{}", recorded.len());
    assert_eq!(told["fault"], "the disk is full");
    let ingest = json!({"request": {"text": "why? ".repeat(10_000)}});
    let refused = call(&program, "IngestionService/Ingest", &ingest).unwrap_err();
    assert!(refused.contains("Unavailable") && refused.contains("STORAGE_UNAVAILABLE"), "{refused}");
    // What is there can be read.
    are_there(&client, &recorded).await;

    disk.free();
    let again = exchange(recorded.len());
    let answer = until(|| async { Some(client.guard("sync=true", &again).await).filter(|it| it.status == 200) }).await;
    recorded.push(answer.json()["request_id"].as_str().unwrap().to_owned());
    call(&program, "IngestionService/Ingest", &ingest).unwrap();
    assert_eq!(log_status(&program), json!({"state": "LOG_STATE_WRITING"}), "nothing is lost or shed");
    assert_eq!(client.metric("portcullis_log_up").await, 1);
    are_there(&client, &recorded).await;
    assert_eq!(client.events("limit=1000").await.len(), recorded.len() + 1, "what was refused is not there");
}

#[tokio::test]
async fn a_start_on_a_full_disk_shows_what_was_acknowledged_and_takes_records_when_there_is_room() {
    let Some(mut disk) = SmallDisk::mount() else { return eprintln!("{NO_DISK}") };
    let setup = disk.under(Setup::portcullis());
    let program = setup.start();
    let mut recorded = Vec::new();
    fill(&Client::of(&program), &mut recorded).await;
    program.kill();
    let program = setup.start();
    let client = Client::of(&program);
    are_there(&client, &recorded).await;
    // A little room there may be: a crash leaves more or less of it.
    assert_eq!(fill(&client, &mut recorded).await.status, 503);
    disk.free();
    let again = exchange(recorded.len());
    let answer = until(|| async { Some(client.guard("sync=true", &again).await).filter(|it| it.status == 200) }).await;
    recorded.push(answer.json()["request_id"].as_str().unwrap().to_owned());
    are_there(&client, &recorded).await;
    assert_eq!(client.events("limit=1000").await.len(), recorded.len());
}

#[tokio::test]
async fn after_a_clean_stop_a_disk_without_a_free_block_is_room_enough_for_a_start() {
    let Some(mut disk) = SmallDisk::mount() else { return eprintln!("{NO_DISK}") };
    let setup = disk.under(Setup::portcullis());
    let program = setup.start();
    let client = Client::of(&program);
    let mut recorded = Vec::new();
    for number in 0..5 {
        let answer = client.guard("sync=true", &exchange(number)).await;
        recorded.push(answer.json()["request_id"].as_str().unwrap().to_owned());
    }
    program.stop();
    disk.fill();
    let program = setup.start();
    let client = Client::of(&program);
    are_there(&client, &recorded).await;
    fill(&client, &mut recorded).await;
    disk.free();
    let again = exchange(recorded.len());
    let answer = until(|| async { Some(client.guard("sync=true", &again).await).filter(|it| it.status == 200) }).await;
    recorded.push(answer.json()["request_id"].as_str().unwrap().to_owned());
    are_there(&client, &recorded).await;
}
