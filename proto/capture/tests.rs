use http::Request;

use super::*;

#[test]
fn they_are_few_and_small_and_pass() {
    let (head, ()) = Request::new(()).into_parts();
    let mut kept = Kept::default();
    for _ in 0..COUNT + 5 {
        kept.keep(&head, &Bytes::from_static(b"ab"));
    }
    assert_eq!((kept.calls.len(), kept.bytes, kept.calls[0].id), (COUNT, 2 * COUNT, 6));
    kept.keep(&head, &Bytes::from(vec![0; BYTES + 1]));
    assert_eq!(kept.calls.len(), COUNT, "too large to be kept");
    kept.keep(&head, &Bytes::from(vec![0; BYTES - 1]));
    assert_eq!((kept.calls.len(), kept.bytes), (1, BYTES - 1));
    kept.keep(&head, &Bytes::from_static(b"ab"));
    assert_eq!((kept.calls.len(), kept.bytes), (1, 2));
    kept.forget(Instant::now() + AGE);
    assert_eq!((kept.calls.len(), kept.bytes), (0, 0));
    kept.keep(&head, &Bytes::from_static(b"s3cret"));
    assert!(!format!("{kept:?}").contains("s3cret"));
}
