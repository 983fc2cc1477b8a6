//! What was measured, for people and for the file beside the weights.

use std::fmt::Write as _;

use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    pub(super) data: &'a str,
    pub(super) lexicon: &'a str,
    pub(super) seed: u64,
    pub(super) attacks: AttackReport,
    pub(super) harms: HarmReport,
}

/// Of a source that the model did not know.
#[derive(Debug, Serialize)]
pub(super) struct PositiveSource {
    pub(super) source: String,
    pub(super) attacks: usize,
    /// At the threshold that 1% of the benign texts of unknown sources exceed.
    pub(super) recall_at_1: f64,
    /// At the one that 0.2% exceed.
    pub(super) recall_at_02: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct BenignSource {
    pub(super) source: String,
    pub(super) texts: usize,
    pub(super) found_at_1: f64,
    pub(super) found_at_02: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct AttackReport {
    pub(super) macro_recall_at_1: f64,
    pub(super) macro_recall_at_02: f64,
    pub(super) sources: Vec<PositiveSource>,
    pub(super) benign: Vec<BenignSource>,
    /// Sources that no choice was made by.
    pub(super) held_out: Vec<PositiveSource>,
    pub(super) held_out_benign: Vec<BenignSource>,
    /// The probabilities that stand for the two thresholds.
    pub(super) probability_at_1: f32,
    pub(super) probability_at_02: f32,
}

#[derive(Debug, Serialize)]
pub(super) struct HarmRow {
    pub(super) head: &'static str,
    pub(super) positives: usize,
    pub(super) texts: usize,
    pub(super) average_precision: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct HarmReport {
    pub(super) heads: Vec<HarmRow>,
}

impl AttackReport {
    pub(super) fn table(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, count: usize, at_1: f64, at_02: f64| {
            let _ = writeln!(out, "{name:<36} {count:>7} {at_1:>8.3} {at_02:>8.3}");
        };
        for source in &self.sources {
            line(&source.source, source.attacks, source.recall_at_1, source.recall_at_02);
        }
        let count = self.sources.iter().map(|source| source.attacks).sum();
        line("macro", count, self.macro_recall_at_1, self.macro_recall_at_02);
        for source in &self.benign {
            line(&source.source, source.texts, source.found_at_1, source.found_at_02);
        }
        for source in &self.held_out {
            line(&format!("held out: {}", source.source), source.attacks, source.recall_at_1, source.recall_at_02);
        }
        for source in &self.held_out_benign {
            line(&format!("held out: {}", source.source), source.texts, source.found_at_1, source.found_at_02);
        }
        format!(
            "{:<36} {:>7} {:>8} {:>8}\n{out}probability at 1%: {:.3}, at 0.2%: {:.3}",
            "attacks, then benign, source left out",
            "texts",
            "1% FP",
            "0.2% FP",
            self.probability_at_1,
            self.probability_at_02
        )
    }
}

impl HarmReport {
    pub(super) fn table(&self) -> String {
        let mut out = format!("{:<36} {:>7} {:>8} {:>8}", "harm, cross-validated", "texts", "positive", "AP");
        for row in &self.heads {
            let precision = row.average_precision.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
            let _ = write!(out, "\n{:<36} {:>7} {:>8} {precision:>8}", row.head, row.texts, row.positives);
        }
        out
    }
}
