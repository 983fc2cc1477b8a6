//! All texts that weights are learned from.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader},
    ops::Range,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{
    TrainArgs,
    draw::Draw,
    extract::{Extract, Extractor},
    rows::{self, Row},
    templates::{Templates, Topic},
};
use crate::classify::head::Head;

/// Drawn from each template, and attacks put into documents.
const FILLS: usize = 6;
const BENIGN_FILLS: usize = 3;
const PLANTED: usize = 1500;
/// Bytes of a row from which on it counts as a document, and of the piece of it that is used.
const DOCUMENT: usize = 500;
const PIECE: usize = 1500;

/// The folder of templates that only the second stage learns from: in quantity they cost the first one recall elsewhere.
const SECOND: &str = "second";

/// The name of what was drawn here.
pub(super) const TEMPLATES: &str = "(templates)";

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Trained on, and measured with its source left out.
    Row,
    /// Trained on: benign for attacks, whatever it is labelled for.
    Auxiliary,
    /// Trained on always: drawn from templates.
    Template,
    /// Never trained on.
    HeldOut,
    /// Harm alone.
    Harm,
    /// For the second stage alone: drawn from templates of its own.
    Second,
}

impl Part {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Row => "row",
            Self::Auxiliary => "auxiliary",
            Self::Template => "template",
            Self::HeldOut => "held_out",
            Self::Harm => "harm",
            Self::Second => "second",
        }
    }
}

#[derive(Debug)]
pub(super) struct Example {
    pub(super) text: String,
    /// Where in it the attack is, when that is known.
    pub(super) within: Option<Range<usize>>,
    pub(super) source: String,
    pub(super) part: Part,
    pub(super) attack: bool,
    pub(super) kind: Option<Head>,
    pub(super) harms: [Option<bool>; Head::HARMS.len()],
    pub(super) extract: Extract,
}

#[derive(Debug)]
pub(super) struct Corpus {
    pub(super) examples: Vec<Example>,
    pub(super) bad_lines: usize,
    pub(super) digest: String,
}

/// Rows of the files before features are drawn from them.
struct Gather<'a> {
    args: &'a TrainArgs,
    extractor: Extractor,
    examples: Vec<Example>,
    seen: BTreeSet<(Part, String)>,
    bad_lines: usize,
    digest: Sha256,
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (*self as u8).cmp(&(*other as u8))
    }
}

impl Corpus {
    pub(super) fn gather(args: &TrainArgs) -> Result<Self, String> {
        let mut gather = Gather {
            args,
            extractor: Extractor::new()?,
            examples: Vec::new(),
            seen: BTreeSet::new(),
            bad_lines: 0,
            digest: Sha256::new(),
        };
        let (mut attacks, mut documents) = (Vec::new(), Vec::new());
        gather.rows(&args.attacks, Part::Row, |row| {
            if row.label == Some(1) && row.text.len() < 300 {
                attacks.push(row.text.clone());
            } else if row.label == Some(0) && row.text.len() >= DOCUMENT {
                documents.push(row.text.clone());
            }
        })?;
        gather.rows(&args.benign, Part::Auxiliary, |_| {})?;
        gather.rows(&args.harm, Part::Harm, |_| {})?;
        let templates = Templates::read(&args.templates)?;
        let mut draw = Draw::new(args.seed);
        gather.templates(&templates, Part::Template, &mut draw);
        gather.planted(&templates, &documents, Part::Template, &mut draw);
        let digest = gather.digest.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if args.texts.is_some() {
            let second = Templates::read(&args.templates.join(SECOND))?;
            gather.templates(&second, Part::Second, &mut draw);
            gather.planted(&second, &documents, Part::Second, &mut draw);
        }
        Ok(Self { examples: gather.examples, bad_lines: gather.bad_lines, digest })
    }

    pub(super) fn summary(&self) -> String {
        let count = |part| self.examples.iter().filter(|example| example.part == part).count();
        let attacks = self.examples.iter().filter(|example| example.attack).count();
        format!(
            "{} texts: {} rows, {} auxiliary, {} from templates, {} held out, {} for harm; {attacks} attacks; {} bad lines",
            self.examples.len(),
            count(Part::Row),
            count(Part::Auxiliary),
            count(Part::Template),
            count(Part::HeldOut),
            count(Part::Harm),
            self.bad_lines,
        )
    }
}

