//! Denied topics: a policy that names one, asked over HTTP and over gRPC.

use integration_tests::{Client, Setup, grpcurl, until};
use serde_json::{Value, json};

const POLICY: &str = "
name: advice
rules: []
denied_topics:
  - id: investment-advice
    name: Investment advice
    description: What to buy or sell, shares, funds, and where prices will go.
    samples:
      - Which stocks should I buy right now?
      - Is it a good time to sell my shares?
      - How should I invest my savings?
    counter_samples: [How many items are in stock?]
    action: block
";
const ABOUT: &str = "Would you put 20k into equities or into an ETF with a good dividend?";

fn ask(text: &str) -> Value {
    json!({"requestBody": {"messages": [{"role": "user", "content": text}]}})
}

#[tokio::test]
async fn a_denied_topic_is_refused_in_other_words_and_told_with_its_reasons() {
    let setup = Setup::portcullis();
    let program = setup.start();
    let client = Client::of(&program);
    assert_eq!(client.guard("sync=true", &ask(ABOUT)).await.status, 200, "no company has chosen a topic yet");
    setup.write_policy("advice.yaml", POLICY);
    let refused = until(|| async {
        let answer = client.guard("sync=true", &ask(ABOUT)).await;
        (answer.status == 400).then_some(answer)
    })
    .await;
    let violation = &refused.json()["violations"][0];
    assert_eq!((&violation["rule"], &violation["category"]), (&json!("investment-advice"), &json!("denied_topics")));
    assert_eq!(client.guard("sync=true", &ask("How many items are in stock?")).await.status, 200);

    let call = json!({"request": {"text": ABOUT}}).to_string();
    let address = program.grpc_address();
    let answer = grpcurl(&["-d", &call, address, "portcullis.v1.GuardrailService/Check"]).unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["verdict"], "VERDICT_FAIL", "{answer}");
    let violation = &answer["violations"][0];
    assert_eq!(violation["detectorRule"], "advice/investment-advice");
    assert_eq!(violation["entity"], "Investment advice");
    assert!(violation["explanation"].as_str().unwrap().starts_with("about the topic `Investment advice`: "));
    assert_eq!(violation["location"]["end"], ABOUT.len() - 1);
    let ran = answer["coverage"]["detectors"].as_array().unwrap().iter().find(|run| run["name"] == "denied_topics");
    assert_eq!(ran.unwrap()["outcome"], "DETECTOR_OUTCOME_RAN");
    assert!(!answer.to_string().contains("equities"), "the matched text never leaves");

    let metrics = client.get("/metrics").await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(metrics.contains("category=\"denied_topics\""), "{metrics}");
    assert!(metrics.contains("detector=\"denied_topics\""), "{metrics}");
    for path in ["/policies", "/policies/advice", "/events?category=denied_topics"] {
        let page = client.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(String::from_utf8_lossy(&page.body).contains("advice"), "{path}");
    }
}
