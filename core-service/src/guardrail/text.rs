//! A text in pieces as a use case: judged piece by piece, recorded once.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use uuid::Uuid;

use super::{
    masked::Masked,
    pieces::{Pieces, Terms},
    service::{Checked, Decided, Guardrail, GuardrailError, Operation, Recording, refusal},
    told,
};
use crate::{
    domain::{
        coverage::Coverage,
        decision::{Action, Decision},
        exchange::{Direction, Payload, Payloads},
        timing::micros,
    },
    extract::Question,
    policy::{live::Generation, set::UnknownPolicy},
    record::Judged,
    telemetry::{self, CheckEnded, CheckFailure, Source, Verdict},
};

/// Bytes of a text that are recorded: a stream has no end that could be waited for. The receipt counts all of it.
pub const RECORDED: usize = 1 << 20;

/// How a text is opened.
#[derive(Debug)]
pub struct Open {
    pub terms: Terms,
    /// What the text answers, for the record.
    pub request: Option<Payload>,
    pub recording: Recording,
    /// The HTTP status of the answer that the text is of.
    pub status: u16,
}

/// How many texts of a process are open: what was judged of them is recorded before the log may be closed.
#[derive(Debug, Clone, Default)]
pub struct OpenTexts(Arc<watch::Sender<usize>>);

impl OpenTexts {
    fn begin(&self) -> Counted {
        self.0.send_modify(|open| *open += 1);
        Counted(self.clone())
    }

    /// Resolves when none is open. Whoever waits sees to it that none is begun.
    pub async fn ended(&self) {
        let mut open = self.0.subscribe();
        // It cannot fail: the sender is here.
        let _ = open.wait_for(|&open| open == 0).await;
    }
}

/// One of them.
#[derive(Debug)]
struct Counted(OpenTexts);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.send_modify(|open| *open -= 1);
    }
}

/// One text, under the policies that were in force when it began.
#[derive(Debug)]
pub struct Text {
    guardrail: Arc<Guardrail>,
    view: Arc<Generation>,
    pieces: Pieces,
    request: Option<Payload>,
    /// What that tells, once it was read.
    question: Option<Question>,
    recording: Recording,
    status: u16,
    request_id: Uuid,
    text: String,
    spent: Duration,
    last: Option<(Decision, Coverage)>,
    /// Once its session was in quarantine.
    refusal: Option<(Decision, Coverage)>,
    /// It was recorded, or that failed and was said: nothing of it is recorded any more.
    is_over: bool,
    /// The disk did not take it.
    shed: bool,
    /// How it ended was told.
    is_told: bool,
    /// Until what was judged of it is recorded.
    _counted: Counted,
}

impl Text {
    pub fn open(guardrail: &Arc<Guardrail>, open: Open, texts: &OpenTexts) -> Result<Self, UnknownPolicy> {
        let Open { terms, request, recording, status } = open;
        let request_id = Uuid::now_v7();
        let view = guardrail.policies().view();
        if let Some(name) = terms.policies.iter().find(|name| view.set.get(name).is_none()) {
            telemetry::emit(CheckEnded {
                request_id,
                source: Source::of(&terms.context.source).unwrap_or(Source::Other),
                direction: terms.direction,
                elapsed: Duration::ZERO,
                timings: None,
                outcome: Err(CheckFailure::UnknownPolicy),
            });
            return Err(UnknownPolicy(name.clone()));
        }
        Ok(Self {
            guardrail: Arc::clone(guardrail),
            view,
            pieces: Pieces::new(terms),
            request,
            question: None,
            recording,
            status,
            request_id,
            text: String::new(),
            spent: Duration::ZERO,
            last: None,
            refusal: None,
            is_over: false,
            shed: false,
            is_told: false,
            _counted: texts.begin(),
        })
    }

    pub const fn request_id(&self) -> Uuid {
        self.request_id
    }

    /// The verdict on the text so far. With the last piece, or as soon as it is blocked, it is recorded, and that is
    /// on disk or not as it is with any other check. After an error nothing of the text is recorded any more.
    pub async fn piece(&mut self, piece: &str, last: bool, deadline: Instant) -> Result<Checked, GuardrailError> {
        let begun = Instant::now();
        let (decision, coverage) = match self.judge(piece, deadline).await {
            Ok(judged) => judged,
            Err(error) => {
                self.is_over = true;
                self.tell(Err(error.class()));
                return Err(error);
            }
        };
        self.spent += begun.elapsed();
        let room = RECORDED.saturating_sub(self.text.len()).min(piece.len());
        self.text.push_str(&piece[..piece.floor_char_boundary(room)]);
        self.last = Some((decision.clone(), coverage.clone()));
        if last || decision.action == Action::Block {
            self.record(deadline).await?;
        }
        let (request_id, shed) = (self.request_id, self.shed);
        Ok(Checked { request_id, decision, coverage, masked: Masked::default(), shed })
    }