impl Gather<'_> {
    fn rows(&mut self, files: &[PathBuf], part: Part, mut see: impl FnMut(&Row)) -> Result<(), String> {
        for file in files {
            self.file(file, part, &mut see).map_err(|error| format!("{}: {error}", file.display()))?;
        }
        Ok(())
    }

    fn file(&mut self, file: &Path, part: Part, see: &mut impl FnMut(&Row)) -> std::io::Result<()> {
        for line in BufReader::new(File::open(file)?).lines() {
            let line = line?;
            if line.trim().is_empty() {
                continue;
            }
            self.digest.update(&line);
            match serde_json::from_str::<Row>(&line) {
                Ok(row) if part != Part::Row || row.label.is_some_and(|label| label < 2) => self.row(&row, part, see),
                _ => self.bad_lines += 1,
            }
        }
        Ok(())
    }

    fn row(&mut self, row: &Row, part: Part, see: &mut impl FnMut(&Row)) {
        let held_out = part == Part::Row && self.args.hold_out.contains(&row.source);
        let part = if held_out { Part::HeldOut } else { part };
        // The same text in two sources would make leaving one out no test.
        let key = row.text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        if !self.seen.insert((part, key)) {
            return;
        }
        if !held_out {
            see(row);
        }
        let attack = matches!(part, Part::Row | Part::HeldOut) && row.label == Some(1);
        let harms = if part == Part::Harm { rows::harms(row) } else { [None; Head::HARMS.len()] };
        let kind = if attack { rows::kind(&row.category) } else { None };
        let extract = self.extractor.extract(&row.text, None);
        let (text, source) = (row.text.clone(), row.source.clone());
        self.examples.push(Example { text, within: None, source, part, attack, kind, harms, extract });
    }

    /// `harm` is none for texts that are not about harm.
    fn drawn(
        &mut self,
        text: &str,
        within: Option<Range<usize>>,
        part: Part,
        kind: Option<Head>,
        harm: Option<Option<usize>>,
    ) {
        self.digest.update(text);
        // A text about harm is labelled for all: for the one that it does, if any.
        let mut harms = [harm.map(|_| false); Head::HARMS.len()];
        if let Some(column) = harm.flatten() {
            harms[column] = Some(true);
        }
        let extract = self.extractor.extract(text, within.as_ref());
        let attack = kind.is_some();
        self.examples.push(Example {
            text: text.to_owned(),
            within,
            source: TEMPLATES.to_owned(),
            part,
            attack,
            kind,
            harms,
            extract,
        });
    }

    fn templates(&mut self, templates: &Templates, part: Part, draw: &mut Draw) {
        let mut each = |topics: &[Topic], fills, tell: &mut dyn FnMut(&mut Self, &Topic, String)| {
            for topic in topics {
                for line in &topic.lines {
                    let fills = if line.contains('{') { fills } else { 1 };
                    let texts: BTreeSet<String> = (0..fills).map(|_| templates.fill(line, draw)).collect();
                    texts.into_iter().for_each(|text| tell(self, topic, text));
                }
            }
        };
        each(&templates.attacks, FILLS, &mut |gather, topic, text| {
            let kind = rows::kind(&topic.category).unwrap_or(Head::PromptInjection);
            gather.drawn(&text, None, part, Some(kind), None);
        });
        each(&templates.benign, BENIGN_FILLS, &mut |gather, _, text| gather.drawn(&text, None, part, None, None));
        each(&templates.harm, FILLS, &mut |gather, topic, text| {
            let column = |name: &str| Head::HARMS.iter().position(|head| head.entity() == name);
            // In a file of several each line begins with its own.
            let (harm, text) = match topic.category.as_str() {
                "per_line" => text.split_once(": ").map_or((None, text.as_str()), |(name, rest)| (column(name), rest)),
                name => (column(name), text.as_str()),
            };
            if topic.positive && harm.is_none() {
                return;
            }
            gather.drawn(text, None, part, None, Some(harm.filter(|_| topic.positive)));
        });
        for document in &templates.documents {
            self.drawn(document, None, part, None, None);
        }
    }

    /// Attacks inside documents, of which only what touches them is an attack.
    fn planted(&mut self, templates: &Templates, rows: &[String], part: Part, draw: &mut Draw) {
        let lines: Vec<&String> = templates
            .attacks
            .iter()
            .filter(|topic| topic.category != Head::Jailbreak.entity())
            .flat_map(|topic| &topic.lines)
            .filter(|line| line.len() < 300)
            .collect();
        let documents: Vec<&str> = templates.documents.iter().chain(rows).map(String::as_str).collect();
        if lines.is_empty() || documents.is_empty() {
            return;
        }
        for _ in 0..PLANTED {
            let (Some(line), Some(document)) = (draw.one_of(&lines), draw.one_of(&documents)) else { return };
            let attack = templates.fill(line, draw);
            let start = document.floor_char_boundary(draw.below(document.len().saturating_sub(PIECE)));
            let piece = &document[start..document.floor_char_boundary(start + PIECE)];
            // Between sentences or lines, where there are any.
            let gaps: Vec<usize> = piece.match_indices([' ', '\n']).map(|(at, _)| at + 1).collect();
            let ends: Vec<usize> = gaps
                .iter()
                .copied()
                .filter(|&at| {
                    piece[..at].ends_with([' ', '\n'])
                        && piece[..at].trim_end().ends_with(['.', '!', '?', ':', ';', '"'])
                })
                .collect();
            let at = draw.one_of(&ends).or(gaps.first()).copied().unwrap_or(0);
            let text = format!("{}{attack} {}", &piece[..at], &piece[at..]);
            self.drawn(&text, Some(at..at + attack.len()), part, Some(Head::IndirectInjection), None);
        }
    }
}
