//! A policy file checked and made ready: every mistake is found here, with its place.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_saphyr::Spanned;
use sha2::{Digest as _, Sha256};

use super::{
    exception::Exception,
    parse::{self, Problem, narrow},
    schema::{Apply, DirectionName, OnFailure, PatternFile, PolicyFile, RoleName, RuleFile, WordMatch},
    session::SessionFile,
    target::{Targets, includes},
    topic,
};
use crate::{
    detect::{
        compiled::{self, CompiledRule},
        pattern,
    },
    domain::{
        coverage::PolicyRef,
        decision::Action,
        exchange::Direction,
        finding::{Detector, RuleIdentity, Severity},
        segment::Role,
    },
    mask::Style,
};

/// Rules of one policy, words and patterns of one rule.
const MAX_ITEMS: usize = 1000;

/// A policy that has passed every check.
#[derive(Debug)]
pub struct Policy {
    pub reference: PolicyRef,
    pub source: Arc<str>,
    pub description: String,
    pub apply: Apply,
    pub targets: Targets,
    pub roles: Vec<Role>,
    pub rules: Vec<PolicyRule>,
    pub exceptions: Vec<Exception>,
    pub on_failure: OnFailure,
    pub deadline: Option<Duration>,
    pub severity: Severity,
    pub message: Arc<str>,
    pub session: SessionFile,
}

#[derive(Debug)]
pub struct PolicyRule {
    pub name: Arc<str>,
    pub detector: Detector,
    pub action: Action,
    pub severity: Option<Severity>,
    pub message: Arc<str>,
    pub mask: Style,
    pub threshold: f32,
    pub min_matches: usize,
    pub directions: Vec<DirectionName>,
    pub looks_for: LooksFor,
}

/// Which rules of the scanner a policy's rule is about.
#[derive(Debug)]
pub enum LooksFor {
    /// Built-in rules that `only` and `except` leave.
    BuiltIn { only: Vec<String>, except: Vec<String> },
    /// Its own words or patterns.
    Own(Vec<Arc<CompiledRule>>),
}

impl PolicyRule {
    /// Whether it is about text of that origin.
    pub fn concerns(&self, direction: Direction, role: Role) -> bool {
        role.flows(direction).iter().any(|&direction| includes(&self.directions, direction))
    }

    pub fn selects(&self, rule: &RuleIdentity) -> bool {
        match &self.looks_for {
            LooksFor::Own(own) => own.iter().any(|mine| std::ptr::eq(mine.identity.as_ref(), rule)),
            LooksFor::BuiltIn { only, except } => {
                let named = |names: &[String]| names.iter().any(|name| *name == rule.id || *name == rule.entity);
                rule.detector == self.detector && (only.is_empty() || named(only)) && !named(except)
            }
        }
    }
}

/// Parses and compiles. All problems that can be told apart are reported at once.
pub fn compile(source: &str) -> Result<Policy, Vec<Problem>> {
    let file = parse::parse(source).map_err(|problem| vec![problem])?;
    let mut problems = Problems::default();
    if !is_name(&file.name) {
        problems.add("name", "letters, digits, `-`, `_` and `.`, 1 to 64 of them");
    }
    if file.deadline_ms.is_some_and(|ms| !(1..=60_000).contains(&ms)) {
        problems.add("deadline_ms", "1 to 60000");
    }
    if file.rules.len() > MAX_ITEMS {
        problems.add("rules", &format!("more than {MAX_ITEMS}"));
    }
    if file.scope.roles.is_empty() {
        problems.add(
            "scope.roles",
            "empty: nothing of a request would be judged. Use targets.directions to leave requests out",
        );
    }
    for (field, why) in file.session.problems() {
        problems.add(&format!("session.{field}"), why);
    }
    let mut rules = compile_rules(&file, &mut problems);
    topic::compile(&file, &mut rules, &mut problems);
    let exceptions = compile_exceptions(&file, &rules, &mut problems);
    if !problems.0.is_empty() {
        return Err(problems.0);
    }
    let digest: String = Sha256::digest(source.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Policy {
        reference: PolicyRef { name: file.name.into(), digest: digest.into() },
        source: source.into(),
        description: file.description,
        apply: file.apply,
        targets: Targets::new(file.targets),
        roles: file.scope.roles.iter().map(|&name| role(name)).collect(),
        rules,
        exceptions,
        on_failure: file.on_failure,
        deadline: file.deadline_ms.map(|ms| Duration::from_millis(ms.into())),
        severity: file.severity,
        message: file.message.into(),
        session: file.session,
    })
}

