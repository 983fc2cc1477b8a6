//! The model of attacks: one probability, and the kind that is likeliest.

use std::collections::BTreeMap;

use super::{
    calibrate,
    corpus::{Corpus, Example, Part},
    extract::Window,
    report::{AttackReport, BenignSource, PositiveSource},
    solver::Problem,
};
use crate::classify::{
    ATTACK, KIND, features,
    head::Head,
    weights::{self, Calibration, Table, TableHeader, Values},
};

const BITS: u32 = 17;
const KIND_BITS: u32 = 14;
const VALUES: Values = Values { word: 1.0, pair: 0.7, class: 1.5, harm: 0.0, stem: 0.0 };
/// How much a finding of the pattern rules counts before it is weighed.
const RULE: f32 = 2.0;
const PENALTY: f64 = 2.0;
const KIND_PENALTY: f64 = 1.0;
/// Taken off for every e-fold of windows.
const LENGTH: f64 = 0.5;
/// A source with fewer attacks says too little to be left out alone.
const FEWEST: usize = 30;
/// The first learns from all windows of an attack; the next from those that look like it.
const ROUNDS: usize = 2;
/// How far below the best window of a text others are still taken for the attack.
const NEAR: f64 = 0.5;

/// The entities of pattern rules, in the order of their columns behind the hashed features.
type Entities = BTreeMap<String, usize>;

pub(super) struct Model {
    entities: Entities,
    weights: Vec<f64>,
}

/// The features of a window as a model sees them: scaled by their number.
pub(super) fn scaled(window: &Window, values: &Values, bits: u32) -> Vec<(u32, f32)> {
    let values = values.by_kind();
    let size: f32 = window.iter().map(|(_, kind)| values[*kind as usize].powi(2)).sum();
    let scale = 1.0 / size.max(features::LEAST_SIZE).sqrt();
    let features = window.iter().map(|(hash, kind)| (hash & ((1 << bits) - 1), values[*kind as usize] * scale));
    features.filter(|(_, value)| *value > 0.0).collect()
}

fn vector(example: &Example, window: &Window, entities: &Entities) -> Vec<(u32, f32)> {
    let mut features = scaled(window, &VALUES, BITS);
    for (entity, score) in &example.extract.rules {
        if let Some(column) = entities.get(entity) {
            features.push(((1 << BITS) + *column as u32, RULE * score));
        }
    }
    features
}

pub(super) fn dot(weights: &[f64], features: &[(u32, f32)]) -> f64 {
    let bias = weights.last().copied().unwrap_or_default();
    bias + features.iter().map(|(column, value)| weights[*column as usize] * f64::from(*value)).sum::<f64>()
}

impl Model {
    fn fit(examples: &[&Example]) -> Self {
        let names = examples.iter().flat_map(|example| example.extract.rules.keys().cloned());
        let mut entities: Entities = names.map(|name| (name, 0)).collect();
        entities.values_mut().enumerate().for_each(|(column, slot)| *slot = column);
        let dimensions = (1 << BITS) + entities.len();
        let mut weights: Option<Vec<f64>> = None;
        for _ in 0..ROUNDS {
            let mut problem = Problem::new(dimensions);
            for example in examples {
                let windows: Vec<_> =
                    example.extract.windows.iter().map(|window| vector(example, window, &entities)).collect();
                let count = windows.len().max(1) as f32;
                if !example.attack {
                    windows.into_iter().for_each(|window| problem.push(window, false, 1.0 / count.sqrt()));
                    continue;
                }
                let margins = weights.as_ref().map(|weights| windows.iter().map(|window| dot(weights, window)));
                let chosen: Vec<_> = match margins {
                    Some(margins) => {
                        let margins: Vec<f64> = margins.collect();
                        let least = margins.iter().copied().fold(f64::MIN, f64::max) - NEAR;
                        windows.into_iter().zip(margins).filter(|(_, m)| *m >= least).map(|(w, _)| w).collect()
                    }
                    None => windows,
                };
                let weight = 1.0 / chosen.len().max(1) as f32;
                chosen.into_iter().for_each(|window| problem.push(window, true, weight));
            }
            weights = Some(problem.solve(PENALTY, weights));
        }
        Self { entities, weights: weights.unwrap_or_default() }
    }

    /// As the service computes it, but for texts of so few words that it tells no attack of them.
    fn margin(&self, example: &Example) -> f64 {
        let windows = &example.extract.windows;
        let margins = windows.iter().map(|window| dot(&self.weights, &vector(example, window, &self.entities)));
        margins.fold(-20.0, f64::max) - LENGTH * (windows.len().max(1) as f64).ln()
    }

