//! The topics of a policy, as rules of its own.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    compile::{LooksFor, PolicyRule, Problems},
    schema::{PolicyFile, TopicFile},
};
use crate::{
    classify::topics::profile::{Definition, Profile},
    detect::compiled::CompiledRule,
    domain::{
        decision::Action,
        finding::{Detector, RuleIdentity},
    },
    mask::Style,
};

/// Topics of one policy.
const MAX_TOPICS: usize = 64;
/// Samples of one topic, and as many counter samples.
const MAX_SAMPLES: usize = 64;
const SAMPLE_BYTES: std::ops::RangeInclusive<usize> = 3..=500;
const NAME_BYTES: std::ops::RangeInclusive<usize> = 1..=100;
const MAX_DESCRIPTION: usize = 1000;

/// Adds them to the rules.
pub(super) fn compile(file: &PolicyFile, rules: &mut Vec<PolicyRule>, problems: &mut Problems) {
    if file.denied_topics.len() > MAX_TOPICS {
        problems.add("denied_topics", &format!("more than {MAX_TOPICS}"));
        return;
    }
    let mut names = BTreeSet::new();
    for (index, item) in file.denied_topics.iter().enumerate() {
        let topic = &item.value;
        let mut faults = faults(topic);
        if rules.iter().any(|rule| *rule.name == *topic.id) {
            faults.push(("id".to_owned(), format!("`{}` is the name of another rule or topic", topic.id)));
        }
        if !names.insert(topic.name.trim().to_lowercase()) {
            faults.push(("name".to_owned(), format!("`{}` is the name of two topics", topic.name)));
        }
        let mut compiled = Vec::new();
        // What is too long is not read.
        if faults.is_empty() {
            match own(file, topic) {
                Ok(rule) => compiled.push(Arc::new(rule)),
                Err(why) => faults.push(("samples".to_owned(), why)),
            }
        }
        for (field, why) in faults {
            problems.add_at(item, format!("denied_topics[{index}].{field}"), why);
        }
        rules.push(PolicyRule {
            name: topic.id.as_str().into(),
            detector: Detector::DeniedTopics,
            action: topic.action,
            severity: topic.severity,
            message: topic.message.as_deref().unwrap_or(&file.message).into(),
            mask: topic.mask.unwrap_or(Style::Label),
            threshold: topic.sensitivity.threshold(),
            min_matches: 1,
            directions: topic.directions.clone(),
            looks_for: LooksFor::Own(compiled),
        });
    }
}

fn own(file: &PolicyFile, topic: &TopicFile) -> Result<CompiledRule, String> {
    let definition = Definition {
        name: topic.name.trim(),
        description: topic.description.trim(),
        samples: &topic.samples,
        counter_samples: &topic.counter_samples,
    };
    let identity = RuleIdentity {
        id: format!("{}/{}", file.name, topic.id).into(),
        detector: Detector::DeniedTopics,
        entity: topic.name.trim().to_owned().into(),
        severity: topic.severity.unwrap_or(file.severity),
    };
    Profile::new(&definition).map(|profile| CompiledRule::topic_of(identity, profile))
}

/// What is wrong with one by itself.
fn faults(topic: &TopicFile) -> Vec<(String, String)> {
    let mut faults = Vec::new();
    let mut wrong = |field: String, why: String| faults.push((field, why));
    if !(1..=64).contains(&topic.id.len()) {
        wrong("id".to_owned(), "1 to 64 bytes".to_owned());
    }
    if !NAME_BYTES.contains(&topic.name.trim().len()) {
        wrong("name".to_owned(), format!("{} to {} bytes", NAME_BYTES.start(), NAME_BYTES.end()));
    }
    if topic.description.len() > MAX_DESCRIPTION {
        wrong("description".to_owned(), format!("more than {MAX_DESCRIPTION} bytes"));
    }
    if topic.description.trim().is_empty() && topic.samples.is_empty() {
        wrong("samples".to_owned(), "neither a sample nor a description: a name alone says too little".to_owned());
    }
    if topic.mask.is_some() && topic.action != Action::Mask {
        wrong("mask".to_owned(), format!("has no meaning for the action `{}`", topic.action.as_str()));
    }
    let mut said = BTreeSet::new();
    for (field, samples) in [("samples", &topic.samples), ("counter_samples", &topic.counter_samples)] {
        if samples.len() > MAX_SAMPLES {
            wrong(field.to_owned(), format!("more than {MAX_SAMPLES}"));
            continue;
        }
        for (index, sample) in samples.iter().enumerate() {
            if !SAMPLE_BYTES.contains(&sample.trim().len()) {
                let why = format!("{} to {} bytes", SAMPLE_BYTES.start(), SAMPLE_BYTES.end());
                wrong(format!("{field}[{index}]"), why);
            } else if !said.insert(sample.trim().to_lowercase()) {
                wrong(format!("{field}[{index}]"), "is there twice".to_owned());
            }
        }
    }
    faults
}
