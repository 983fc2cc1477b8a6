//! Which traces are kept.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceId, TraceState},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Sampler, SamplingDecision, SamplingResult, ShouldSample, Span, SpanData, SpanProcessor},
};
use tokio::sync::mpsc;

use crate::telemetry::{SpanFate, metrics};

/// Traces that wait for their end.
const TRACES: usize = 4096;
/// Spans of one of them.
const SPANS: usize = 64;

/// Every span is recorded; whether its trace is exported whatever happens is told by the flag that is passed on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    pub(super) ratio: f64,
    pub(super) follow_parent: bool,
}

impl ShouldSample for Ratio {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let parent = parent.map(|context| context.span().span_context().clone()).filter(SpanContext::is_valid);
        let decided = parent.as_ref().filter(|parent| self.follow_parent || !parent.is_remote());
        let sampled = match decided {
            Some(parent) => parent.is_sampled(),
            None => {
                let by = Sampler::TraceIdRatioBased(self.ratio);
                let result = by.should_sample(None, trace_id, name, kind, attributes, links);
                result.decision == SamplingDecision::RecordAndSample
            }
        };
        SamplingResult {
            decision: if sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::RecordOnly },
            attributes: Vec::new(),
            trace_state: parent.map_or_else(TraceState::default, |parent| parent.trace_state().clone()),
        }
    }
}

#[derive(Default)]
struct Held {
    traces: HashMap<TraceId, Vec<SpanData>>,
    /// The same, the oldest first; some of them have ended.
    order: VecDeque<TraceId>,
}

impl Held {
    /// How many spans found no room.
    fn hold(&mut self, span: SpanData) -> u64 {
        let id = span.span_context.trace_id();
        let mut dropped = 0;
        if !self.traces.contains_key(&id) {
            while self.traces.len() >= TRACES {
                let Some(oldest) = self.order.pop_front() else { break };
                dropped += self.traces.remove(&oldest).map_or(0, |spans| spans.len() as u64);
            }
            if self.order.len() >= 2 * TRACES {
                self.order.retain(|id| self.traces.contains_key(id));
            }
            self.order.push_back(id);
        }
        let spans = self.traces.entry(id).or_default();
        if spans.len() < SPANS {
            spans.push(span);
        } else {
            dropped += 1;
        }
        dropped
    }

    /// Those of a trace that were held.
    fn take(&mut self, id: TraceId) -> Vec<SpanData> {
        self.traces.remove(&id).unwrap_or_default()
    }
}

/// Passes on what is sampled, and holds the rest until the span ends that began here.
pub(super) struct Keep {
    queue: mpsc::Sender<SpanData>,
    held: Mutex<Held>,
}

impl Keep {
    pub(super) fn new(queue: mpsc::Sender<SpanData>) -> Self {
        Self { queue, held: Mutex::default() }
    }

    fn pass_on(&self, span: SpanData) {
        if self.queue.try_send(span).is_err() {
            metrics().spans(SpanFate::Dropped, 1);
        }
    }
}

impl fmt::Debug for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keep")
    }
}

/// What is exported whatever the ratio says.
fn is_wanted(span: &SpanData) -> bool {
    let blocks =
        |attribute: &KeyValue| attribute.key.as_str() == "portcullis.action" && attribute.value.as_str() == "block";
    matches!(span.status, Status::Error { .. }) || span.attributes.iter().any(blocks)
}

