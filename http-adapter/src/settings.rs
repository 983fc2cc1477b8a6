//! What the adapter can be told. The program reads it from files and flags; here it is plain values.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use portcullis_api::{access::Access, body::BodyLimits, log::LogControl};

/// A word that is none of those that a setting knows.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be `{}`", .0.join("` or `"))]
pub struct UnknownWord(pub &'static [&'static str]);

/// A choice between a few words, which are read ignoring case.
macro_rules! choice {
    ($(#[$doc:meta])* $vis:vis $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        $vis enum $name { $($(#[$of])* $variant,)+ }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                $(if text.eq_ignore_ascii_case($word) {
                    return Ok(Self::$variant);
                })+
                Err(UnknownWord(&[$($word),+]))
            }
        }
    };
}

choice! {
    /// How a gateway is told that a call is blocked. Gateways of different age read different halves of an
    /// answer, and nothing in a call says which half: so an operator chooses.
    pub Contract {
        /// The status says it: 400. What gateways from before May 2026 read.
        #[default]
        Status = "status",
        /// The body says it, under 200: `"verdict": false`. A newer gateway takes 400 for a failed guardrail, which
        /// some of its strategies let pass.
        Verdict = "verdict",
    }
}

choice! {
    /// What a gateway does with the answer.
    pub(crate) Operation {
        /// It blocks, or not.
        #[default]
        Validate = "validate",
        /// It may also go on with a rewritten body.
        Mutate = "mutate",
    }
}

choice! {
    /// What is done with a model's answer.
    pub OnResponse {
        /// It passes, and is judged behind.
        #[default]
        Monitor = "monitor",
        /// It is judged before it passes, and can be blocked or masked.
        Enforce = "enforce",
    }
}

/// Renders the metrics of the process as OpenMetrics text.
#[derive(Clone)]
pub struct Metrics(Arc<dyn Fn() -> String + Send + Sync>);

impl Metrics {
    pub fn new(render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }

    pub(crate) fn render(&self) -> String {
        (self.0)()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

#[derive(Debug, Clone)]
pub struct AdapterSettings {
    pub bodies: BodyLimits,
    /// What one call of the core may take.
    pub call_deadline: Duration,
    /// For a call that does not choose.
    pub contract: Contract,
    /// For a call that does not choose.
    pub on_response: OnResponse,
    /// Whether a call may ask to be kept, to be looked at. Needs credentials.
    pub capture: bool,
    pub access: Access,
    /// Whether the port is one of this machine alone: without credentials it then answers to this machine's names alone.
    pub loopback: bool,
    /// What `GET /metrics` shows. None: this program measures nothing.
    pub metrics: Option<Metrics>,
    /// What `POST /v1/log-level` changes. None: the log is somebody else's.
    pub log: Option<LogControl>,
}

impl Default for AdapterSettings {
    fn default() -> Self {
        Self {
            bodies: BodyLimits::default(),
            call_deadline: Duration::from_secs(5),
            contract: Contract::default(),
            on_response: OnResponse::default(),
            capture: false,
            access: Access::default(),
            loopback: false,
            metrics: None,
            log: None,
        }
    }
}
