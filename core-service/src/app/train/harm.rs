//! A model for each harm.

use std::{collections::BTreeMap, ptr};

use super::{
    attack::{Frame, dot, scaled},
    calibrate,
    corpus::{Corpus, Example, Part},
    report::{HarmReport, HarmRow},
    solver::Problem,
};
use crate::classify::{
    HARM,
    head::Head,
    weights::{Calibration, Table, Values},
};

const BITS: u32 = 15;
const VALUES: Values = Values { word: 1.0, pair: 0.7, class: 0.7, harm: 2.0, stem: 0.7 };
const PENALTY: f64 = 0.3;
/// Parts that are left out in turn: rows of one source are all there is.
const FOLDS: usize = 5;
/// How much a text counts that is no harm because it is ordinary, and how many of those are taken.
const ORDINARY: f32 = 0.2;
const EVERY: usize = 4;

type Labelled<'c> = (&'c Example, bool, f32, Option<usize>);

fn fit(examples: &[Labelled<'_>], left_out: Option<usize>) -> Vec<f64> {
    let mut problem = Problem::new(1 << BITS);
    let positives = examples.iter().filter(|(_, positive, ..)| *positive).count().max(1) as f32;
    let negatives = examples.len() as f32 - positives;
    // Between as they are and balanced.
    let lift = (negatives / positives).sqrt().max(1.0);
    for (example, positive, weight, fold) in examples {
        if left_out.is_some() && *fold == left_out {
            continue;
        }
        let weight = weight * if *positive { lift } else { 1.0 } / example.extract.wide.len().max(1) as f32;
        for window in &example.extract.wide {
            problem.push(scaled(window, &VALUES, BITS), *positive, weight);
        }
    }
    problem.solve(PENALTY, None)
}

fn margin(weights: &[f64], example: &Example) -> f64 {
    let windows = &example.extract.wide;
    let margins = windows.iter().map(|window| dot(weights, &scaled(window, &VALUES, BITS)));
    margins.fold(-20.0, f64::max)
}

pub(super) fn train(corpus: &Corpus) -> Result<(Table, HarmReport), String> {
    let rows: Vec<&Example> = corpus.examples.iter().filter(|example| example.part == Part::Harm).collect();
    let ordinary: Vec<&Example> = corpus
        .examples
        .iter()
        .filter(|example| match example.part {
            Part::Row => !example.attack,
            Part::Template => !example.attack && example.harms.iter().all(Option::is_none),
            _ => false,
        })
        .step_by(EVERY)
        .collect();
    let (mut columns, mut calibrations, mut report) = (Vec::new(), Vec::new(), Vec::new());
    let mut any: BTreeMap<*const Example, f64> = BTreeMap::new();
    for (column, head) in Head::HARMS.into_iter().enumerate() {
        let mut examples: Vec<Labelled<'_>> = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            if let Some(label) = row.harms[column] {
                examples.push((row, label, 1.0, Some(number % FOLDS)));
            }
        }
        let labelled = !examples.is_empty();
        // A request list labels what is harmful alone: benign rows answer it.
        let spread = examples.iter().all(|(_, positive, ..)| *positive);
        for (number, example) in ordinary.iter().enumerate() {
            examples.push((example, false, ORDINARY, spread.then_some(number % FOLDS)));
        }
        let drawn = corpus.examples.iter().filter(|example| example.part == Part::Template);
        for (number, example) in drawn.filter(|example| example.harms.iter().any(Option::is_some)).enumerate() {
            // Where there are no rows at all, templates are what can be left out.
            let fold = (!labelled).then_some(number % FOLDS);
            examples.push((example, example.harms[column] == Some(true), 1.0, fold));
        }
        let (mut margins, mut of_rows) = (Vec::new(), Vec::new());
        let mut everyday = Vec::new();
        if examples.iter().any(|(_, positive, ..)| *positive) {
            for fold in 0..FOLDS {
                let weights = fit(&examples, Some(fold));
                for (example, positive, ..) in examples.iter().filter(|(.., of)| *of == Some(fold)) {
                    let margin = margin(&weights, example);
                    margins.push((margin, *positive));
                    of_rows.push((ptr::from_ref(*example), margin));
                }
                everyday.extend(
                    corpus
                        .examples
                        .iter()
                        .filter(|example| example.part == Part::Row && !example.attack)
                        // None of those that were trained on.
                        .enumerate()
                        .filter(|(number, _)| number % EVERY == 1 && number / EVERY % FOLDS == fold)
                        .map(|(_, example)| example)
                        .map(|example| margin(&weights, example)),
                );
            }
        }
        let weights = fit(&examples, None);
        let calibration = if margins.is_empty() {
            Calibration { slope: 1.0, offset: 0.0 }
        } else {
            let all: Vec<_> = margins.iter().copied().chain(everyday.iter().map(|margin| (*margin, false))).collect();
            calibrate::fit(&all)
        };
        for (row, margin) in of_rows {
            #[allow(clippy::cast_possible_truncation, reason = "as precise as scores are")]
            let probability = f64::from(calibration.probability(margin as f32));
            any.entry(row).and_modify(|most| *most = most.max(probability)).or_insert(probability);
        }
        report.push(HarmRow {
            head: head.entity(),
            positives: margins.iter().filter(|(_, positive)| *positive).count(),
            texts: margins.len(),
            average_precision: calibrate::average_precision(&margins),
        });
        calibrations.push(calibration);
        columns.push(weights);
    }
    // Where somebody looked for harms and said what there is not.
    let looked = rows.iter().filter(|row| row.harms.contains(&Some(false)));
    let any: Vec<(f64, bool)> =
        looked.filter_map(|row| Some((*any.get(&ptr::from_ref(*row))?, row.harms.contains(&Some(true))))).collect();
    report.push(HarmRow {
        head: "any",
        positives: any.iter().filter(|(_, positive)| *positive).count(),
        texts: any.len(),
        average_precision: calibrate::average_precision(&any),
    });
    let names = Head::HARMS.map(Head::entity);
    let columns: Vec<(&[f64], f64)> =
        columns.iter().map(|weights| (&weights[..1 << BITS], weights.last().copied().unwrap_or_default())).collect();
    let frame = Frame { name: HARM, names: &names, bits: BITS, values: VALUES, length: 0.0 };
    Ok((frame.table(&columns, calibrations, BTreeMap::new())?, HarmReport { heads: report }))
}
