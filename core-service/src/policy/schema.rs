//! The file format. Every field that is not named here is an error: a misspelt rule is no rule.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::session::SessionFile;
use crate::{
    domain::{
        decision::Action,
        finding::{Detector, Severity},
    },
    mask::Style,
};

/// A policy of Portcullis: what is looked for, where, and what is done about it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// What a gateway's `config.policy` names. Letters, digits, `-`, `_` and `.`; at most 64.
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Of violations whose rule says nothing of its own.
    #[serde(default = "default_severity")]
    pub severity: Severity,
    /// What the end user is told when this policy objects. It should name no rule: an attacker reads it too.
    #[serde(default = "default_message")]
    pub message: String,
    /// When the policy applies.
    #[serde(default)]
    pub apply: Apply,
    /// Whom it applies to. All that are given must hold; none given means everybody.
    #[serde(default)]
    pub targets: TargetsFile,
    /// Which text of a request is judged. All text of a response is.
    #[serde(default)]
    pub scope: ScopeFile,
    #[schemars(with = "Vec<RuleFile>")]
    pub rules: Vec<Spanned<RuleFile>>,
    /// What assistants must not talk about, whatever the words. At most 64.
    #[serde(default)]
    #[schemars(with = "Vec<TopicFile>")]
    pub denied_topics: Vec<Spanned<TopicFile>>,
    /// Texts that are known to be harmless here.
    #[serde(default)]
    #[schemars(with = "Vec<ExceptionFile>")]
    pub exceptions: Vec<Spanned<ExceptionFile>>,
    /// What is done when a check that this policy asks for could not be made.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Milliseconds that a check may take before it counts as failed. 1 to 60000.
    #[serde(default)]
    pub deadline_ms: Option<u32>,
    /// What is made of a conversation as a whole.
    #[serde(default)]
    pub session: SessionFile,
}

fn default_severity() -> Severity {
    Severity::High
}

fn default_message() -> String {
    "This content is not allowed by your organisation's policy.".to_owned()
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Apply {
    /// To every exchange that its targets match, unless the caller names other policies.
    #[default]
    Matching,
    /// Only when the caller names it.
    Named,
}

/// Patterns are compared whole; `*` stands for any text.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetsFile {
    pub users: Vec<String>,
    pub teams: Vec<String>,
    pub models: Vec<String>,
    pub sources: Vec<String>,
    /// Labels of the call. They come from the end user with most gateways: use them to be stricter only.
    pub metadata: BTreeMap<String, Vec<String>>,
    /// This one holds for a policy that is asked for by name, too.
    pub directions: Vec<DirectionName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DirectionName {
    Request,
    Response,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScopeFile {
    /// Whose turns. The default leaves out what the application's author wrote and what the model said before.
    pub roles: Vec<RoleName>,
}

impl Default for ScopeFile {
    fn default() -> Self {
        Self { roles: vec![RoleName::User, RoleName::Tool, RoleName::ToolCall, RoleName::Other] }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleName {
    System,
    Developer,
    User,
    Assistant,
    /// Results of tools.
    Tool,
    /// Arguments that the model gave to tools.
    ToolCall,
    /// Turns of an unknown role, and text outside any turn.
    Other,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Unique in the policy; named by violations. The detector's name when not given.
    #[serde(default)]
    pub name: Option<String>,
    pub detector: Detector,
    pub action: Action,
    #[serde(default)]
    pub severity: Option<Severity>,
    /// What the end user is told when this rule decides.
    #[serde(default)]
    pub message: Option<String>,
    /// Action `mask`: what takes the place of a finding. `label` when not given.
    #[serde(default)]
    pub mask: Option<Style>,
    /// Findings below this score are ignored. 0 to 1, 0.5 when not given.
    #[serde(default)]
    pub threshold: Option<f32>,
    /// Fewer findings than this in an exchange are ignored. 1 to 1000, 1 when not given.
    #[serde(default)]
    pub min_matches: Option<u16>,
    /// Both when not given.
    #[serde(default)]
    pub directions: Vec<DirectionName>,
    /// Built-in detectors: only these entities or rules, by name. All when not given.
    #[serde(default)]
    pub only: Vec<String>,
    /// Built-in detectors: not these entities or rules.
    #[serde(default)]
    pub except: Vec<String>,
    /// Detector `keywords`: the words or phrases.
    #[serde(default)]
    pub words: Vec<String>,
    /// Detector `keywords`: as whole words, or anywhere (for scripts that write no spaces).
    #[serde(default, rename = "match")]
    pub matching: Option<WordMatch>,
    /// Detector `regex`.
    #[serde(default)]
    pub patterns: Vec<PatternFile>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WordMatch {
    Word,
    Substring,
}

/// Linear-time syntax (no look-around, no back references): <https://docs.rs/regex/latest/regex/#syntax>.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternFile {
    pub pattern: String,
    /// Texts in which it must be found.
    #[serde(default)]
    pub matches: Vec<String>,
    /// Texts in which it must not be found.
    #[serde(default)]
    pub misses: Vec<String>,
}

/// A text that is about it is found, also in other words than the samples.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicFile {
    /// Unique among the policy's rules and topics; named by violations. 1 to 64 bytes.
    pub id: String,
    /// For people, and compared like the samples. 1 to 100 bytes.
    pub name: String,
    /// What belongs to it. At most 1000 bytes.
    #[serde(default)]
    pub description: String,
    /// What people would say, in each language that they say it in. At most 64, of 3 to 500 bytes.
    #[serde(default)]
    pub samples: Vec<String>,
    /// Near the topic, and fine. At most 64, of 3 to 500 bytes.
    #[serde(default)]
    pub counter_samples: Vec<String>,
    #[serde(default)]
    pub sensitivity: Sensitivity,
    pub action: Action,
    #[serde(default)]
    pub severity: Option<Severity>,
    /// What the end user is told when this topic decides.
    #[serde(default)]
    pub message: Option<String>,
    /// Action `mask`: what takes the place of the sentences. `label` when not given.
    #[serde(default)]
    pub mask: Option<Style>,
    /// Both when not given.
    #[serde(default)]
    pub directions: Vec<DirectionName>,
}

/// How near a text must come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Only what is plainly about the topic: a score of 0.8.
    Low,
    /// 0.5.
    #[default]
    Medium,
    /// Also what is probably about something else: 0.3.
    High,
}

impl Sensitivity {
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The least score of a finding.
    pub const fn threshold(self) -> f32 {
        match self {
            Self::Low => 0.8,
            Self::Medium => 0.5,
            Self::High => 0.3,
        }
    }
}

/// Suppresses findings that lie inside the phrase; the text itself stays as it is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionFile {
    /// Compared ignoring the case of ASCII letters. 3 to 1000 bytes.
    pub phrase: String,
    /// Last day on which it holds (UTC), for example 2027-01-31.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub until: Option<Date>,
    /// Rules of this policy, by name. All when not given.
    #[serde(default)]
    pub rules: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    #[default]
    Block,
    /// Pass, and report it.
    Alert,
    /// Pass. The receipt still says what was not checked.
    Allow,
}

/// The JSON schema of a policy file, for editors.
pub fn json_schema() -> schemars::Schema {
    schemars::schema_for!(PolicyFile)
}