    fn table(&self, calibration: Calibration) -> Result<Table, String> {
        let rules = self.entities.iter().map(|(entity, column)| {
            #[allow(clippy::cast_possible_truncation, reason = "as precise as scores are")]
            let weight = self.weights[(1 << BITS) + column] as f32 * RULE;
            (entity.clone(), weight)
        });
        let rules = rules.collect();
        let bias = self.weights.last().copied().unwrap_or_default();
        let columns = [(&self.weights[..1 << BITS], bias)];
        let frame = Frame { name: ATTACK, names: &["attack"], bits: BITS, values: VALUES, length: LENGTH };
        frame.table(&columns, vec![calibration], rules)
    }
}

/// What a table is called and how its features are made.
pub(super) struct Frame<'a> {
    pub(super) name: &'a str,
    pub(super) names: &'a [&'a str],
    pub(super) bits: u32,
    pub(super) values: Values,
    pub(super) length: f64,
}

impl Frame<'_> {
    /// Of weights and a bias for each column.
    #[allow(clippy::cast_possible_truncation, reason = "as precise as scores are")]
    pub(super) fn table(
        self,
        columns: &[(&[f64], f64)],
        calibrations: Vec<Calibration>,
        rules: BTreeMap<String, f32>,
    ) -> Result<Table, String> {
        let largest = columns.iter().flat_map(|(weights, _)| weights.iter()).fold(0.0, |max: f64, w| max.max(w.abs()));
        let scale = largest as f32;
        let rows = 0..1_usize << self.bits;
        let cells =
            rows.flat_map(|row| columns.iter().map(move |(weights, _)| weights::byte(weights[row] as f32, scale)));
        let cells = cells.collect();
        let header = TableHeader {
            name: self.name.to_owned(),
            columns: self.names.iter().map(|&name| name.to_owned()).collect(),
            bits: self.bits,
            values: self.values,
            scale,
            biases: columns.iter().map(|(_, bias)| *bias as f32).collect(),
            calibrations,
            length: self.length as f32,
            rules,
        };
        Table::new(header, cells)
    }
}

/// A number for each source, to be left out together: those with attacks apart, the others spread over them.
fn folds(rows: &[&Example]) -> (BTreeMap<String, usize>, Vec<String>) {
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *sources.entry(&row.source).or_default() += usize::from(row.attack);
    }
    let mut folds = BTreeMap::new();
    let mut measured = Vec::new();
    for (source, _) in sources.iter().filter(|(_, attacks)| **attacks >= FEWEST) {
        folds.insert((*source).to_owned(), measured.len());
        measured.push((*source).to_owned());
    }
    for (number, (source, _)) in sources.iter().filter(|(_, attacks)| **attacks < FEWEST).enumerate() {
        folds.insert((*source).to_owned(), number % measured.len().max(1));
    }
    (folds, measured)
}

/// What was learned of attacks.
pub(super) struct Trained<'c> {
    pub(super) attack: Table,
    pub(super) kind: Table,
    pub(super) report: AttackReport,
    /// What a model that did not know its source says of each row.
    pub(super) unseen: Vec<(&'c Example, f64)>,
}

pub(super) fn train(corpus: &Corpus) -> Result<Trained<'_>, String> {
    let of = |parts: &[Part]| -> Vec<&Example> {
        corpus.examples.iter().filter(|example| parts.contains(&example.part)).collect()
    };
    let rows = of(&[Part::Row]);
    // Harm templates are no attacks, and no ordinary text either.
    let templates = of(&[Part::Template]).into_iter().filter(|example| example.harms.iter().all(Option::is_none));
    let extra: Vec<&Example> = of(&[Part::Auxiliary]).into_iter().chain(templates).collect();
    let (folds, measured) = folds(&rows);
    if measured.is_empty() {
        return Err(format!("no source with {FEWEST} attacks to leave out"));
    }
    let mut unseen: Vec<(&Example, f64)> = Vec::new();
    for fold in 0..measured.len() {
        let outside = |row: &&&Example| folds.get(&row.source) == Some(&fold);
        let inside: Vec<&Example> = rows.iter().filter(|row| !outside(row)).chain(&extra).copied().collect();
        let model = Model::fit(&inside);
        unseen.extend(rows.iter().filter(outside).map(|row| (*row, model.margin(row))));
    }
    let margins: Vec<(f64, bool)> = unseen.iter().map(|(row, margin)| (*margin, row.attack)).collect();
    let calibration = calibrate::fit(&margins);
    let model = Model::fit(&rows.iter().chain(&extra).copied().collect::<Vec<_>>());
    let held_out: Vec<(&Example, f64)> =
        of(&[Part::HeldOut]).into_iter().map(|example| (example, model.margin(example))).collect();
    let report = measure(&unseen, &held_out, &measured, calibration);
    unseen.extend(held_out);
    let kinds = kinds(&rows.iter().chain(&extra).copied().collect::<Vec<_>>())?;
    Ok(Trained { attack: model.table(calibration)?, kind: kinds, report, unseen })
}

