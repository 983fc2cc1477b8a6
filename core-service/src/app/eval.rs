//! `portcullis-core eval`: how right and how fast the detectors are on labelled texts.
//!
//! Each text is scanned as one piece, so that the places in the labels are places in the text. Nothing is judged
//! and nothing recorded. Rows stream: what is kept of each is a score and a time.

mod row;
mod score;
mod spans;
mod table;
mod tally;
mod topics;

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use serde::Serialize;

pub use self::topics::Lines;
use self::{
    row::Row,
    score::{Curve, Step},
    spans::{Found, SpanReport, Spans},
    tally::{Group, Groups, Speed, SpeedReport, Tally},
};
use super::{compose::StartError, lines, settings::EngineArgs};
use crate::{
    classify::second,
    detect::scanner::{Findings, RuleMask, Scanner, Scratch},
    domain::{finding::Detector, segment::Segment},
    policy::{live::Generation, load::Loader},
};

/// Bad lines that are named; all are counted.
const NAMED: usize = 20;

#[derive(Debug, clap::Args)]
pub struct EvalArgs {
    /// Labelled rows, one JSON object a line: `text` and `label` (0 or 1), and where there are any `id`, `source`,
    /// `category`, `kind` and `spans` (`start` and `end` in characters, `type`). `-` is standard input.
    #[arg(required_unless_present = "topics", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Measures denied topics instead, by topic and sensitivity: a folder with `policy.yaml` and labelled texts.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["files", "detector"])]
    pub topics: Option<PathBuf>,
    /// Which of the folder's texts: constants are chosen on the even ones.
    #[arg(long, value_enum, default_value_t = Lines::All, requires = "topics")]
    pub lines: Lines,
    /// The detector to measure; all that are built in when not given.
    #[arg(long, value_name = "NAME", value_parser = detector)]
    pub detector: Option<Detector>,
    /// Scores from here on count as found.
    #[arg(long, value_name = "SCORE", default_value_t = 0.5, value_parser = threshold)]
    pub threshold: f32,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Shows up to so many texts that were found wrongly, and as many that were missed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub errors: usize,
    #[command(flatten)]
    pub engine: EngineArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Table,
    Json,
}

fn detector(name: &str) -> Result<Detector, String> {
    let known = Detector::ALL.iter().find(|detector| detector.as_str() == name);
    known.copied().ok_or_else(|| format!("one of {}", Detector::ALL.map(Detector::as_str).join(", ")))
}

fn threshold(value: &str) -> Result<f32, String> {
    value.parse().ok().filter(|score| (0.0..=1.0).contains(score)).ok_or_else(|| "a number from 0 to 1".to_owned())
}

/// A bad line, by its place alone: what stands in it may be what detectors are there to hide.
#[derive(Debug, Serialize)]
struct BadLine {
    file: String,
    line: usize,
    problem: String,
}

#[derive(Debug, Default, Serialize)]
struct BadLines {
    count: usize,
    first: Vec<BadLine>,
}

impl BadLines {
    fn push(&mut self, file: &Path, line: usize, problem: String) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push(BadLine { file: file.display().to_string(), line, problem });
        }
    }
}

/// A row that was judged wrongly.
#[derive(Debug, Serialize)]
struct Mistake {
    id: serde_json::Value,
    source: String,
    label: u8,
    score: f32,
    text: String,
}

/// What is printed, in either format.
#[derive(Debug, Serialize)]
struct Report {
    detector: &'static str,
    threshold: f32,
    bad_lines: BadLines,
    overall: Group,
    by_source: Vec<Group>,
    by_category: Vec<Group>,
    by_kind: Vec<Group>,
    /// Area under precision over recall, in steps; none without a positive row.
    average_precision: Option<f64>,
    sweep: Vec<Step>,
    spans: Option<SpanReport>,
    speed: SpeedReport,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    false_positives: Vec<Mistake>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    false_negatives: Vec<Mistake>,
}