    async fn judge(&mut self, piece: &str, deadline: Instant) -> Result<(Decision, Coverage), GuardrailError> {
        self.read_request(deadline).await?;
        if let Some(refusal) = self.refused() {
            return Ok(refusal);
        }
        self.pieces.push(&self.view.set, piece, Some(deadline)).map_err(|unknown| GuardrailError::Judge(unknown.into()))
    }

    /// Once, before anything is judged.
    async fn read_request(&mut self, deadline: Instant) -> Result<(), GuardrailError> {
        // A plain text names nothing.
        let (None, Some(Payload::Json(json))) = (&self.question, &self.request) else { return Ok(()) };
        let (bytes, request) = (json.len(), Payload::Json(json.clone()));
        let question = self.guardrail.aside_if_large(bytes, deadline, move || Question::of(&request)).await?;
        let question = question.map_err(|cause| told::unreadable(Direction::Request, cause))?;
        self.pieces.answer(&question);
        self.question = Some(question);
        Ok(())
    }

    /// A text to a model is refused while its session is in quarantine, and from then on, like any other request.
    fn refused(&mut self) -> Option<(Decision, Coverage)> {
        let Terms { context, direction, .. } = self.pieces.terms();
        if self.refusal.is_none() && *direction == Direction::Request {
            let quarantine = self.guardrail.quarantined(context);
            self.refusal = quarantine.map(|quarantine| refusal(&quarantine));
        }
        self.refusal.clone()
    }

    /// Nothing more comes. What was judged of a text without a last piece is recorded.
    pub async fn end(mut self, deadline: Instant) -> Result<(), GuardrailError> {
        self.record(deadline).await
    }

    /// Once, whatever comes of it: who is told that nothing was recorded must find nothing later.
    async fn record(&mut self, deadline: Instant) -> Result<(), GuardrailError> {
        if self.is_over {
            return Ok(());
        }
        let Some((decision, coverage)) = self.last.clone() else { return Ok(()) };
        self.is_over = true;
        let Terms { policies, context, direction } = self.pieces.terms();
        let mut context = context.clone();
        if let Some(Question { model, tool, .. }) = &self.question {
            context.name_model(model.clone());
            context.name_tool(tool.clone());
        }
        let text = Payload::Text(self.text.clone());
        let payloads = match (direction, self.request.clone()) {
            (Direction::Request, _) => Payloads::Request(text),
            (Direction::Response, Some(request)) => Payloads::Both { request, response: text },
            (Direction::Response, None) => Payloads::Response(text),
        };
        let decided = Decided {
            request_id: self.request_id,
            operation: Operation::Validate,
            direction: *direction,
            context,
            policies: policies.clone(),
            payloads,
            status: self.status,
            judged: Judged { decision, coverage, duration_us: micros(self.spent), durations: self.pieces.durations() },
        };
        let answer = self.guardrail.answered(&decided.context, &decided.payloads).await;
        let kept = self.guardrail.keep(decided, self.recording, deadline).await.map_err(GuardrailError::from);
        if let (Ok(false), Some(answer)) = (&kept, &answer) {
            self.guardrail.remember(answer);
        }
        match (&kept, self.last.take()) {
            (Ok(_), Some((decision, coverage))) => {
                self.tell(Ok(Verdict { decision: &decision, coverage: &coverage }));
            }
            (Ok(_), None) => {}
            (Err(error), _) => self.tell(Err(error.class())),
        }
        self.shed = kept?;
        Ok(())
    }

    fn tell(&mut self, outcome: Result<Verdict<'_>, CheckFailure>) {
        let Terms { context, direction, .. } = self.pieces.terms();
        telemetry::emit(CheckEnded {
            request_id: self.request_id,
            source: Source::of(&context.source).unwrap_or(Source::Other),
            direction: *direction,
            elapsed: self.spent,
            timings: None,
            outcome,
        });
        self.is_told = true;
    }
}