#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, field: &str, message: &str) {
        self.0.push(Problem { line: 0, column: 0, field: field.to_owned(), message: message.to_owned() });
    }

    pub(super) fn add_at<T>(&mut self, item: &Spanned<T>, field: String, message: String) {
        let (line, column) = (narrow(item.referenced.line()), narrow(item.referenced.column()));
        self.0.push(Problem { line, column, field, message });
    }
}

fn compile_rules(file: &PolicyFile, problems: &mut Problems) -> Vec<PolicyRule> {
    let mut names = BTreeSet::new();
    let mut rules = Vec::new();
    for (index, item) in file.rules.iter().enumerate() {
        let rule = &item.value;
        let name = rule.name.clone().unwrap_or_else(|| rule.detector.as_str().to_owned());
        let mut wrong = |field: &str, message: String| {
            problems.add_at(item, format!("rules[{index}].{field}"), message);
        };
        if name.is_empty() || name.len() > 64 {
            wrong("name", "1 to 64 bytes".to_owned());
        }
        if !names.insert(name.clone()) {
            wrong("name", format!("`{name}` is the name of two rules"));
        }
        if rule.threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
            wrong("threshold", "0 to 1".to_owned());
        }
        if rule.min_matches.is_some_and(|matches| !(1..=1000).contains(&matches)) {
            wrong("min_matches", "1 to 1000".to_owned());
        }
        if rule.mask.is_some() && rule.action != Action::Mask {
            wrong("mask", format!("has no meaning for the action `{}`", rule.action.as_str()));
        }
        let looks_for = looks_for(&file.name, &name, rule, file.severity, &mut wrong);
        rules.push(PolicyRule {
            name: name.into(),
            detector: rule.detector,
            action: rule.action,
            severity: rule.severity,
            message: rule.message.as_deref().unwrap_or(&file.message).into(),
            mask: rule.mask.unwrap_or(Style::Label),
            threshold: rule.threshold.unwrap_or(0.5),
            min_matches: rule.min_matches.unwrap_or(1).into(),
            directions: rule.directions.clone(),
            looks_for,
        });
    }
    rules
}

fn looks_for(
    policy: &str,
    name: &str,
    rule: &RuleFile,
    severity: Severity,
    wrong: &mut impl FnMut(&str, String),
) -> LooksFor {
    let built_in = Detector::BUILT_IN.contains(&rule.detector);
    let foreign = [
        ("words", !rule.words.is_empty() && rule.detector != Detector::Keywords),
        ("match", rule.matching.is_some() && rule.detector != Detector::Keywords),
        ("patterns", !rule.patterns.is_empty() && rule.detector != Detector::Regex),
        ("only", !rule.only.is_empty() && !built_in),
        ("except", !rule.except.is_empty() && !built_in),
    ];
    for (field, _) in foreign.iter().filter(|(_, set)| *set) {
        wrong(field, format!("has no meaning for the detector `{}`", rule.detector.as_str()));
    }
    if rule.words.len().max(rule.patterns.len()) > MAX_ITEMS {
        wrong(if rule.words.len() > MAX_ITEMS { "words" } else { "patterns" }, format!("more than {MAX_ITEMS}"));
        return LooksFor::Own(Vec::new());
    }
    let identity = RuleIdentity {
        id: format!("{policy}/{name}").into(),
        detector: rule.detector,
        entity: "".into(),
        severity: rule.severity.unwrap_or(severity),
    };
    match rule.detector {
        Detector::Keywords => {
            if rule.words.iter().all(|word| word.trim().is_empty()) {
                wrong("words", "no word to look for".to_owned());
            }
            let words = rule.words.iter().flat_map(|word| spellings(word.trim())).collect();
            let whole = rule.matching != Some(WordMatch::Substring);
            LooksFor::Own(vec![Arc::new(CompiledRule::keywords(identity, words, whole))])
        }
        Detector::Regex => {
            if rule.patterns.is_empty() {
                wrong("patterns", "no pattern to look for".to_owned());
            }
            let mut own = Vec::new();
            for (index, file) in rule.patterns.iter().enumerate() {
                match compile_pattern(identity.clone(), file) {
                    Ok(compiled) => own.push(Arc::new(compiled)),
                    Err((field, message)) => wrong(&format!("patterns[{index}].{field}"), message),
                }
            }
            LooksFor::Own(own)
        }
        Detector::DeniedTopics => {
            wrong("detector", "topics stand under `denied_topics`, not under `rules`".to_owned());
            LooksFor::Own(Vec::new())
        }
        Detector::PromptInjection
        | Detector::Secrets
        | Detector::Pii
        | Detector::CodeSafety
        | Detector::Obfuscation
        | Detector::Harm => {
            for (field, list) in [("only", &rule.only), ("except", &rule.except)] {
                for unknown in list.iter().filter(|name| !is_known(rule.detector, name)) {
                    wrong(
                        field,
                        format!("`{unknown}` is neither an entity nor a rule of `{}`", rule.detector.as_str()),
                    );
                }
            }
            LooksFor::BuiltIn { only: rule.only.clone(), except: rule.except.clone() }
        }
    }
}

