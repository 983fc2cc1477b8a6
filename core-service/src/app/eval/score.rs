//! What follows from the scores at every threshold.

use serde::Serialize;

use super::tally::{Rates, Tally};

/// The highest score of each row and whether it should have one.
#[derive(Debug, Default)]
pub(super) struct Curve(Vec<(f32, bool)>);

#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) threshold: f32,
    #[serde(flatten)]
    pub(super) rates: Rates,
}

impl Curve {
    pub(super) fn push(&mut self, score: f32, positive: bool) {
        self.0.push((score, positive));
    }

    /// The sum over falling thresholds of precision times the recall gained. Rows of one score come in together:
    /// their order in the file must not matter.
    pub(super) fn average_precision(&self) -> Option<f64> {
        let positives = self.0.iter().filter(|(_, positive)| *positive).count();
        if positives == 0 {
            return None;
        }
        let mut rows = self.0.clone();
        rows.sort_unstable_by(|(a, _), (b, _)| b.total_cmp(a));
        let (mut seen, mut hits, mut sum) = (0, 0, 0.0);
        for tied in rows.chunk_by(|(a, _), (b, _)| a == b) {
            let gained = tied.iter().filter(|(_, positive)| *positive).count();
            seen += tied.len();
            hits += gained;
            sum += gained as f64 / positives as f64 * (hits as f64 / seen as f64);
        }
        Some(sum)
    }

    pub(super) fn sweep(&self) -> Vec<Step> {
        let at = |tenths: u8| {
            let threshold = f32::from(tenths) / 10.0;
            let mut tally = Tally::default();
            for (score, positive) in &self.0 {
                tally.push(*positive, *score >= threshold);
            }
            Step { threshold, rates: tally.rates() }
        };
        (1..=9).map(at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(rows: &[(f32, bool)]) -> Curve {
        Curve(rows.to_vec())
    }

    #[test]
    fn average_precision_by_hand() {
        let close = |rows: &[(f32, bool)], expected: f64| {
            assert!((curve(rows).average_precision().unwrap() - expected).abs() < 1e-9);
        };
        close(&[(0.9, true), (0.8, true), (0.1, false)], 1.0);
        close(&[(0.9, false), (0.8, true)], 0.5);
        close(&[(0.9, true), (0.8, false), (0.7, true)], 0.5 + 0.5 * 2.0 / 3.0);
        // Of one score, in whatever order.
        close(&[(0.5, true), (0.5, false)], 0.5);
        close(&[(0.5, false), (0.5, true)], 0.5);
        assert_eq!(curve(&[(0.5, false)]).average_precision(), None);
    }

    #[test]
    fn a_score_on_the_threshold_counts() {
        let steps = curve(&[(0.3, true), (0.6, true), (0.6, false)]).sweep();
        let recalls: Vec<_> = steps.iter().map(|step| step.rates.recall).collect();
        assert_eq!(recalls[2], Some(1.0));
        assert_eq!(recalls[3], Some(0.5));
        assert_eq!(recalls[5], Some(0.5));
        assert_eq!(recalls[6], Some(0.0));
        assert_eq!(steps[5].rates.false_positive_rate, Some(1.0));
    }
}
