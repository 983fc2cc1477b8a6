use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use http::Request;
use http_body::{Frame, SizeHint};

use super::*;

/// Comes in these frames, and ends or does not.
struct Frames {
    left: VecDeque<Bytes>,
    ends: bool,
    /// Whether it says how long it is.
    declared: bool,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.left.pop_front() {
            Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        let left: usize = self.left.iter().map(Bytes::len).sum();
        if self.declared { SizeHint::with_exact(left as u64) } else { SizeHint::default() }
    }
}

fn frames(frames: &[&'static str], ends: bool) -> Frames {
    let left = frames.iter().map(|frame| Bytes::from_static(frame.as_bytes())).collect();
    Frames { left, ends, declared: false }
}

impl From<&'static str> for Frames {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<Bytes> for Frames {
    fn from(whole: Bytes) -> Self {
        Self { left: VecDeque::from([whole]), ends: true, declared: true }
    }
}

fn reader(bytes: usize, budget: usize) -> BodyReader {
    BodyReader::new(&BodyLimits { bytes, budget, timeout: Duration::from_millis(20) })
}

fn request(body: impl Into<Frames>) -> Request<Frames> {
    Request::post("/").header(CONTENT_TYPE, "application/json").body(body.into()).unwrap()
}

async fn read(reader: &BodyReader, request: Request<Frames>) -> Result<Held<'_>, ApiError> {
    let (head, body) = request.into_parts();
    reader.read(&head.headers, body).await
}

async fn error(reader: &BodyReader, body: impl Into<Frames>) -> ErrorCode {
    read(reader, request(body)).await.unwrap_err().code
}

#[tokio::test]
async fn one_frame_is_not_copied_and_several_are_joined() {
    let reader = reader(10, 10);
    let whole = Bytes::from_static(b"0123456789");
    let held = read(&reader, request(whole.clone())).await.unwrap();
    assert_eq!((held.bytes.as_ptr(), held.bytes.len()), (whole.as_ptr(), 10));
    drop(held);
    for parts in [&["0123456789"][..], &["", "01", "", "234567", "89"], &["0", "123456789", ""]] {
        assert_eq!(read(&reader, request(frames(parts, true))).await.unwrap().bytes, whole);
    }
    assert!(read(&reader, request(Frames::from(""))).await.unwrap().bytes.is_empty());
}

#[tokio::test]
async fn too_large_as_declared_or_as_counted() {
    let reader = reader(10, 100);
    assert_eq!(error(&reader, "01234567890").await, ErrorCode::PayloadTooLarge);
    // It never ends: it is refused by what has come.
    assert_eq!(error(&reader, frames(&["01234", "567890"], false)).await, ErrorCode::PayloadTooLarge);
    assert_eq!(error(&reader, frames(&["01234567890"], false)).await, ErrorCode::PayloadTooLarge);
}

#[tokio::test]
async fn a_body_that_does_not_end_is_not_waited_for() {
    assert_eq!(error(&reader(10, 100), frames(&["01"], false)).await, ErrorCode::RequestTimeout);
}

#[tokio::test]
async fn the_budget_is_shared_and_given_back() {
    let reader = reader(10, 12);
    let first = read(&reader, request(frames(&["0123"], true))).await.unwrap();
    let second = read(&reader, request("01234567")).await.unwrap();
    assert_eq!(reader.budget.available_permits(), 0);
    assert_eq!(error(&reader, "0").await, ErrorCode::Overloaded);
    drop(first);
    assert_eq!(reader.budget.available_permits(), 4);
    assert_eq!(error(&reader, "01234").await, ErrorCode::Overloaded);
    drop(second);
    assert_eq!(read(&reader, request("01234")).await.unwrap().bytes, "01234");
    assert_eq!(error(&reader, frames(&[], false)).await, ErrorCode::RequestTimeout);
    assert_eq!(reader.budget.available_permits(), 12);
}

#[tokio::test]
async fn only_json_is_read() {
    let reader = reader(10, 100);
    let with = |name, value: &str| Request::post("/").header(name, value).body(frames(&[], false)).unwrap();
    for media_type in
        ["text/plain", "application/jsonl", "json", "+json", "application/x-www-form-urlencoded", "", "\u{e9}"]
    {
        let refused = read(&reader, with(CONTENT_TYPE, media_type)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::UnsupportedMediaType, "{media_type}");
    }
    let refused = read(&reader, Request::new(Frames::from(""))).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::UnsupportedMediaType);
    let mut packed = request("{}");
    packed.headers_mut().insert(CONTENT_ENCODING, "gzip".parse().unwrap());
    assert_eq!(read(&reader, packed).await.unwrap_err().code, ErrorCode::UnsupportedMediaType);

    let accepted = [
        "application/json",
        "Application/JSON; Charset=UTF-8",
        "application/json;charset=utf-8",
        "application/x.y+JSON",
    ];
    for media_type in accepted {
        let mut request = request("{}");
        request.headers_mut().insert(CONTENT_TYPE, media_type.parse().unwrap());
        assert_eq!(read(&reader, request).await.unwrap().bytes, "{}", "{media_type}");
    }
}