impl SpanProcessor for Keep {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            return self.pass_on(span);
        }
        let is_local_root = span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_local_root {
            let dropped = held.hold(span);
            if dropped > 0 {
                metrics().spans(SpanFate::Dropped, dropped);
            }
            return;
        }
        let spans = held.take(span.span_context.trace_id());
        drop(held);
        if spans.iter().chain([&span]).any(is_wanted) {
            spans.into_iter().chain([span]).for_each(|span| self.pass_on(span));
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Span as _, TraceFlags, Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

    use super::*;

    fn traced(
        ratio: f64,
        follow_parent: bool,
        room: usize,
    ) -> (SdkTracer, mpsc::Receiver<SpanData>, SdkTracerProvider) {
        let (queue, waiting) = mpsc::channel(room);
        let provider = SdkTracerProvider::builder()
            .with_sampler(Ratio { ratio, follow_parent })
            .with_span_processor(Keep::new(queue))
            .build();
        (provider.tracer("test"), waiting, provider)
    }

    fn exported(waiting: &mut mpsc::Receiver<SpanData>) -> Vec<String> {
        std::iter::from_fn(|| waiting.try_recv().ok()).map(|span| span.name.into_owned()).collect()
    }

    fn caller(sampled: bool) -> Context {
        let flags = TraceFlags::default().with_sampled(sampled);
        let caller = SpanContext::new(TraceId::from(7), SpanId::from(9), flags, true, TraceState::NONE);
        Context::new().with_remote_span_context(caller)
    }

    /// A call with a part.
    fn call(tracer: &SdkTracer, parent: &Context, note: impl FnOnce(&mut Span)) {
        let root = parent.with_span(tracer.start_with_context("root", parent));
        let mut part = tracer.start_with_context("part", &root);
        note(&mut part);
        part.end();
        root.span().end();
    }

    #[test]
    fn the_ratio_leaves_out_what_is_neither_an_error_nor_a_block() {
        let (tracer, mut waiting, _provider) = traced(0.0, true, 64);
        call(&tracer, &Context::new(), |_| ());
        call(&tracer, &Context::new(), |part| part.set_attribute(KeyValue::new("portcullis.action", "allow")));
        assert_eq!(exported(&mut waiting), Vec::<String>::new());
        call(&tracer, &Context::new(), |part| part.set_attribute(KeyValue::new("portcullis.action", "block")));
        assert_eq!(exported(&mut waiting), ["part", "root"]);
        call(&tracer, &Context::new(), |part| part.set_status(Status::error("storage")));
        assert_eq!(exported(&mut waiting), ["part", "root"]);
        let (tracer, mut waiting, _provider) = traced(1.0, true, 64);
        call(&tracer, &Context::new(), |_| ());
        assert_eq!(exported(&mut waiting), ["part", "root"]);
    }

    #[test]
    fn a_callers_choice_counts_where_it_is_followed() {
        for (ratio, follow_parent, sampled, seen) in
            [(0.0, true, true, true), (1.0, true, false, false), (0.0, false, true, false), (1.0, false, false, true)]
        {
            let (tracer, mut waiting, _provider) = traced(ratio, follow_parent, 64);
            call(&tracer, &caller(sampled), |_| ());
            assert_eq!(exported(&mut waiting).len(), if seen { 2 } else { 0 }, "{ratio} {follow_parent} {sampled}");
        }
    }

    #[test]
    fn what_is_held_and_what_waits_is_bounded() {
        let (tracer, mut waiting, _provider) = traced(0.0, true, 3);
        let roots: Vec<_> = (0..=TRACES)
            .map(|_| {
                let root = Context::new().with_span(tracer.start_with_context("root", &Context::new()));
                let mut part = tracer.start_with_context("part", &root);
                part.set_status(Status::error("storage"));
                part.end();
                root
            })
            .collect();
        // The oldest gave way: of its trace nothing is known any more.
        roots[0].span().end();
        assert_eq!(exported(&mut waiting), Vec::<String>::new());
        roots[TRACES].span().end();
        assert_eq!(exported(&mut waiting), ["part", "root"]);
        let root = Context::new().with_span(tracer.start_with_context("root", &Context::new()));
        for _ in 0..SPANS + 10 {
            tracer.start_with_context("part", &root).end();
        }
        root.span().set_status(Status::error("storage"));
        root.span().end();
        // The queue has room for three.
        assert_eq!(exported(&mut waiting), ["part"; 3]);
    }
}
