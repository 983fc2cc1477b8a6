//! `portcullis-core canary` and the timer of the service, against gateways of every kind.

use std::{collections::BTreeMap, process::Command};

use integration_tests::{Age, Behaviour, Client, Gateway, Program, Setup, Strategy, program::binary, until};
use serde_json::{Value, json};

const GUARDRAIL: &str = "/api/http-proxy/truefoundry?sync=true";

/// The command's exit status, what it printed on standard output, and all that it printed.
async fn command(arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let own = |text: &str| text.to_owned();
    let arguments: Vec<_> = arguments.iter().copied().map(own).collect();
    let environment: BTreeMap<_, _> = environment.iter().map(|&(name, value)| (own(name), own(value))).collect();
    // The gateway is served by this thread meanwhile.
    let run = tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(binary("portcullis-core"));
        command.arg("canary").args(arguments).env_clear().envs(environment).current_dir(folder.path());
        command.output().unwrap()
    });
    let output = run.await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output.status.code().unwrap(), out.clone(), out + &err)
}

async fn canary(gateway: &str, endpoint: &str) -> (i32, Value) {
    within(60_000, gateway, endpoint).await
}

async fn within(millis: u32, gateway: &str, endpoint: &str) -> (i32, Value) {
    let environment = [
        ("PORTCULLIS_CANARY_URL", gateway),
        ("PORTCULLIS_CANARY_MODEL", "a-model"),
        ("PORTCULLIS_CANARY_ENDPOINT", endpoint),
        ("PORTCULLIS_CANARY_TIMEOUT_MS", &millis.to_string()),
    ];
    let (status, out, all) = command(&["--format", "json"], &environment).await;
    (status, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {all}")))
}

async fn guarded(behaviour: Behaviour, program: &Program) -> Gateway {
    Gateway::start(behaviour).await.guarded_by(&program.http(GUARDRAIL))
}

#[tokio::test]
async fn a_run_tells_which_contract_the_gateway_obeys() {
    let status = Setup::portcullis().start();
    let verdict = Setup::portcullis().env("PORTCULLIS_CONTRACT", "verdict").start();
    let [none, open] = [json!([]), json!(["block_did_not_block"])];
    let cases = [
        (&status, Age::Old, Strategy::Enforce, "status", "blocked", &none),
        (&status, Age::Old, Strategy::IgnoreOnError, "status", "let_through", &none),
        (&verdict, Age::Old, Strategy::Enforce, "status", "blocked", &open),
        (&status, Age::New, Strategy::Enforce, "both", "blocked", &none),
        (&verdict, Age::New, Strategy::Enforce, "both", "blocked", &none),
        (&status, Age::New, Strategy::IgnoreOnError, "verdict", "let_through", &open),
        (&verdict, Age::New, Strategy::IgnoreOnError, "verdict", "let_through", &none),
        (&status, Age::New, Strategy::Audit, "none", "let_through", &open),
    ];
    for (program, age, strategy, contract, on_outage, problems) in cases {
        let gateway = guarded(Behaviour::Asks(age, strategy), program).await;
        let (code, report) = canary(&gateway.url(), &program.http("")).await;
        let told = (&report["contract"], &report["on_outage"], &report["problems"], &report["asked"]);
        let expected = (&json!(contract), &json!(on_outage), problems, &json!(true));
        assert_eq!(told, expected, "{age:?} {strategy:?}: {report}");
        assert_eq!(code, i32::from(problems != &none), "{age:?} {strategy:?}");
    }
}

#[tokio::test]
async fn each_problem_is_an_event_and_a_metric() {
    let program = Setup::portcullis().start();
    let client = Client::of(&program);
    let gateway = guarded(Behaviour::Asks(Age::New, Strategy::IgnoreOnError), &program).await;
    let (code, report) = canary(&gateway.url(), &program.http("")).await;
    assert_eq!(code, 1, "{report}");
    assert!(report["advice"][0].as_str().unwrap().contains("PORTCULLIS_CONTRACT=verdict"));
    let [event] = &client.events("kind=canary").await[..] else { panic!("not one event") };
    assert_eq!(event["id"], report["event"]);
    for (field, value) in [
        ("kind", json!("canary")),
        ("source", json!("canary")),
        ("action", json!("alert")),
        ("verdict", json!(false)),
        ("model", json!("a-model")),
        ("analysis", json!("none")),
    ] {
        assert_eq!(event[field], value, "{field}");
    }
    let [violation] = &event["violations"].as_array().unwrap()[..] else { panic!("{event}") };
    assert_eq!(
        (&violation["rule"], &violation["category"], &violation["severity"]),
        (&json!("block_did_not_block"), &json!("canary"), &json!("critical"))
    );
    let detail = client.get(&format!("/v1/events/{}", event["id"].as_str().unwrap())).await.json();
    assert_eq!(detail["request"]["contract"], "verdict", "{detail}");
    assert_eq!(client.metric("portcullis_canary_runs_total").await, 1);
    assert_eq!(client.metric(r#"portcullis_canary_problems_total{problem="block_did_not_block"}"#).await, 1);
    assert_eq!(client.metric(r#"portcullis_canary_problems_total{problem="good_blocked"}"#).await, 0);
    assert!(program.printed().contains("block_did_not_block"), "{}", program.printed());
    // What was staged is no traffic: the attack and the good prompt, here and through the gateway, are.
    let traffic = client.events("kind=decision").await;
    assert_eq!(traffic.len(), 4, "{traffic:?}");
}

#[tokio::test]
async fn gateways_that_are_broken_each_have_their_name() {
    let program = Setup::portcullis().start();
    let cases = [
        (Behaviour::PassesAll, json!(["block_did_not_block", "guardrail_not_asked"])),
        (Behaviour::BlocksAll, json!(["good_blocked"])),
        (Behaviour::Fails, json!(["gateway_unreachable"])),
        (Behaviour::Hangs, json!(["gateway_unreachable"])),
        (Behaviour::Garbage, json!(["gateway_unreachable"])),
    ];
    for (behaviour, problems) in cases {
        let gateway = guarded(behaviour, &program).await;
        // Long enough for what answers, and all that has to be waited for what does not.
        let millis = if behaviour == Behaviour::Hangs { 5000 } else { 60_000 };
        let (code, report) = within(millis, &gateway.url(), &program.http("")).await;
        assert_eq!((code, &report["problems"], &report["contract"]), (1, &problems, &json!("unknown")), "{report}");
        assert!(report["event"].is_string(), "{report}");
    }
    let nobody = "http://127.0.0.1:1/v1";
    let (code, report) = canary(nobody, &program.http("")).await;
    assert_eq!((code, &report["problems"]), (1, &json!(["gateway_unreachable"])), "{report}");
    assert_eq!(Client::of(&program).events("kind=canary&action=alert").await.len(), 6);
}

#[tokio::test]
async fn a_service_that_is_away_or_too_kind_is_told_from_the_gateway() {
    let program = Setup::portcullis().start();
    let gateway = guarded(Behaviour::Asks(Age::New, Strategy::Enforce), &program).await;
    let (code, report) = canary(&gateway.url(), "http://127.0.0.1:1").await;
    let problems = json!(["endpoint_unreachable"]);
    assert_eq!((code, &report["problems"], &report["event"]), (1, &problems, &Value::Null), "{report}");
    assert_eq!(report["replies"]["attack"]["outcome"], "blocked", "the gateway was asked all the same");

    let kind = Setup::portcullis().policy(
        "default.yaml",
        "name: default\nrules:\n  - detector: keywords\n    words: [bluebird]\n    action: block\n",
    );
    let program = kind.start();
    let gateway = guarded(Behaviour::Asks(Age::New, Strategy::Enforce), &program).await;
    let (_, report) = canary(&gateway.url(), &program.http("")).await;
    assert_eq!(report["problems"], json!(["block_did_not_block", "endpoint_did_not_block"]), "{report}");
    let environment = [("PORTCULLIS_CANARY_ENDPOINT", &*program.http("")), ("PORTCULLIS_CANARY_ATTACK", "bluebird")];
    let (code, out, _) = command(&[], &environment).await;
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("attack blocked (400), good passed (200)"), "{out}");
    assert!(out.contains("all is as it should be"), "{out}");
}

#[tokio::test]
async fn credentials_are_used_and_never_shown() {
    let program = Setup::portcullis().env("PORTCULLIS_AUTH_BEARER_TOKENS", "s3cret-one,s3cret-two").start();
    let gateway = Gateway::start(Behaviour::PassesAll).await;
    let mut environment = vec![
        ("PORTCULLIS_CANARY_URL", gateway.url()),
        ("PORTCULLIS_CANARY_MODEL", "a-model".to_owned()),
        ("PORTCULLIS_CANARY_ENDPOINT", program.http("")),
        ("PORTCULLIS_CANARY_AUTHORIZATION", "Bearer s3cret-gateway".to_owned()),
        ("PORTCULLIS_CANARY_HEADERS", "x-a=s3cret-header,x-b=2".to_owned()),
        ("RUST_LOG", "trace".to_owned()),
    ];
    let run = async |environment: &[(&str, String)]| {
        let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        command(&[], &environment).await
    };
    let (code, _, all) = run(&environment).await;
    assert!(code == 1 && all.contains("endpoint_unreachable") && !all.contains("s3cret"), "{all}");
    environment.push(("PORTCULLIS_AUTH_BEARER_TOKENS", "s3cret-two,s3cret-three".to_owned()));
    let (code, _, all) = run(&environment).await;
    assert!(code == 1 && all.contains("guardrail_not_asked") && !all.contains("s3cret"), "{all}");
    assert!(!program.printed().contains("s3cret"));
    // A run cannot be begun by whoever comes along.
    let refused = Client::of(&program).post("/v1/canary", "").await;
    assert_eq!(refused.status, 401);
}

/// What opens the service is not shown to a proxy, which may not even reach it.
#[tokio::test]
async fn the_service_itself_is_asked_by_no_proxy() {
    let program = Setup::portcullis().start();
    let endpoint = program.http("");
    let nobody = "http://127.0.0.1:1";
    let environment = [
        ("PORTCULLIS_CANARY_ENDPOINT", &*endpoint),
        ("HTTP_PROXY", nobody),
        ("http_proxy", nobody),
        ("ALL_PROXY", nobody),
    ];
    let (code, _, all) = command(&[], &environment).await;
    assert!(code == 0 && all.contains("attack blocked"), "{code} {all}");
}

#[tokio::test]
async fn settings_that_cannot_be_meant_are_refused() {
    for (environment, says) in [
        (vec![("PORTCULLIS_CANARY_URL", "http://gw/v1")], "canary.model"),
        (vec![("PORTCULLIS_CANARY_URL", "http://ann:s3cret@gw"), ("PORTCULLIS_CANARY_MODEL", "m")], "credentials"),
        (vec![("PORTCULLIS_CANARY_ENDPOINT", "nowhere")], "canary.endpoint"),
    ] {
        let (code, _, all) = command(&[], &environment).await;
        assert!(code == 2 && all.contains(says) && !all.contains("s3cret"), "{code} {all}");
    }
    let (code, said) = Setup::portcullis().env("PORTCULLIS_CANARY_EVERY_S", "3").refused();
    assert!(code == 2 && said.contains("canary.every_s"), "{said}");
}

#[tokio::test]
async fn the_service_runs_it_by_itself() {
    let gateway = Gateway::start(Behaviour::Asks(Age::Old, Strategy::Enforce)).await;
    let program = Setup::portcullis()
        .settings(&format!("[canary]\nurl = '{}'\nmodel = 'a-model'\nevery_s = 3600\n", gateway.url()))
        .env("PORTCULLIS_AUTH_BEARER_TOKENS", "s3cret")
        .start();
    let client = Client::of(&program).with("Bearer s3cret");
    // The guardrail of this gateway sends no credentials: the service refuses it, and the gateway the caller.
    gateway.attach(&program.http(GUARDRAIL));
    let [event] = &until(|| async {
        let events = client.events("kind=canary").await;
        (!events.is_empty()).then_some(events)
    })
    .await[..] else {
        panic!("more than one run")
    };
    assert_eq!(event["violations"][0]["rule"], "good_blocked", "{event}");
    assert_eq!(client.metric(r#"portcullis_canary_problems_total{problem="good_blocked"}"#).await, 1);
    assert!(!program.printed().contains("s3cret"));
}