fn measure(
    unseen: &[(&Example, f64)],
    held_out: &[(&Example, f64)],
    measured: &[String],
    calibration: Calibration,
) -> AttackReport {
    let benign = || unseen.iter().filter(|(row, _)| !row.attack).map(|(_, margin)| *margin);
    let alert = calibrate::exceeded_by(benign(), 0.01);
    let block = calibrate::exceeded_by(benign(), 0.002);
    let over = |margins: &[f64], threshold: f64| {
        margins.iter().filter(|margin| **margin > threshold).count() as f64 / margins.len().max(1) as f64
    };
    let margins = |of: &[(&Example, f64)], source: &str, attack: bool| -> Vec<f64> {
        let of = of.iter().filter(|(row, _)| row.source == source && row.attack == attack);
        of.map(|(_, margin)| *margin).collect()
    };
    let positive = |of: &[(&Example, f64)], source: &str| {
        let margins = margins(of, source, true);
        PositiveSource {
            source: source.to_owned(),
            attacks: margins.len(),
            recall_at_1: over(&margins, alert),
            recall_at_02: over(&margins, block),
        }
    };
    let negative = |of: &[(&Example, f64)], source: &str| {
        let margins = margins(of, source, false);
        BenignSource {
            source: source.to_owned(),
            texts: margins.len(),
            found_at_1: over(&margins, alert),
            found_at_02: over(&margins, block),
        }
    };
    let names = |of: &[(&Example, f64)], attack: bool| -> Vec<String> {
        let names = of.iter().filter(|(row, _)| row.attack == attack).map(|(row, _)| row.source.clone());
        names.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    };
    let sources: Vec<_> = measured.iter().map(|source| positive(unseen, source)).collect();
    let count = sources.len().max(1) as f64;
    #[allow(clippy::cast_possible_truncation, reason = "as precise as scores are")]
    let probability = |margin: f64| calibration.probability(margin as f32);
    AttackReport {
        macro_recall_at_1: sources.iter().map(|source| source.recall_at_1).sum::<f64>() / count,
        macro_recall_at_02: sources.iter().map(|source| source.recall_at_02).sum::<f64>() / count,
        sources,
        benign: names(unseen, false).iter().map(|source| negative(unseen, source)).collect(),
        held_out: names(held_out, true).iter().map(|source| positive(held_out, source)).collect(),
        held_out_benign: names(held_out, false).iter().map(|source| negative(held_out, source)).collect(),
        probability_at_1: probability(alert),
        probability_at_02: probability(block),
    }
}

/// Tells the kinds of attack apart, one against the others.
fn kinds(examples: &[&Example]) -> Result<Table, String> {
    let mut columns = Vec::new();
    for head in Head::ATTACKS {
        let mut problem = Problem::new(1 << KIND_BITS);
        for example in examples {
            let Some(kind) = example.kind else { continue };
            let weight = 1.0 / example.extract.windows.len().max(1) as f32;
            for window in &example.extract.windows {
                problem.push(scaled(window, &VALUES, KIND_BITS), kind == head, weight);
            }
        }
        columns.push(problem.solve(KIND_PENALTY, None));
    }
    let names = Head::ATTACKS.map(Head::entity);
    let columns: Vec<(&[f64], f64)> = columns
        .iter()
        .map(|weights| (&weights[..1 << KIND_BITS], weights.last().copied().unwrap_or_default()))
        .collect();
    let calibrations = vec![Calibration { slope: 1.0, offset: 0.0 }; names.len()];
    let frame = Frame { name: KIND, names: &names, bits: KIND_BITS, values: VALUES, length: 0.0 };
    frame.table(&columns, calibrations, BTreeMap::new())
}
