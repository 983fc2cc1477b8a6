use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{Http, HttpForm, HttpSettings, Outcome, Sink as _, chains};
use crate::deliver::{
    DeliveryFailure,
    conformance::{self, Mood, conforms, deliveries, encoder},
};

/// What one call was.
#[derive(Debug, Clone)]
struct Call {
    path: String,
    headers: HeaderMap,
    sequences: Vec<u64>,
}

type Decide = Box<dyn Fn(&Call) -> Response + Send + Sync>;

struct Shared {
    decide: Mutex<Decide>,
    /// With the answer's status.
    calls: Mutex<Vec<(Call, u16)>>,
}

/// A server that answers as it is told.
#[derive(Clone)]
struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { decide: Mutex::new(Box::new(|_| ().into_response())), calls: Mutex::default() });
        let router = Router::new().fallback(receive).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared }
    }

    fn decides(&self, decide: impl Fn(&Call) -> Response + Send + Sync + 'static) {
        *self.shared.decide.lock().unwrap() = Box::new(decide);
    }

    fn calls(&self) -> Vec<(Call, u16)> {
        self.shared.calls.lock().unwrap().clone()
    }

    fn taken(&self) -> Vec<u64> {
        let taken = self.calls().into_iter().filter(|(_, status)| *status == 200);
        taken.flat_map(|(call, _)| call.sequences).collect()
    }

    fn sink(&self, form: HttpForm) -> Http {
        let settings = HttpSettings::new(&format!("http://{}", self.address), form, Some("hunter2")).unwrap();
        Http::new(settings, encoder()).unwrap()
    }
}

async fn receive(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let sequences = sequences(&body);
    let call = Call { path: uri.path().to_owned(), headers, sequences };
    let mut calls = shared.calls.lock().unwrap();
    let response = (shared.decide.lock().unwrap())(&call);
    calls.push((call, response.status().as_u16()));
    response
}

fn sequences(body: &[u8]) -> Vec<u64> {
    if body.starts_with(b"{") {
        let request: serde_json::Value = serde_json::from_slice(body).unwrap();
        let records = request["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap();
        return records.iter().map(|record| record["body"]["stringValue"].as_str().unwrap().parse().unwrap()).collect();
    }
    std::str::from_utf8(body).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

struct Rig(Receiver, HttpForm);

impl conformance::Rig for Rig {
    type Sink = Http;

    fn sink(&self) -> Http {
        self.0.sink(self.1)
    }

    async fn mood(&mut self, mood: Mood) {
        self.0.decides(move |call| match mood {
            Mood::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Mood::Choosy if call.sequences.iter().any(|sequence| sequence % 3 == 0) => {
                StatusCode::BAD_REQUEST.into_response()
            }
            Mood::Willing | Mood::Choosy => ().into_response(),
        });
    }

    async fn arrived(&self) -> Vec<u64> {
        self.0.taken()
    }
}

#[tokio::test]
async fn a_record_a_call_conforms() {
    conforms(Rig(Receiver::start().await, HttpForm::Record), "conforming-records").await;
}

#[tokio::test]
async fn a_batch_a_call_conforms() {
    conforms(Rig(Receiver::start().await, HttpForm::Ndjson), "conforming-lines").await;
}

#[tokio::test]
async fn log_records_to_a_collector_conform() {
    conforms(Rig(Receiver::start().await, HttpForm::Otlp), "conforming-otlp").await;
}

#[tokio::test]
async fn a_collector_that_leaves_some_out_is_asked_for_each() {
    let receiver = Receiver::start().await;
    receiver.decides(|call| {
        let rejected = call.sequences.iter().filter(|&&sequence| sequence == 3).count();
        serde_json::json!({"partialSuccess": {"rejectedLogRecords": rejected.to_string()}}).to_string().into_response()
    });
    let batch: Vec<_> = (1..=4).map(|sequence| ("ann", sequence)).collect();
    let outcomes = receiver.sink(HttpForm::Otlp).deliver(&deliveries(&batch)).await;
    let refused: Vec<_> = outcomes.iter().zip(1..).filter(|(outcome, _)| **outcome != Outcome::Delivered).collect();
    assert_eq!(refused, [(&Outcome::Permanent(DeliveryFailure::Rejected), 3)]);
}

/// What is missing may say that some were refused. Of any other receiver the status is all that is asked for.
#[tokio::test]
async fn a_collector_whose_answer_breaks_off_is_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut call = vec![0; 64 << 10];
            assert!(stream.read(&mut call).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"partialSuccess\"").await.unwrap();
            stream.shutdown().await.unwrap();
            // To its end: a connection that is closed with something unread takes the answer back.
            while stream.read(&mut call).await.is_ok_and(|read| read > 0) {}
        }
    });
    for (form, outcome) in
        [(HttpForm::Otlp, Outcome::retry(DeliveryFailure::Unreachable)), (HttpForm::Ndjson, Outcome::Delivered)]
    {
        let settings = HttpSettings::new(&url, form, None).unwrap();
        let outcomes = Http::new(settings, encoder()).unwrap().deliver(&deliveries(&[("ann", 1)])).await;
        assert_eq!(outcomes, [outcome], "{form:?}");
    }
}

