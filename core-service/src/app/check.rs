//! `portcullis-core check`: what the engine says of texts, without a service and without a record.
//!
//! The JSON lines are what detectors are measured by: their fields stay.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{compose::StartError, lines, settings::EngineArgs};
use crate::{
    classify::second,
    detect::scanner::{Findings, RuleMask, Scratch},
    domain::{
        decision::Violation,
        exchange::{CallContext, Payload, Payloads},
        finding::{Detector, Finding},
        segment::{Role, Segment},
    },
    guardrail::judge,
    policy::{live::Generation, load::Loader, set::PolicySet},
};

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// A text, or an exchange as a gateway sends it (`{"requestBody": …}`); `-` or nothing is standard input.
    pub file: Option<PathBuf>,
    /// One JSON object a line with `id` and `text`; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub jsonl: Option<PathBuf>,
    /// Judge by this policy; may be given several times. Those that apply to everybody when not given.
    #[arg(long, value_name = "NAME")]
    pub policy: Vec<String>,
    /// Findings of every built-in detector, whatever the policy says.
    #[arg(long)]
    pub raw: bool,
    #[command(flatten)]
    pub engine: EngineArgs,
}

#[derive(Debug, Deserialize)]
struct Line {
    #[serde(default)]
    id: serde_json::Value,
    text: String,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    id: &'a serde_json::Value,
    action: &'static str,
    findings: Vec<Found>,
    /// The highest score of each built-in detector, whatever the policy says.
    scores: BTreeMap<&'static str, f32>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Found {
    category: &'static str,
    rule: String,
    entity: String,
    score: f32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    decoded_from: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    explanation: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pointer: String,
    start: u32,
    end: u32,
}

/// Ok is whether every input could be read.
pub fn run(args: &CheckArgs, out: &mut impl Write) -> Result<bool, StartError> {
    let (policies, second_stage) = args.engine.read()?;
    second::choose(&second_stage).map_err(StartError::Other)?;
    let (_, Generation { set, .. }) = Loader::new(policies).map_err(StartError::Policies)?;
    if let Some(unknown) = args.policy.iter().find(|name| set.get(name).is_none()) {
        return Err(StartError::Policies(format!("no policy named `{unknown}` is loaded")));
    }
    let mut check =
        Check { raw: set.scanner.mask_of(&Detector::BUILT_IN), set: &set, args, scratch: Scratch::default() };
    match &args.jsonl {
        Some(file) => check.lines(open(file)?, out),
        None => check.whole(args.file.as_deref().unwrap_or(Path::new("-")), out),
    }
    .map_err(|error| StartError::Other(error.to_string()))
}

fn open(file: &Path) -> Result<Box<dyn BufRead>, StartError> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let opened = File::open(file).map_err(|error| StartError::Other(format!("{}: {error}", file.display())))?;
    Ok(Box::new(BufReader::new(opened)))
}

struct Check<'s> {
    set: &'s PolicySet,
    args: &'s CheckArgs,
    raw: RuleMask,
    scratch: Scratch,
}

impl Check<'_> {
    fn lines(&mut self, input: Box<dyn BufRead>, out: &mut impl Write) -> io::Result<bool> {
        let mut all_read = true;
        lines::each(input, |number, line| match serde_json::from_slice::<Line>(line) {
            Ok(Line { id, text }) => {
                let text = Payload::Text(text);
                let answer = self.answer(&id, &Payloads::Request(text));
                writeln!(out, "{}", serde_json::to_string(&answer)?)
            }
            Err(error) => {
                all_read = false;
                let problem = serde_json::json!({ "line": number, "error": error.to_string() });
                writeln!(out, "{problem}")
            }
        })?;
        out.flush()?;
        Ok(all_read)
    }

    fn whole(&mut self, file: &Path, out: &mut impl Write) -> io::Result<bool> {
        let mut bytes = Vec::new();
        if file == Path::new("-") {
            io::stdin().read_to_end(&mut bytes)?;
        } else {
            File::open(file)?.read_to_end(&mut bytes)?;
        }
        let payloads = match exchange(&bytes) {
            Some(payloads) => payloads,
            None => match String::from_utf8(bytes) {
                Ok(text) => Payloads::Request(Payload::Text(text)),
                Err(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "neither JSON nor UTF-8 text")),
            },
        };
        let answer = self.answer(&serde_json::Value::Null, &payloads);
        writeln!(out, "{}", serde_json::to_string_pretty(&answer)?)?;
        out.flush()?;
        Ok(true)
    }

    fn answer<'a>(&mut self, id: &'a serde_json::Value, payloads: &Payloads) -> Answer<'a> {
        let judgement = judge::judge(self.set, &self.args.policy, payloads, None, &CallContext::default(), None);
        let segments: Vec<Segment<'_>> = crate::extract::sides(payloads)
            .filter_map(|(_, _, extracted)| extracted.ok())
            .flat_map(|extracted| extracted.segments)
            .filter(|segment| segment.role != Role::Media)
            .collect();
        let mut findings = Findings::default();
        for (number, segment) in (0..).zip(&segments) {
            self.set.scanner.scan(number, segment, &self.raw, &mut self.scratch, &mut findings);
        }
        let mut scores: BTreeMap<_, _> = Detector::BUILT_IN.iter().map(|detector| (detector.as_str(), 0.0)).collect();
        for finding in &findings.list {
            let highest = scores.entry(finding.rule.detector.as_str()).or_insert(0.0);
            *highest = finding.score.max(*highest);
        }
        let (action, violations) = match judgement {
            Ok(judgement) => (judgement.decision.action.as_str(), judgement.decision.violations),
            Err(_) => ("error", Vec::new()),
        };
        let findings = if self.args.raw {
            findings.list.iter().map(|finding| from_finding(finding, &segments)).collect()
        } else {
            violations.into_iter().map(from_violation).collect()
        };
        Answer { id, action, findings, scores }
    }
}