/// Ok is whether every line could be read.
pub fn run(args: &EvalArgs, out: &mut impl Write) -> Result<bool, StartError> {
    let (policies, second_stage) = args.engine.read()?;
    second::choose(&second_stage).map_err(StartError::Other)?;
    if let Some(folder) = &args.topics {
        return topics::run(folder, args, out);
    }
    let (_, Generation { set, .. }) = Loader::new(policies).map_err(StartError::Policies)?;
    let mut eval = Eval::new(&set.scanner, args);
    for file in &args.files {
        open(file)
            .and_then(|input| eval.lines(file, input))
            .map_err(|error| StartError::Other(format!("{}: {error}", file.display())))?;
    }
    let report = eval.report();
    let all_read = report.bad_lines.count == 0;
    print(&report, args.format, out).map_err(|error| StartError::Other(error.to_string()))?;
    Ok(all_read)
}

fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    Ok(Box::new(BufReader::new(File::open(file)?)))
}

fn print(report: &Report, format: Format, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Table => table::write(report, out)?,
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(report)?)?,
    }
    out.flush()
}

struct Eval<'s> {
    scanner: &'s Scanner,
    args: &'s EvalArgs,
    mask: RuleMask,
    scratch: Scratch,
    bad: BadLines,
    overall: Tally,
    sources: Groups,
    categories: Groups,
    kinds: Groups,
    curve: Curve,
    spans: Spans,
    speed: Speed,
    false_positives: Vec<Mistake>,
    false_negatives: Vec<Mistake>,
}

impl<'s> Eval<'s> {
    fn new(scanner: &'s Scanner, args: &'s EvalArgs) -> Self {
        let detectors = args.detector.as_ref().map_or(&Detector::BUILT_IN[..], std::slice::from_ref);
        Self {
            scanner,
            args,
            mask: scanner.mask_of(detectors),
            scratch: Scratch::default(),
            bad: BadLines::default(),
            overall: Tally::default(),
            sources: Groups::default(),
            categories: Groups::default(),
            kinds: Groups::default(),
            curve: Curve::default(),
            spans: Spans::default(),
            speed: Speed::default(),
            false_positives: Vec::new(),
            false_negatives: Vec::new(),
        }
    }

    fn lines(&mut self, file: &Path, input: impl BufRead) -> io::Result<()> {
        lines::each(input, |number, line| {
            match row::read(line) {
                Ok(row) => self.row(row),
                Err(problem) => self.bad.push(file, number, problem),
            }
            Ok(())
        })
    }

    fn row(&mut self, row: Row) {
        let &EvalArgs { threshold, errors, .. } = self.args;
        let segment = Segment::bare(row.text.as_str());
        let mut findings = Findings::default();
        let start = Instant::now();
        self.scanner.scan(0, &segment, &self.mask, &mut self.scratch, &mut findings);
        self.speed.push(start.elapsed(), row.text.len());

        let score = findings.list.iter().map(|finding| finding.score).fold(0.0, f32::max);
        let (positive, found) = (row.label == 1, !findings.list.is_empty() && score >= threshold);
        self.overall.push(positive, found);
        self.sources.push(&row.source, positive, found);
        self.categories.push(&row.category, positive, found);
        if let Some(kind) = &row.kind {
            self.kinds.push(kind, positive, found);
        }
        self.curve.push(score, positive);
        if let Some(labelled) = &row.spans {
            let certain = findings.list.iter().filter(|finding| finding.score >= threshold);
            let places: Vec<Found> = certain.map(Found::from).collect();
            self.spans.push(&row.text, labelled, &places);
        }
        let list = if found { &mut self.false_positives } else { &mut self.false_negatives };
        if positive != found && list.len() < errors {
            list.push(Mistake { id: row.id, source: row.source, label: row.label, score, text: row.text });
        }
    }

    fn report(self) -> Report {
        Report {
            detector: self.args.detector.map_or("all", Detector::as_str),
            threshold: self.args.threshold,
            bad_lines: self.bad,
            overall: self.overall.named("all"),
            by_source: self.sources.list(),
            by_category: self.categories.list(),
            by_kind: self.kinds.list(),
            average_precision: self.curve.average_precision(),
            sweep: self.curve.sweep(),
            spans: self.spans.report(),
            speed: self.speed.report(),
            false_positives: self.false_positives,
            false_negatives: self.false_negatives,
        }
    }
}

#[cfg(test)]
mod tests;
