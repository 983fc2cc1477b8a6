//! Thresholds, and margins made probabilities.

use crate::classify::weights::Calibration;

/// Of the traffic that a probability is about: three texts in a hundred are attacks or do harm. Even odds
/// are then about where two in a thousand benign texts of unknown sources lie.
pub(super) const PRIOR: f64 = 0.03;

/// The logistic curve through margins of texts whose source the model did not know, weighted to [`PRIOR`].
pub(super) fn fit(margins: &[(f64, bool)]) -> Calibration {
    let positives = margins.iter().filter(|(_, positive)| *positive).count().max(1) as f64;
    let negatives = (margins.len() as f64 - positives).max(1.0);
    let weight = |positive: bool| if positive { PRIOR / positives } else { (1.0 - PRIOR) / negatives };
    // Newton's method in two dimensions, damped by a little ridge.
    let (mut slope, mut offset) = (1.0_f64, PRIOR.ln());
    for _ in 0..100 {
        let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
        for &(margin, positive) in margins {
            let probability = 1.0 / (1.0 + (-(slope * margin + offset)).exp());
            let error = weight(positive) * (probability - f64::from(u8::from(positive)));
            let curve = weight(positive) * probability * (1.0 - probability);
            g0 += error * margin;
            g1 += error;
            h00 += curve * margin * margin;
            h01 += curve * margin;
            h11 += curve;
        }
        let determinant = h00 * h11 - h01 * h01;
        if determinant.abs() < 1e-18 {
            break;
        }
        let (d0, d1) = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
        slope -= d0.clamp(-1.0, 1.0);
        offset -= d1.clamp(-1.0, 1.0);
        if d0.abs() + d1.abs() < 1e-9 {
            break;
        }
    }
    #[allow(clippy::cast_possible_truncation, reason = "as precise as scores are")]
    let calibration = Calibration { slope: slope.max(0.01) as f32, offset: offset as f32 };
    calibration
}

/// The margin that a share of these exceeds.
pub(super) fn exceeded_by(margins: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut sorted: Vec<f64> = margins.collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at).copied().unwrap_or(f64::INFINITY)
}

/// Area under precision over recall, in steps; rows of one margin come in together.
pub(super) fn average_precision(margins: &[(f64, bool)]) -> Option<f64> {
    let positives = margins.iter().filter(|(_, positive)| *positive).count();
    if positives == 0 {
        return None;
    }
    let mut sorted = margins.to_vec();
    sorted.sort_unstable_by(|(a, _), (b, _)| b.total_cmp(a));
    let (mut seen, mut hits, mut sum) = (0, 0, 0.0);
    for tied in sorted.chunk_by(|(a, _), (b, _)| a == b) {
        let gained = tied.iter().filter(|(_, positive)| *positive).count();
        seen += tied.len();
        hits += gained;
        sum += gained as f64 / positives as f64 * (hits as f64 / seen as f64);
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probability_is_a_share_of_the_traffic() {
        // At a margin of 1 as many positives as at -1 negatives: even odds at 0 in a balanced world.
        let margins: Vec<_> = (0..100).flat_map(|i| [(1.0, i < 73), (-1.0, i < 27)]).collect();
        let calibration = fit(&margins);
        let odds = |margin| {
            let p = f64::from(calibration.probability(margin));
            p / (1.0 - p)
        };
        let prior = PRIOR / (1.0 - PRIOR);
        assert!((odds(1.0) / prior - 73.0 / 27.0).abs() < 0.05, "{}", odds(1.0) / prior);
        assert!((odds(-1.0) / prior - 27.0 / 73.0).abs() < 0.05);
    }

    #[test]
    fn a_share_exceeds_its_threshold() {
        let threshold = exceeded_by((0..1000).map(f64::from), 0.01);
        assert_eq!((0..1000).filter(|&margin| f64::from(margin) > threshold).count(), 10);
    }
}