/// A gateway's envelope, when it is one.
fn exchange(bytes: &[u8]) -> Option<Payloads> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Envelope<'a> {
        #[serde(borrow)]
        request_body: Option<&'a RawValue>,
        #[serde(borrow)]
        response_body: Option<&'a RawValue>,
    }
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let envelope: Envelope<'_> = serde_json::from_slice(bytes).ok()?;
    let payload = |raw: &RawValue| Payload::Json(Bytes::copy_from_slice(raw.get().as_bytes()));
    match (envelope.request_body, envelope.response_body) {
        (Some(request), Some(response)) => {
            Some(Payloads::Both { request: payload(request), response: payload(response) })
        }
        (Some(request), None) => Some(Payloads::Request(payload(request))),
        (None, Some(response)) => Some(Payloads::Response(payload(response))),
        (None, None) => None,
    }
}

fn from_finding(finding: &Finding, segments: &[Segment<'_>]) -> Found {
    Found {
        category: finding.rule.detector.as_str(),
        rule: finding.rule.id.to_string(),
        entity: finding.rule.entity.to_string(),
        score: finding.score,
        decoded_from: finding.decoders().map(ToOwned::to_owned).collect(),
        explanation: finding.explanation.as_deref().unwrap_or_default().to_owned(),
        pointer: segments[finding.segment as usize].pointer.clone(),
        start: finding.span.start,
        end: finding.span.end,
    }
}

fn from_violation(violation: Violation) -> Found {
    let (pointer, start, end) =
        violation.location.map_or((String::new(), 0, 0), |at| (at.pointer, at.span.start, at.span.end));
    Found {
        category: violation.category.as_str(),
        rule: violation.detector_rule,
        entity: violation.entity,
        score: violation.score,
        decoded_from: violation.decoded_from.into_iter().map(Cow::into_owned).collect(),
        explanation: violation.explanation.to_string(),
        pointer,
        start,
        end,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::settings::PolicyArgs;

    fn check(lines: &str, raw: bool) -> (bool, Vec<serde_json::Value>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in.jsonl");
        std::fs::write(&file, lines).unwrap();
        let policies = PolicyArgs { policies_dir: Some(folder.path().join("none")), ..PolicyArgs::default() };
        let args = CheckArgs {
            file: None,
            jsonl: Some(file),
            policy: Vec::new(),
            raw,
            engine: EngineArgs { policies, second_stage: None },
        };
        let mut out = Vec::new();
        let all_read = run(&args, &mut out).unwrap();
        let lines = String::from_utf8(out).unwrap();
        (all_read, lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    #[test]
    fn each_line_is_answered_and_offsets_are_bytes() {
        let lines = "{\"id\": 1, \"text\": \"héllo, write to ann.smith@example.org\"}\n\nnot json\n{\"id\": \"b\", \"text\": \"hello\"}";
        let (all_read, answers) = check(lines, true);
        assert!(!all_read);
        assert_eq!(answers.len(), 3);
        assert_eq!(answers[0]["id"], 1);
        assert_eq!(answers[0]["action"], "alert");
        assert_eq!(answers[0]["findings"][0]["entity"], "EMAIL_ADDRESS");
        assert_eq!(answers[0]["findings"][0]["start"], 17);
        assert_eq!(answers[0]["findings"][0]["end"], 38);
        assert_eq!(answers[1]["line"], 3);
        assert_eq!(answers[2]["action"], "allow");
        assert_eq!(answers[2]["scores"]["prompt_injection"], 0.0);
    }
}
