//! `eval --topics`: how right denied topics are, on texts that lie beside their policy.
//!
//! The folder has `policy.yaml` and text files. `# topic:` names the topic that what follows is labelled for, and `# label: 1` or `0`
//! says whether it is about it; without a topic it is about none. Every other line is a text, behind its language in brackets.
//! Each text is compared with every topic: about another one it is a text that must not be found.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Instant,
};

use serde::Serialize;

use super::{
    EvalArgs, Format,
    table::number,
    tally::{Group, Speed, SpeedReport, Tally},
};
use crate::{
    app::compose::StartError,
    detect::scanner::{Findings, Scratch},
    domain::{finding::Detector, segment::Segment},
    policy::{
        compile::{self, Policy},
        schema::Sensitivity,
        set::PolicySet,
    },
};

/// Constants are chosen on one half of the texts, and the other is left until the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lines {
    Even,
    Odd,
    All,
}

struct Text {
    topic: Option<String>,
    /// About its topic.
    label: bool,
    language: String,
    text: String,
}

/// Of one topic at one sensitivity.
#[derive(Debug, Serialize)]
struct AtSensitivity {
    sensitivity: &'static str,
    #[serde(flatten)]
    group: Group,
    /// Texts that are near the topic and not about it, and how many of them were found.
    near: usize,
    near_found: usize,
    /// Of texts about nothing that is denied, and about other topics.
    ordinary_found: usize,
    others_found: usize,
}

#[derive(Debug, Serialize)]
struct TopicReport {
    lines: Lines,
    texts: usize,
    topics: Vec<AtSensitivity>,
    all: Vec<AtSensitivity>,
    /// At medium sensitivity, by language: rows are pairs of a text and a topic.
    languages: Vec<Group>,
    speed: SpeedReport,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    tally: Tally,
    near: usize,
    near_found: usize,
    ordinary_found: usize,
    others_found: usize,
}

impl Counts {
    fn push(&mut self, text: &Text, topic: &str, found: bool) {
        let own = text.topic.as_deref() == Some(topic);
        self.tally.push(own && text.label, found);
        match (&text.topic, own, text.label) {
            (_, true, true) => {}
            (_, true, false) => {
                self.near += 1;
                self.near_found += usize::from(found);
            }
            (None, ..) => self.ordinary_found += usize::from(found),
            (Some(_), false, _) => self.others_found += usize::from(found),
        }
    }

    fn at(&self, name: &str, sensitivity: Sensitivity) -> AtSensitivity {
        let Self { tally, near, near_found, ordinary_found, others_found } = *self;
        let group = tally.named(name);
        AtSensitivity { sensitivity: sensitivity.as_str(), group, near, near_found, ordinary_found, others_found }
    }
}

/// Ok(true): all could be read.
pub(super) fn run(folder: &Path, args: &EvalArgs, out: &mut impl Write) -> Result<bool, StartError> {
    let failed = |error: io::Error| StartError::Other(format!("{}: {error}", folder.display()));
    let source = fs::read_to_string(folder.join("policy.yaml")).map_err(failed)?;
    let problems = |problems: Vec<_>| {
        let first = problems.first().map(ToString::to_string).unwrap_or_default();
        StartError::Policies(format!("{}/policy.yaml: {first}", folder.display()))
    };
    let policy = Arc::new(compile::compile(&source).map_err(problems)?);
    let set = PolicySet::new(vec![Arc::clone(&policy)]).map_err(StartError::Policies)?;
    let texts = texts(folder, args.lines).map_err(failed)?;
    let report = measure(&policy, &set, &texts, args.lines);
    match args.format {
        Format::Table => table(&report, out),
        Format::Json => {
            serde_json::to_string_pretty(&report).map_err(io::Error::from).and_then(|json| writeln!(out, "{json}"))
        }
    }
    .and_then(|()| if args.errors > 0 { mistakes(&policy, &set, &texts, args.errors, out) } else { Ok(()) })
    .and_then(|()| out.flush())
    .map_err(failed)?;
    Ok(true)
}

fn texts(folder: &Path, lines: Lines) -> io::Result<Vec<Text>> {
    let mut files: Vec<_> =
        fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?.iter().map(fs::DirEntry::path).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        let (mut topic, mut label, mut count) = (None, false, 0_usize);
        for line in fs::read_to_string(file)?.lines().filter(|line| !line.is_empty()) {
            if let Some(name) = line.strip_prefix("# topic: ") {
                topic = Some(name.to_owned());
            } else if let Some(value) = line.strip_prefix("# label: ") {
                (label, count) = (value == "1", 0);
            } else if !line.starts_with('#') {
                let tagged = line.strip_prefix('[').and_then(|rest| rest.split_once("] "));
                let (language, text) = tagged.unwrap_or(("", line));
                let even = count.is_multiple_of(2);
                count += 1;
                if lines == Lines::All || even == (lines == Lines::Even) {
                    texts.push(Text {
                        topic: topic.clone(),
                        label,
                        language: language.to_owned(),
                        text: text.to_owned(),
                    });
                }
            }
        }
    }
    Ok(texts)
}

