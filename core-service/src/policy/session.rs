//! What a policy says of conversations.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::domain::{decision::Action, finding::Detector};

/// All but `joined_turns` needs a session id (`metadata.session_id`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionFile {
    /// The last user turns of a request that are also read as one text, so that what is split over them or their parts
    /// is found: 2 to 16, or 0 for none. Their last 2 KiB are read, and the short strings of a tool's result; only what
    /// crosses from one piece into another is new.
    pub joined_turns: u8,
    /// What becomes of an answer that is first seen when the next request brings it back, when this policy objects to it.
    pub late: Late,
    /// Findings below their rule's threshold, added up over a session. Not kept when not given.
    pub score: Option<ScoreFile>,
    /// Refuse a session's requests for a while. Never when not given.
    pub quarantine: Option<QuarantineFile>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// It is not looked at.
    Off,
    /// It is recorded as an event of its own, marked late. The request passes on its own merits.
    #[default]
    Record,
    /// The same, and what the policy would have blocked then refuses the request that brings it back.
    Block,
}

#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreFile {
    /// The sum from which on the policy objects. 0.1 to 100. A finding adds its score, 0 to 1; of one rule the highest of
    /// a turn counts.
    pub limit: f32,
    /// In which the sum halves. 1 to 1440.
    #[serde(default = "half_life")]
    pub half_life_minutes: u16,
    #[serde(default = "alert")]
    pub action: Action,
    /// Whose findings add up.
    #[serde(default = "detectors")]
    pub detectors: Vec<Detector>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuarantineFile {
    /// 1 to 1440.
    pub minutes: u16,
    pub on: Vec<Trigger>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// An answer that the policy would have blocked had passed: it was seen late, or judged in the background.
    Late,
    /// The policy blocked a request.
    Block,
    /// The score reached its limit.
    Score,
}

impl Trigger {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Block => "block",
            Self::Score => "score",
        }
    }
}

const fn half_life() -> u16 {
    30
}

/// Weak hints of personal data or code are the daily bread of honest conversations.
fn detectors() -> Vec<Detector> {
    vec![Detector::PromptInjection]
}

const fn alert() -> Action {
    Action::Alert
}

impl ScoreFile {
    pub fn half_life(&self) -> Duration {
        Duration::from_secs(60 * u64::from(self.half_life_minutes))
    }
}

impl SessionFile {
    /// What is wrong with it: the field's name within `session`, and why.
    pub fn problems(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let minutes = |minutes: u16| (1..=1440).contains(&minutes);
        let (score, quarantine) = (self.score.as_ref(), self.quarantine.as_ref());
        [
            (self.joined_turns == 1 || self.joined_turns > 16, "joined_turns", "2 to 16, or 0"),
            (score.is_some_and(|score| !(0.1..=100.0).contains(&score.limit)), "score.limit", "0.1 to 100"),
            (score.is_some_and(|score| score.detectors.is_empty()), "score.detectors", "empty: nothing would add up"),
            (score.is_some_and(|score| !minutes(score.half_life_minutes)), "score.half_life_minutes", "1 to 1440"),
            (
                score.is_some_and(|score| !matches!(score.action, Action::Alert | Action::Block)),
                "score.action",
                "`alert` or `block`",
            ),
            (quarantine.is_some_and(|quarantine| !minutes(quarantine.minutes)), "quarantine.minutes", "1 to 1440"),
            (
                quarantine.is_some_and(|quarantine| quarantine.on.is_empty()),
                "quarantine.on",
                "empty: it would never begin",
            ),
            (
                score.is_none() && quarantine.is_some_and(|quarantine| quarantine.on.contains(&Trigger::Score)),
                "quarantine.on",
                "`score` without a `score` that is kept",
            ),
        ]
        .into_iter()
        .filter_map(|(wrong, field, why)| wrong.then_some((field, why)))
    }

    /// How long a session is refused after this, when it is.
    pub fn quarantine(&self, trigger: Trigger) -> Option<Duration> {
        let quarantine = self.quarantine.as_ref().filter(|quarantine| quarantine.on.contains(&trigger))?;
        Some(Duration::from_secs(60 * u64::from(quarantine.minutes)))
    }
}
