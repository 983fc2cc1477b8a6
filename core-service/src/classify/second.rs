//! The second stage: a small transformer that reads the few windows of which the first stage is unsure, because order
//! and meaning decide there.
//!
//! The one that is built in was cut out of multilingual-e5-small and trained by `training/second/train.py`. Any other
//! model for the classification of texts in ONNX can take its place. It is read once in the life of the process.

mod gate;
mod model;
mod terms;

use std::{
    path::PathBuf,
    sync::OnceLock,
    time::{Duration, Instant},
};

use tokio::runtime::{Handle, RuntimeFlavor};

pub use self::model::Pieces;
use self::{gate::Gate, model::Model, terms::Terms};
use super::topics::meaning::Encoder;
pub use crate::domain::coverage::Missed;
use crate::telemetry::{self, SecondOutcome, SecondStageRan};

static MODEL: &[u8] = include_bytes!("second/model.onnx");
static TOKENIZER: &[u8] = include_bytes!("second/tokenizer.json");
static TERMS: &str = include_str!("second/model.json");

/// Which model reads, if any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Choice {
    #[default]
    BuiltIn,
    /// `model.onnx` and `tokenizer.json`; `config.json` for the names of the labels, and `model.json` for other terms,
    /// where they are there.
    Folder(PathBuf),
    Off,
}

impl Choice {
    pub fn named(name: &str) -> Self {
        match name {
            "built-in" => Self::BuiltIn,
            "off" => Self::Off,
            folder => Self::Folder(folder.into()),
        }
    }
}

impl From<&str> for Choice {
    fn from(name: &str) -> Self {
        Self::named(name)
    }
}

#[derive(Debug)]
pub struct SecondStage {
    model: Model,
    gate: Gate,
    terms: Terms,
}

static CHOSEN: OnceLock<(Choice, Result<SecondStage, Missed>)> = OnceLock::new();

/// Makes the choice for this process. The first one holds, and whoever asks for the stage before makes the default one.
pub fn choose(choice: &Choice) -> Result<(), String> {
    let stage = match (CHOSEN.get(), choice) {
        (Some((made, _)), _) if made == choice => return Ok(()),
        (Some(_), _) => return Err("the second stage was chosen before".to_owned()),
        (None, Choice::BuiltIn) => Ok(SecondStage::built_in()?),
        (None, Choice::Folder(folder)) => {
            let named = |error| format!("the second stage's model in {}: {error}", folder.display());
            Ok(SecondStage::load(folder).map_err(named)?)
        }
        (None, Choice::Off) => Err(Missed::Off),
    };
    // Two that choose at once: the first holds, as if they had come one after the other.
    let (made, _) = CHOSEN.get_or_init(|| (choice.clone(), stage));
    if made == choice { Ok(()) } else { Err("the second stage was chosen before".to_owned()) }
}

/// The one of this process.
pub fn current() -> Result<&'static SecondStage, Missed> {
    let (_, stage) = CHOSEN.get_or_init(|| {
        let stage = SecondStage::built_in().map_err(|error| {
            tracing::error!(%error, "the second stage cannot be read");
            Missed::NotInstalled
        });
        (Choice::BuiltIn, stage)
    });
    stage.as_ref().map_err(|missed| *missed)
}

impl SecondStage {
    /// Windows of one text that are read: those of which the first stage thinks worst.
    pub const WINDOWS: usize = 4;

    pub fn built_in() -> Result<Self, String> {
        let model = Model::built_in(MODEL, TOKENIZER)?;
        Ok(Self { model, gate: Gate::new(), terms: Terms::read(TERMS)? })
    }

    fn load(folder: &std::path::Path) -> Result<Self, String> {
        let own = folder.join("model.json");
        let terms = match std::fs::read_to_string(&own) {
            Ok(text) => Terms::read(&text)?,
            Err(_) => Terms::read(TERMS)?,
        };
        Ok(Self { model: Model::load(folder)?, gate: Gate::new(), terms })
    }

    /// Whether the first stage is unsure of a text with this margin.
    pub const fn wants(&self, margin: f32) -> bool {
        self.terms.least <= margin && margin <= self.terms.most
    }

    /// What the model reads of a window: nothing where a fifth of its signs are none of its vocabulary, or half of its letters stand
    /// apart.
    pub fn pieces(&self, window: &str) -> Result<Option<Pieces>, Missed> {
        self.model.pieces(window).map_err(failed)
    }

    /// Both stages together.
    pub fn probability(&self, margin: f32, logit: f32) -> f32 {
        self.terms.probability(margin, logit)
    }

    /// The log-odds that each window is an attack, in their order. Waits for its turn, but not past the deadline.
    pub fn read(&self, windows: &[Pieces], deadline: Option<Instant>) -> Result<Vec<f32>, Missed> {
        self.run(windows, deadline, |slot| self.model.logits(windows, slot))
    }

    /// Whether the model gives vectors, and its terms say what their cosine means: without that a score would be a guess.
    pub const fn embeds(&self) -> bool {
        self.model.embeds() && self.terms.cosine.is_some()
    }

    /// In its turn: one queue for all that the model is asked.
    fn run<T>(
        &self,
        windows: &[Pieces],
        deadline: Option<Instant>,
        work: impl FnOnce(usize) -> Result<T, String>,
    ) -> Result<T, Missed> {
        let begun = Instant::now();
        let read = aside(|| {
            let turn = self.gate.enter(windows.len(), deadline)?;
            work(turn.slot()).map_err(failed)
        });
        let outcome = match &read {
            Ok(_) => SecondOutcome::Ran,
            Err(Missed::Late) => SecondOutcome::Late,
            Err(Missed::Busy) => SecondOutcome::Busy,
            Err(Missed::Failed | Missed::Unreadable | Missed::NotInstalled | Missed::Off) => SecondOutcome::Failed,
        };
        telemetry::emit(SecondStageRan { windows: windows.len(), elapsed: begun.elapsed(), outcome });
        read
    }

    /// What a window takes, as seen so far.
    pub fn pace(&self) -> Duration {
        self.gate.pace()
    }
}

impl Encoder for SecondStage {
    type Pieces = Pieces;

    fn pieces(&self, text: &str) -> Result<Option<Pieces>, Missed> {
        self.model.pieces(text).map_err(failed)
    }

    fn embed(&self, windows: &[Pieces], deadline: Option<Instant>) -> Result<Vec<Vec<f32>>, Missed> {
        if !self.embeds() {
            return Err(Missed::NotInstalled);
        }
        self.run(windows, deadline, |slot| self.model.embeddings(windows, slot))
    }

    fn shift(&self, cosine: f32) -> f32 {
        self.terms.cosine.map_or(0.0, |terms| terms.slope * (cosine - terms.centre))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: String) -> Missed {
    tracing::error!(%error, "the second stage failed");
    Missed::Failed
}

/// A thread of the runtime that waits here would keep others waiting.
fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests;