/// The score of each topic that a text comes near.
fn scores(set: &PolicySet, scratch: &mut Scratch, text: &str) -> BTreeMap<u32, f32> {
    let (mask, mut findings) = (set.scanner.mask_of(&[Detector::DeniedTopics]), Findings::default());
    set.scanner.scan(0, &Segment::bare(text), &mask, scratch, &mut findings);
    let mut scores = BTreeMap::new();
    for finding in findings.list {
        let best: &mut f32 = scores.entry(finding.rule_index).or_default();
        *best = best.max(finding.score);
    }
    scores
}

/// The topics by name, with their rule's number.
fn topics<'p>(policy: &'p Policy, set: &PolicySet) -> Vec<(&'p str, u32)> {
    let rule = |name: &str| {
        let id = format!("{}/{name}", policy.reference.name);
        set.scanner.rules().find(|(_, rule)| rule.identity.id == id).map(|(index, _)| index)
    };
    let topics = policy.rules.iter().filter(|rule| rule.detector == Detector::DeniedTopics);
    topics.filter_map(|topic| Some((&*topic.name, rule(&topic.name)?))).collect()
}

fn measure(policy: &Policy, set: &PolicySet, texts: &[Text], lines: Lines) -> TopicReport {
    let topics = topics(policy, set);
    let mut counts = vec![[Counts::default(); Sensitivity::ALL.len()]; topics.len()];
    let mut all = [Counts::default(); Sensitivity::ALL.len()];
    let mut languages: BTreeMap<&str, Tally> = BTreeMap::new();
    let (mut speed, mut scratch) = (Speed::default(), Scratch::default());
    for text in texts {
        let begun = Instant::now();
        let scores = scores(set, &mut scratch, &text.text);
        speed.push(begun.elapsed(), text.text.len());
        for ((name, index), counts) in topics.iter().zip(&mut counts) {
            let score = scores.get(index).copied().unwrap_or_default();
            for ((sensitivity, of), all) in Sensitivity::ALL.into_iter().zip(counts).zip(&mut all) {
                let found = score >= sensitivity.threshold();
                of.push(text, name, found);
                all.push(text, name, found);
                if sensitivity == Sensitivity::Medium {
                    let about = text.label && text.topic.as_deref() == Some(name);
                    languages.entry(&text.language).or_default().push(about, found);
                }
            }
        }
    }
    let at = |name: &str, counts: &[Counts]| -> Vec<AtSensitivity> {
        Sensitivity::ALL.into_iter().zip(counts).map(|(sensitivity, counts)| counts.at(name, sensitivity)).collect()
    };
    TopicReport {
        lines,
        texts: texts.len(),
        topics: topics.iter().zip(&counts).flat_map(|((name, _), counts)| at(name, counts)).collect(),
        all: at("all", &all),
        languages: languages.into_iter().map(|(name, tally)| tally.named(name)).collect(),
        speed: speed.report(),
    }
}

fn table(report: &TopicReport, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "denied topics, {} texts\n", report.texts)?;
    write!(out, "{:<24} {:<12}", "topic", "sensitivity")?;
    for name in ["positive", "precision", "recall", "F1", "near", "found", "ordinary", "others"] {
        write!(out, " {name:>9}")?;
    }
    writeln!(out)?;
    for one in report.topics.iter().chain(&report.all) {
        let Group { name, positives, rates, .. } = &one.group;
        write!(out, "{name:<24} {:<12} {positives:>9}", one.sensitivity)?;
        for rate in [rates.precision, rates.recall, rates.f1] {
            write!(out, " {:>9}", number(rate, 3))?;
        }
        writeln!(out, " {:>9} {:>9} {:>9} {:>9}", one.near, one.near_found, one.ordinary_found, one.others_found)?;
    }
    writeln!(out, "\n{:<24} {:>9} {:>9} {:>9}", "language (medium)", "positive", "precision", "recall")?;
    for Group { name, positives, rates, .. } in &report.languages {
        let (precision, recall) = (number(rates.precision, 3), number(rates.recall, 3));
        writeln!(out, "{name:<24} {positives:>9} {precision:>9} {recall:>9}")?;
    }
    let SpeedReport { p50_us, p99_us, .. } = &report.speed;
    writeln!(out, "\nspeed: p50 {} us, p99 {} us a text", number(*p50_us, 1), number(*p99_us, 1))
}

/// Shows what was found wrongly and missed at medium sensitivity.
fn mistakes(policy: &Policy, set: &PolicySet, texts: &[Text], most: usize, out: &mut impl Write) -> io::Result<()> {
    let topics = topics(policy, set);
    let mut scratch = Scratch::default();
    let (mut wrongly, mut missed) = (Vec::new(), Vec::new());
    for text in texts {
        let scores = scores(set, &mut scratch, &text.text);
        for (name, index) in &topics {
            let score = scores.get(index).copied().unwrap_or_default();
            let about = text.label && text.topic.as_deref() == Some(*name);
            let found = score >= Sensitivity::Medium.threshold();
            let list = if found { &mut wrongly } else { &mut missed };
            if found != about && list.len() < most {
                list.push(format!("  {score:.2} {name} [{}] {}", text.language, text.text.escape_debug()));
            }
        }
    }
    writeln!(out, "\nfound wrongly\n{}\n\nmissed\n{}", wrongly.join("\n"), missed.join("\n"))
}