/// As with any other check: of one that breaks off nobody else could tell.
impl Drop for Text {
    fn drop(&mut self) {
        if self.is_told {
            return;
        }
        if thread::panicking() {
            self.tell(Err(CheckFailure::Internal));
        } else if self.last.is_some() {
            self.tell(Err(CheckFailure::Abandoned));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::exchange::CallContext,
        policy::{compile, live::Live, load::Loader, set::PolicySet},
        record::{Log, LogSettings, OnFull},
        session::{Limits, Sessions},
    };

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    fn under(policy: &str, log: &Arc<Log>) -> Arc<Guardrail> {
        let set = PolicySet::new(vec![Arc::new(compile::compile(policy).unwrap())]).unwrap();
        let live = Live::new(Generation { set, statuses: Vec::new() });
        Arc::new(Guardrail::new(Arc::new(live), Arc::clone(log), [0; 32], Arc::new(Sessions::new(Limits::default()))))
    }

    /// A text that answers this request, opened.
    fn answer(guardrail: &Arc<Guardrail>, request: String) -> Text {
        let terms = Terms { policies: Vec::new(), context: CallContext::default(), direction: Direction::Response };
        let request = Some(Payload::Json(request.into()));
        let open = Open { terms, request, recording: Recording::Always, status: 200 };
        Text::open(guardrail, open, &OpenTexts::default()).unwrap()
    }

    #[tokio::test]
    async fn what_answers_a_call_of_a_tool_is_not_what_a_model_says() {
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(Log::open(folder.path()).unwrap());
        let guardrail = under(
            "
name: words
targets: {directions: [request]}
rules: [{detector: keywords, words: [banana], action: block, directions: [request]}]
",
            &log,
        );
        for (request, action) in [
            (r#"{"name": "f", "arguments": {"q": "x"}}"#, Action::Block),
            (r#"{"messages": [{"role": "user", "content": "x"}]}"#, Action::Allow),
        ] {
            let mut text = answer(&guardrail, request.to_owned());
            let checked = text.piece("a banana", true, later()).await.unwrap();
            assert_eq!(checked.decision.action, action, "{request}");
        }
        log.close().await;
    }

    #[tokio::test]
    async fn of_two_models_neither_pushes_the_other_out() {
        let folder = tempfile::tempdir().unwrap();
        let log = Arc::new(Log::open(folder.path()).unwrap());
        let guardrail = under(
            "
name: words
targets: {models: [small]}
rules: [{detector: keywords, words: [banana], action: block}]
",
            &log,
        );
        for long in [1, 2 << 10, 128 << 10] {
            let request = format!(r#"{{"model": "{}", "model": "small"}}"#, "a".repeat(long));
            let checked = answer(&guardrail, request).piece("a banana", true, later()).await.unwrap();
            assert_eq!(checked.decision.action, Action::Block, "{long}");
        }
        log.close().await;
    }

    #[tokio::test]
    async fn a_text_that_the_disk_did_not_take_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let settings = LogSettings { on_full: OnFull::Shed, max_bytes: Some(2 << 20), ..LogSettings::default() };
        let log = Arc::new(Log::open_with(folder.path(), &settings).unwrap());
        let guardrail = under("name: words\nrules: [{detector: keywords, words: [banana], action: block}]\n", &log);
        let ended = async || {
            let mut text = answer(&guardrail, format!(r#"{{"x": "{}"}}"#, "x".repeat(256 << 10)));
            assert!(!text.piece("an apple", false, later()).await.unwrap().shed, "nobody knows yet");
            text.piece(" and so on", true, later()).await.unwrap().shed
        };
        assert!(!ended().await);
        while !ended().await {}
        log.close().await;
    }

    #[tokio::test]
    async fn nothing_is_recorded_after_it_was_said_that_nothing_was() {
        let folder = tempfile::tempdir().unwrap();
        let (_, generation) = Loader::new(folder.path().join("policies")).unwrap();
        let log = Arc::new(Log::open(&folder.path().join("data")).unwrap());
        let sessions = Arc::new(Sessions::new(Limits::default()));
        let guardrail = Guardrail::new(Arc::new(Live::new(generation)), Arc::clone(&log), [0; 32], sessions);
        let terms = Terms { policies: Vec::new(), context: CallContext::default(), direction: Direction::Response };
        let open = Open { terms, request: None, recording: Recording::Always, status: 200 };
        let texts = OpenTexts::default();
        let mut text = Text::open(&Arc::new(guardrail), open, &texts).unwrap();
        text.piece("hello", false, later()).await.unwrap();
        log.close().await;
        text.piece(" AKIA3XQ7ZP5LMV2RTB4N and so on", true, later()).await.unwrap_err();
        assert_eq!(*texts.0.borrow(), 1);
        // It is not tried again.
        text.end(later()).await.unwrap();
        texts.ended().await;
    }
}
