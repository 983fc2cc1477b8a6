use portcullis_api::v1::{CheckRequest, Payload, payload::Content};
use prost::Message as _;
use prost_types::{Struct, Value, value::Kind};
use tonic_types::{ErrorDetails, StatusExt as _};
use tower::ServiceExt as _;

use super::*;
use crate::grpc::samples;

fn api(folder: &tempfile::TempDir) -> Api {
    let (guardrail, log) = samples::guardrail(folder.path());
    Api {
        guardrail,
        events: Arc::new(EventStore::new(&log)),
        deliveries: Deliveries::default(),
        payload_bytes: 1 << 10,
        reveal: Revealers::default(),
        texts: OpenTexts::default(),
        stop: CancellationToken::new(),
        health: HealthReporter::new(),
    }
}

/// A message that says that it has so many bytes.
fn frame(length: usize, message: &[u8]) -> Vec<u8> {
    let mut frame = vec![0];
    frame.extend(u32::try_from(length).unwrap().to_be_bytes());
    frame.extend(message);
    frame
}

fn nested(levels: usize) -> Vec<u8> {
    let mut document = Struct::default();
    for _ in 0..levels {
        let inner = Value { kind: Some(Kind::StructValue(document)) };
        document = Struct { fields: [("a".to_owned(), inner)].into() };
    }
    let request = Some(Payload { content: Some(Content::Document(document)) });
    let message = CheckRequest { request, ..CheckRequest::default() }.encode_to_vec();
    frame(message.len(), &message)
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_closed_code_and_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let api = api(&folder);
    for (method, frame, code) in [
        ("Check", nested(5), None),
        ("Check", frame(api.message_bytes() + 1, &[]), Some(ErrorCode::PayloadTooLarge)),
        ("Check", frame(1, &[7]), Some(ErrorCode::MalformedPayload)),
        ("Check", nested(40), Some(ErrorCode::MalformedPayload)),
        ("Nothing", frame(0, &[]), Some(ErrorCode::Unimplemented)),
    ] {
        let request = || {
            http::Request::post(format!("http://core/portcullis.v1.GuardrailService/{method}"))
                .header("content-type", "application/grpc")
                .body(Body::new(axum::body::Body::from(frame.clone())))
                .unwrap()
        };
        let at_the_port = api.routes(Access::default()).unwrap().oneshot(request()).await.unwrap();
        let within = api.embedded().unwrap().oneshot(request()).await.unwrap();
        for answer in [at_the_port, within] {
            assert_eq!(refused::code(&answer), code, "{method}");
            let status = Status::from_header_map(answer.headers());
            assert_eq!(status.as_ref().map(Status::code), code.map(ErrorCode::grpc));
            let details = status.map(|status| status.get_error_details());
            let reason = details.as_ref().and_then(ErrorDetails::error_info).map(|info| info.reason.as_str());
            assert_eq!(reason, code.map(ErrorCode::reason));
        }
    }
    api.guardrail.log().close().await;
}
