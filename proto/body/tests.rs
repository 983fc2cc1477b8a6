use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use http::Request;
use http_body::{Frame, SizeHint};

use super::*;

/// Comes in these frames, and ends or does not.
struct Frames {
    left: VecDeque<Bytes>,
    ends: bool,
    /// How long it says that it is.
    declared: Option<u64>,
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
        self.declared.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn frames(frames: &[&'static str], ends: bool) -> Frames {
    let left = frames.iter().map(|frame| Bytes::from_static(frame.as_bytes())).collect();
    Frames { left, ends, declared: None }
}

impl From<&'static str> for Frames {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<Bytes> for Frames {
    fn from(whole: Bytes) -> Self {
        let declared = Some(whole.len() as u64);
        Self { left: VecDeque::from([whole]), ends: true, declared }
    }
}

/// Every byte counts.
fn reader(bytes: usize, budget: usize) -> BodyReader {
    BodyReader { first_bytes: 0, ..BodyReader::new(&BodyLimits { bytes, budget, timeout: Duration::from_millis(20) }) }
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

/// Reads as far as it comes without waiting, which is not to the end.
async fn begin<T>(mut reading: Pin<&mut impl Future<Output = T>>) {
    std::future::poll_fn(|context| {
        assert!(reading.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn what_is_announced_and_does_not_come_takes_nothing_from_others() {
    let reader = reader(10, 10);
    let mut silent = pin!(read(&reader, request(Frames { declared: Some(10), ..frames(&[], false) })));
    begin(silent.as_mut()).await;
    assert_eq!(reader.budget.available_permits(), 10);
    assert_eq!(read(&reader, request("0123456789")).await.unwrap().bytes, "0123456789");
}

#[tokio::test]
async fn half_a_body_does_not_wait_for_another_and_gives_back_what_it_has() {
    let reader = reader(10, 12);
    let mut first = pin!(read(&reader, request(Frames { declared: Some(10), ..frames(&["0123", "456"], false) })));
    begin(first.as_mut()).await;
    assert_eq!(reader.budget.available_permits(), 5);
    // Overloaded, and not too late: nothing was waited for.
    assert_eq!(error(&reader, frames(&["0123", "4567"], true)).await, ErrorCode::Overloaded);
    assert_eq!(reader.budget.available_permits(), 5);
    assert_eq!(read(&reader, request("01234")).await.unwrap().bytes, "01234");
}

#[tokio::test]
async fn the_first_bytes_of_each_body_have_a_budget_of_their_own() {
    let limits = BodyLimits { bytes: FIRST + 10, budget: 0, timeout: Duration::from_millis(20) };
    let reader = BodyReader::new(&limits);
    let left = || [&reader.first, &reader.budget].map(Semaphore::available_permits);
    let all = left();
    for (length, taken) in [(FIRST, 0), (FIRST + 1, 1), (FIRST + 10, 10)] {
        let (front, back) = (Bytes::from(vec![b'0'; 7]), Bytes::from(vec![b'1'; length - 7]));
        let parts = Frames { left: VecDeque::from([front, back]), ends: true, declared: None };
        let whole = Bytes::from(vec![b'0'; length]);
        for body in [parts, whole.into()] {
            let held = read(&reader, request(body)).await.unwrap();
            assert_eq!((held.bytes.len(), all[0] - left()[0], all[1] - left()[1]), (length, length - taken, taken));
            // Another that is as long finds no room for its first bytes.
            let second = read(&reader, request(Bytes::from(vec![b'0'; FIRST]))).await.unwrap_err();
            assert_eq!(second.code, ErrorCode::Overloaded);
        }
    }
    assert_eq!(left(), all);
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
