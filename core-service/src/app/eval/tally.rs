//! Counts of right and wrong, for all rows and for each group of them.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) rows: usize,
    pub(super) positives: usize,
    pub(super) found_rightly: usize,
    pub(super) found_wrongly: usize,
}

/// None where there is nothing to divide by: a group without positives has no recall, and it is not 0.
pub(super) fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Rates {
    pub(super) precision: Option<f64>,
    pub(super) recall: Option<f64>,
    pub(super) f1: Option<f64>,
    pub(super) false_positive_rate: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) rows: usize,
    pub(super) positives: usize,
    #[serde(flatten)]
    pub(super) rates: Rates,
}

impl Tally {
    pub(super) fn push(&mut self, positive: bool, found: bool) {
        self.rows += 1;
        self.positives += usize::from(positive);
        self.found_rightly += usize::from(found && positive);
        self.found_wrongly += usize::from(found && !positive);
    }

    pub(super) fn rates(&self) -> Rates {
        let Self { rows, positives, found_rightly, found_wrongly } = *self;
        let found = found_rightly + found_wrongly;
        Rates {
            precision: ratio(found_rightly, found),
            recall: ratio(found_rightly, positives),
            // Twice the hits over what was found and what was to be found: the harmonic mean, without its 0/0.
            f1: if positives == 0 { None } else { ratio(2 * found_rightly, found + positives) },
            false_positive_rate: ratio(found_wrongly, rows - positives),
        }
    }

    pub(super) fn named(&self, name: &str) -> Group {
        Group { name: name.to_owned(), rows: self.rows, positives: self.positives, rates: self.rates() }
    }
}

#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<String, Tally>);

impl Groups {
    pub(super) fn push(&mut self, name: &str, positive: bool, found: bool) {
        let name = if name.is_empty() { "(none)" } else { name };
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), Tally::default());
        }
        if let Some(tally) = self.0.get_mut(name) {
            tally.push(positive, found);
        }
    }

    pub(super) fn list(&self) -> Vec<Group> {
        self.0.iter().map(|(name, tally)| tally.named(name)).collect()
    }
}

/// Time in the scanner alone, without reading and parsing the rows.
#[derive(Debug, Default)]
pub(super) struct Speed {
    nanos: Vec<u64>,
    bytes: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct SpeedReport {
    pub(super) bytes: usize,
    pub(super) p50_us: Option<f64>,
    pub(super) p99_us: Option<f64>,
    pub(super) mb_per_s: Option<f64>,
}

impl Speed {
    pub(super) fn push(&mut self, time: Duration, bytes: usize) {
        self.nanos.push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        self.bytes += bytes;
    }

    pub(super) fn report(mut self) -> SpeedReport {
        self.nanos.sort_unstable();
        let nanos = self.nanos.iter().fold(0, |sum: u64, nanos| sum.saturating_add(*nanos));
        SpeedReport {
            bytes: self.bytes,
            p50_us: percentile(&self.nanos, 50).map(micros),
            p99_us: percentile(&self.nanos, 99).map(micros),
            mb_per_s: (nanos > 0).then(|| self.bytes as f64 * 1e3 / nanos as f64),
        }
    }
}

fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1e3
}

/// The smallest value that so many of a hundred do not exceed.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_none_where_there_is_nothing_to_count() {
        let mut tally = Tally::default();
        assert_eq!(tally.rates().precision, None);
        tally.push(false, false);
        let rates = tally.rates();
        assert_eq!((rates.recall, rates.f1, rates.false_positive_rate), (None, None, Some(0.0)));
        tally.push(true, false);
        assert_eq!(tally.rates().f1, Some(0.0));
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let sorted: Vec<u64> = (1..=200).collect();
        assert_eq!((percentile(&sorted, 50), percentile(&sorted, 99)), (Some(100), Some(198)));
        assert_eq!((percentile(&[7], 50), percentile(&[7], 99), percentile(&[], 50)), (Some(7), Some(7), None));
    }
}