#[tokio::test]
async fn a_collector_who_answers_more_than_is_read_is_asked_again() {
    let receiver = Receiver::start().await;
    receiver.decides(|_| " ".repeat(70_000).into_response());
    for (form, outcome) in
        [(HttpForm::Otlp, Outcome::retry(DeliveryFailure::Unavailable)), (HttpForm::Ndjson, Outcome::Delivered)]
    {
        assert_eq!(receiver.sink(form).deliver(&deliveries(&[("ann", 1)])).await, [outcome], "{form:?}");
    }
}

#[tokio::test]
async fn a_call_has_the_path_the_type_and_the_credential() {
    let receiver = Receiver::start().await;
    for (form, path, content_type) in [
        (HttpForm::Record, "/utility/ingestTraffic", "application/json"),
        (HttpForm::Ndjson, "/", "application/x-ndjson"),
    ] {
        receiver.sink(form).deliver(&deliveries(&[("ann", 1)])).await;
        let (call, _) = receiver.calls().pop().unwrap();
        let id = call.headers.get("portcullis-event-id").map(|id| id.to_str().unwrap());
        assert_eq!(id, (form == HttpForm::Record).then_some("0123abcd-1"));
        assert_eq!(call.path, path);
        assert_eq!(
            (&call.headers["content-type"], &call.headers["authorization"]),
            (&content_type.parse().unwrap(), &"Bearer hunter2".parse().unwrap())
        );
    }
}

#[tokio::test]
async fn nothing_overtakes_a_record_of_its_key() {
    let receiver = Receiver::start().await;
    receiver.decides(|call| {
        if call.sequences == [2] { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }.into_response()
    });
    let batch = deliveries(&[("ann", 1), ("ann", 2), ("bob", 3), ("ann", 4), ("", 5)]);
    let outcomes = receiver.sink(HttpForm::Record).deliver(&batch).await;
    let again = Outcome::retry(DeliveryFailure::Unavailable);
    assert_eq!(outcomes, [Outcome::Delivered, again, Outcome::Delivered, again, Outcome::Delivered]);
    let mut tried: Vec<_> = receiver.calls().into_iter().flat_map(|(call, _)| call.sequences).collect();
    tried.sort_unstable();
    assert_eq!(tried, [1, 2, 3, 5]);
}