/// The prefilter ignores the case of ASCII letters alone; other scripts are given in their cases.
fn spellings(word: &str) -> BTreeSet<String> {
    let mut spellings = BTreeSet::from([word.to_owned()]);
    if !word.is_ascii() {
        spellings.extend([word.to_lowercase(), word.to_uppercase()]);
    }
    spellings.remove("");
    spellings
}

fn compile_pattern(identity: RuleIdentity, file: &PatternFile) -> Result<CompiledRule, (String, String)> {
    let regex = pattern::compile(&file.pattern).map_err(|why| ("pattern".to_owned(), why))?;
    if regex.is_match("") {
        return Err(("pattern".to_owned(), "matches the empty text, and so everything".to_owned()));
    }
    for (field, samples, wanted) in [("matches", &file.matches, true), ("misses", &file.misses, false)] {
        if let Some(index) = samples.iter().position(|sample| regex.is_match(sample.as_str()) != wanted) {
            let message =
                if wanted { "the pattern is not found in this sample" } else { "the pattern is found in this sample" };
            return Err((format!("{field}[{index}]"), message.to_owned()));
        }
    }
    CompiledRule::regex(identity, &file.pattern).map_err(|why| ("pattern".to_owned(), why))
}

fn is_known(detector: Detector, name: &str) -> bool {
    compiled::built_in().is_ok_and(|rules| {
        rules.iter().any(|rule| {
            rule.identity.detector == detector && (rule.identity.id == name || rule.identity.entity == name)
        })
    })
}

fn compile_exceptions(file: &PolicyFile, rules: &[PolicyRule], problems: &mut Problems) -> Vec<Exception> {
    let mut exceptions = Vec::new();
    for (index, item) in file.exceptions.iter().enumerate() {
        for unknown in item.value.rules.iter().filter(|name| rules.iter().all(|rule| *rule.name != ***name)) {
            problems.add_at(
                item,
                format!("exceptions[{index}].rules"),
                format!("`{unknown}` is no rule of this policy"),
            );
        }
        match Exception::new(&item.value) {
            Ok(exception) => exceptions.push(exception),
            Err(why) => problems.add_at(item, format!("exceptions[{index}].phrase"), why),
        }
    }
    exceptions
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

const fn role(name: RoleName) -> Role {
    match name {
        RoleName::System => Role::System,
        RoleName::Developer => Role::Developer,
        RoleName::User => Role::User,
        RoleName::Assistant => Role::Assistant,
        RoleName::Tool => Role::Tool,
        RoleName::ToolCall => Role::ToolCall,
        RoleName::Other => Role::Other,
    }
}
