//! W3C trace context: in from headers, metadata and a call's own words, and out to whoever is called.
//!
//! While traces are off, which is the default, each of these is the reading of one flag. Nothing that was checked is
//! ever put on a span, and a caller's `tracestate`, which could be any text, is not passed on.

use std::{
    fmt,
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId, Value,
    trace::{Span as _, SpanBuilder, SpanContext, Status, TraceContextExt as _, TraceState, Tracer as _},
};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The name of the header, and of the entry in a call's metadata.
pub const TRACEPARENT: &str = "traceparent";

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Once, by the program that exports traces.
pub fn switch_on(tracer: SdkTracer) {
    // Of two programs in one process, as in tests, the first one's stays.
    let _ = TRACER.set(tracer);
}

pub fn is_on() -> bool {
    TRACER.get().is_some()
}

/// The value of a `traceparent`: a trace, a span of it, and whether it is sampled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traceparent(SpanContext);

impl Traceparent {
    /// None for what W3C calls invalid. Later versions are read as far as this one goes.
    pub fn parse(text: &str) -> Option<Self> {
        // No word of a caller's makes this allocate.
        let mut parts = text.trim().splitn(5, '-');
        let mut part = |length| {
            let hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            parts.next().filter(|part: &&str| part.len() == length && part.bytes().all(hex))
        };
        let (version, trace, span, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
        let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
        let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
        context.is_valid().then_some(Self(context))
    }

    /// Of the current span; none while traces are off.
    pub fn current() -> Option<Self> {
        is_on().then(|| Span::current().context().span().span_context().clone()).and_then(Self::of)
    }

    fn of(context: SpanContext) -> Option<Self> {
        context.is_valid().then_some(Self(context))
    }

    /// In 32 and in 16 hexadecimal digits.
    pub fn ids(&self) -> (String, String) {
        (self.0.trace_id().to_string(), self.0.span_id().to_string())
    }

    /// Puts `span`, which nobody has entered yet, behind this one.
    pub fn adopt(&self, span: &Span) {
        // Fails where the span is of no trace, or has begun.
        let _ = span.set_parent(Context::new().with_remote_span_context(self.0.clone()));
    }

    /// That `span` has to do with this one.
    pub fn link(&self, span: &Span) {
        span.add_link(self.0.clone());
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = self.0.trace_flags().to_u8();
        write!(f, "00-{}-{}-{flags:02x}", self.0.trace_id(), self.0.span_id())
    }
}

/// Puts `span`, which nobody has entered yet, behind the caller's own. What is no context is ignored, as W3C asks.
pub fn adopt(span: &Span, headers: &HeaderMap) {
    if is_on() {
        let word = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
        if let Some(caller) = word.and_then(Traceparent::parse) {
            caller.adopt(span);
        }
    }
}

/// The same by a `traceparent` in the call's own words, for callers that can send no header. The span in whose midst
/// this happens is linked. False: it is none.
pub fn adopt_word(span: &Span, word: &str) -> bool {
    let Some(caller) = is_on().then(|| Traceparent::parse(word)).flatten() else { return false };
    if let Some(around) = Traceparent::current() {
        around.link(span);
    }
    caller.adopt(span);
    true
}

/// Tells whoever is called which span calls.
pub fn tell(headers: &mut HeaderMap) {
    let value = Traceparent::current().and_then(|current| HeaderValue::try_from(current.to_string()).ok());
    if let Some(value) = value {
        headers.insert(HeaderName::from_static(TRACEPARENT), value);
    }
}

/// Of the current span, and in no log line. Never anything that was checked.
pub fn note(key: &'static str, value: impl Into<Value>) {
    if is_on() {
        Span::current().set_attribute(key, value);
    }
}

/// That the current span came to no good end, by a word of a closed set.
pub fn failed(kind: &'static str) {
    if is_on() {
        let span = Span::current();
        span.set_attribute("error.type", kind);
        span.set_status(Status::error(kind));
    }
}

/// A span that somebody will see: of the others nothing needs to be said, and so costs nothing.
#[derive(Debug)]
pub struct Seen {
    tracer: &'static SdkTracer,
    context: Context,
    now: (Instant, SystemTime),
}

impl Seen {
    /// The current span. None: traces are off, or it is not sampled and nothing else asks for it.
    pub fn current(is_wanted: bool) -> Option<Self> {
        let tracer = TRACER.get()?;
        let context = Span::current().context();
        let (valid, sampled) = {
            let span = context.span();
            (span.span_context().is_valid(), span.span_context().is_sampled())
        };
        (valid && (is_wanted || sampled)).then(|| Self { tracer, context, now: (Instant::now(), SystemTime::now()) })
    }

    /// Never anything that was checked.
    pub fn note(&self, key: &'static str, value: impl Into<Value>) {
        self.context.span().set_attribute(KeyValue::new(key, value));
    }

    /// The same for a name that a caller chose: what is not of a name's form, and could be any text, is left out.
    pub fn note_name(&self, key: &'static str, name: &str) {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@+".contains(&byte);
        if (1..=128).contains(&name.len()) && name.bytes().all(is_name) {
            self.note(key, name.to_owned());
        }
    }

    fn at(&self, instant: Instant) -> SystemTime {
        self.now.1.checked_sub(self.now.0.duration_since(instant)).unwrap_or(self.now.1)
    }

    /// A part of it, told when it is over; for parts of its own.
    pub fn part(&self, name: &'static str, begun: Instant, ended: Instant, busy: Option<Duration>) -> Self {
        let busy =
            busy.map(|busy| KeyValue::new("portcullis.busy_us", i64::try_from(busy.as_micros()).unwrap_or(i64::MAX)));
        let builder = SpanBuilder::from_name(name).with_start_time(self.at(begun)).with_attributes(busy);
        let mut span = self.tracer.build_with_context(builder, &self.context);
        let context = self.context.with_remote_span_context(span.span_context().clone());
        span.end_with_timestamp(self.at(ended));
        Self { tracer: self.tracer, context, now: self.now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn off_is_silent() {
        let mut headers = HeaderMap::new();
        tell(&mut headers);
        assert!(headers.is_empty() && Traceparent::current().is_none() && !is_on());
        assert!(Seen::current(true).is_none() && !adopt_word(&Span::current(), WORD));
    }

    #[test]
    fn what_is_a_context_is_written_as_it_was_read() {
        for (word, written) in [
            (WORD, WORD),
            (" 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00 ", &WORD.replace("-01", "-00")),
            // Flags and versions to come.
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff", WORD),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes", WORD),
        ] {
            assert_eq!(Traceparent::parse(word).map(|parsed| parsed.to_string()).as_deref(), Some(written), "{word}");
        }
        let (trace, span) = Traceparent::parse(WORD).unwrap().ids();
        assert_eq!((trace.as_str(), span.as_str()), ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"));
    }

    #[test]
    fn what_is_no_context_is_none() {
        for word in [
            "",
            "00",
            "00-0-0-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-\u{e9}f7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(Traceparent::parse(word), None, "{word}");
        }
    }
}
