//! From a text to what a model sees of it.

use std::{collections::BTreeMap, ops::Range};

use crate::{
    classify::{
        features::{self, Kind, WIDE, WINDOW, windows},
        lexicon::{self, Lexicon},
    },
    detect::scanner::{self, Findings, Scanner},
    domain::segment::Segment,
    normalize,
};

/// The features of one window, each once.
pub(super) type Window = Vec<(u32, Kind)>;

#[derive(Debug, Default)]
pub(super) struct Extract {
    pub(super) windows: Vec<Window>,
    /// For harm: fewer and wider.
    pub(super) wide: Vec<Window>,
    /// The best score of each entity that the pattern rules found.
    pub(super) rules: BTreeMap<String, f32>,
}

pub(super) struct Extractor {
    scanner: Scanner,
    lexicon: &'static Lexicon,
    features: features::Scratch,
    scan: scanner::Scratch,
}

/// As the scanner does it.
const VIEW_SLACK: usize = 4096;

impl Extractor {
    pub(super) fn new() -> Result<Self, String> {
        Ok(Self {
            scanner: Scanner::untrained()?,
            lexicon: lexicon::built_in()?,
            features: features::Scratch::default(),
            scan: scanner::Scratch::default(),
        })
    }

    /// All windows of a text and of its views, or only those of the text itself that touch `within`.
    pub(super) fn extract(&mut self, text: &str, within: Option<&Range<usize>>) -> Extract {
        let mut findings = Findings::default();
        self.scanner.scan(0, &Segment::bare(text), self.scanner.evidence(), &mut self.scan, &mut findings);
        let mut extract = Extract::default();
        for finding in &findings.list {
            let score = extract.rules.entry(finding.rule.entity.to_string()).or_default();
            *score = score.max(finding.score);
        }
        self.windows(text, WINDOW, within, &mut extract.windows);
        if within.is_none() {
            self.windows(text, WIDE, None, &mut extract.wide);
        }
        if within.is_none() {
            for view in normalize::normalize(text, 2 * text.len() + VIEW_SLACK).views {
                self.windows(&view.text, WINDOW, None, &mut extract.windows);
                self.windows(&view.text, WIDE, None, &mut extract.wide);
            }
        }
        extract
    }

    fn windows(&mut self, text: &str, size: usize, within: Option<&Range<usize>>, out: &mut Vec<Window>) {
        self.features.read(self.lexicon, text);
        let features::Scratch { tokens, instances, .. } = &self.features;
        if tokens.is_empty() {
            return;
        }
        for (from, to) in windows(tokens.len(), size) {
            let (Some(first), Some(last)) = (tokens.get(from as usize), tokens.get(to as usize - 1)) else { continue };
            let touches = |range: &&Range<usize>| {
                let (start, end) = (first.start as usize, last.end as usize);
                // Most of the attack, or a window that is full of it.
                let common = end.min(range.end).saturating_sub(start.max(range.start));
                2 * common >= range.len().min(end - start)
            };
            if within.is_some_and(|range| !touches(&range)) {
                continue;
            }
            let start = instances.partition_point(|instance| instance.at < from);
            let end = instances.partition_point(|instance| instance.at < to);
            let seen = instances[start..end].iter().filter(|instance| instance.before <= from);
            out.push(seen.map(|instance| (instance.hash, instance.kind)).collect());
        }
    }
}