#[tokio::test]
async fn who_asks_to_be_left_alone_is() {
    let receiver = Receiver::start().await;
    receiver.decides(|_| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")]).into_response());
    let users: Vec<String> = (0..100).map(|user| user.to_string()).collect();
    let batch: Vec<_> = users.iter().zip(1..).map(|(user, sequence)| (user.as_str(), sequence)).collect();
    for form in [HttpForm::Record, HttpForm::Ndjson] {
        let before = receiver.calls().len();
        let outcomes = receiver.sink(form).deliver(&deliveries(&batch)).await;
        let asked = Some(Duration::from_secs(7));
        assert_eq!(outcomes, vec![Outcome::Retry { reason: DeliveryFailure::Throttled, after: asked }; 100]);
        assert!(receiver.calls().len() - before <= 16);
    }
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut settings = HttpSettings::new(&url, HttpForm::Record, None).unwrap();
    // It accepts, and never answers.
    settings.timeout = Duration::from_millis(50);
    let outcomes = Http::new(settings.clone(), encoder()).unwrap().deliver(&deliveries(&[("ann", 1)])).await;
    assert_eq!(outcomes, [Outcome::retry(DeliveryFailure::TimedOut)]);
    drop(listener);
    settings.timeout = Duration::from_secs(60);
    let outcomes = Http::new(settings, encoder()).unwrap().deliver(&deliveries(&[("ann", 1)])).await;
    assert_eq!(outcomes, [Outcome::retry(DeliveryFailure::Unreachable)]);
}

#[tokio::test]
async fn a_batch_is_halved_until_the_one_is_found() {
    let receiver = Receiver::start().await;
    receiver.decides(|call| {
        if call.sequences.contains(&6) { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::OK }.into_response()
    });
    let batch: Vec<_> = (1..=8).map(|sequence| ("ann", sequence)).collect();
    let outcomes = receiver.sink(HttpForm::Ndjson).deliver(&deliveries(&batch)).await;
    let refused: Vec<_> = outcomes.iter().zip(1..).filter(|(outcome, _)| **outcome != Outcome::Delivered).collect();
    assert_eq!(refused, [(&Outcome::Permanent(DeliveryFailure::TooLarge), 6)]);
    assert_eq!(receiver.taken(), [1, 2, 3, 4, 5, 7, 8]);
}

#[tokio::test]
async fn a_record_that_fails_its_batch_stops_its_key_alone() {
    for form in [HttpForm::Ndjson, HttpForm::Otlp] {
        let receiver = Receiver::start().await;
        receiver.decides(|call| {
            let fails = call.sequences.iter().any(|sequence| [2, 7].contains(sequence));
            if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }.into_response()
        });
        let users = ["ann", "ann", "bob", "ann", "cid", "bob", "dan", "eve"];
        let batch: Vec<_> = users.into_iter().zip(1..).collect();
        let outcomes = receiver.sink(form).deliver(&deliveries(&batch)).await;
        let stuck: Vec<_> = outcomes.iter().zip(1..).filter(|(outcome, _)| **outcome != Outcome::Delivered).collect();
        let again = &Outcome::retry(DeliveryFailure::Unavailable);
        assert_eq!(stuck, [(again, 2), (again, 4), (again, 7)]);
        assert_eq!(receiver.taken(), [1, 3, 5, 6, 8]);
    }
}

#[tokio::test]
async fn a_receiver_that_fails_whatever_comes_is_spared() {
    let receiver = Receiver::start().await;
    receiver.decides(|_| StatusCode::BAD_GATEWAY.into_response());
    let users: Vec<String> = (0..100).map(|user| user.to_string()).collect();
    let batch: Vec<_> = users.iter().zip(1..).map(|(user, sequence)| (user.as_str(), sequence)).collect();
    let outcomes = receiver.sink(HttpForm::Ndjson).deliver(&deliveries(&batch)).await;
    assert_eq!(outcomes, vec![Outcome::retry(DeliveryFailure::Unavailable); 100]);
    assert_eq!(receiver.calls().len(), 16);
}

#[test]
fn a_chain_is_a_key() {
    let batch = deliveries(&[("ann", 1), ("", 2), ("bob", 3), ("ann", 4), ("", 5)]);
    // Nobody's records of one session keep their order by it.
    let chains = chains(&batch);
    assert_eq!(chains, [vec![0, 3], vec![1, 4], vec![2]]);
}
