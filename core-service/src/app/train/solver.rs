//! Logistic regression with an L2 penalty, run until it has converged: limited-memory BFGS, one thread, no randomness.

/// Rows of sparse features with their labels and weights.
#[derive(Debug, Default, Clone)]
pub(super) struct Problem {
    dimensions: usize,
    starts: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
    /// Whether positive, and how much the row counts.
    targets: Vec<(bool, f32)>,
}

impl Problem {
    pub(super) fn new(dimensions: usize) -> Self {
        Self { dimensions, starts: vec![0], ..Self::default() }
    }

    pub(super) fn push(&mut self, features: impl IntoIterator<Item = (u32, f32)>, positive: bool, weight: f32) {
        for (column, value) in features {
            self.columns.push(column);
            self.values.push(value);
        }
        self.starts.push(self.columns.len());
        self.targets.push((positive, weight));
    }

    fn rows(&self) -> impl Iterator<Item = (&[u32], &[f32], bool, f64)> {
        self.targets.iter().zip(self.starts.windows(2)).map(|(&(positive, weight), bounds)| {
            let range = bounds[0]..bounds[1];
            (&self.columns[range.clone()], &self.values[range], positive, f64::from(weight))
        })
    }

    /// The loss at `weights` (the last is the bias, which is not penalised), with its slope.
    fn loss(&self, weights: &[f64], penalty: f64, slope: &mut [f64]) -> f64 {
        let bias = self.dimensions;
        let mut loss = 0.0;
        for (slot, weight) in slope.iter_mut().zip(weights) {
            *slot = penalty * weight;
            loss += 0.5 * penalty * weight * weight;
        }
        loss -= 0.5 * penalty * weights[bias] * weights[bias];
        slope[bias] = 0.0;
        for (columns, values, positive, weight) in self.rows() {
            let mut margin = weights[bias];
            for (column, value) in columns.iter().zip(values) {
                margin += weights[*column as usize] * f64::from(*value);
            }
            let signed = if positive { margin } else { -margin };
            // log(1 + exp(-signed)) without overflow.
            loss += weight * ((-signed.abs()).exp().ln_1p() + (-signed).max(0.0));
            let error = weight * if positive { -1.0 } else { 1.0 } / (1.0 + signed.exp());
            slope[bias] += error;
            for (column, value) in columns.iter().zip(values) {
                slope[*column as usize] += error * f64::from(*value);
            }
        }
        loss
    }

    /// Weights and, last, the bias.
    pub(super) fn solve(&self, penalty: f64, start: Option<Vec<f64>>) -> Vec<f64> {
        const MEMORY: usize = 8;
        const ROUNDS: usize = 300;
        let size = self.dimensions + 1;
        let mut weights = start.unwrap_or_else(|| vec![0.0; size]);
        let mut slope = vec![0.0; size];
        let mut loss = self.loss(&weights, penalty, &mut slope);
        let first = norm(&slope);
        let mut history: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
        for _ in 0..ROUNDS {
            if norm(&slope) <= 1e-4 * first.max(1.0) {
                break;
            }
            let mut direction: Vec<f64> = slope.iter().map(|value| -value).collect();
            let mut shares = Vec::new();
            for (moved, turned, scale) in history.iter().rev() {
                let share = dot(moved, &direction) * scale;
                add(&mut direction, -share, turned);
                shares.push(share);
            }
            if let Some((_, turned, scale)) = history.last() {
                let factor = 1.0 / (scale * dot(turned, turned));
                direction.iter_mut().for_each(|value| *value *= factor);
            } else {
                let factor = 1.0 / norm(&slope).max(1e-12);
                direction.iter_mut().for_each(|value| *value *= factor);
            }
            for ((moved, turned, scale), share) in history.iter().zip(shares.iter().rev()) {
                let back = dot(turned, &direction) * scale;
                add(&mut direction, share - back, moved);
            }
            let descent = dot(&direction, &slope);
            if descent >= 0.0 {
                history.clear();
                continue;
            }
            let mut step = 1.0;
            let mut tried = vec![0.0; size];
            let mut new_slope = vec![0.0; size];
            let mut new_loss = f64::INFINITY;
            for _ in 0..30 {
                for ((slot, weight), along) in tried.iter_mut().zip(&weights).zip(&direction) {
                    *slot = weight + step * along;
                }
                new_loss = self.loss(&tried, penalty, &mut new_slope);
                if new_loss <= loss + 1e-4 * step * descent {
                    break;
                }
                step *= 0.5;
            }
            if new_loss > loss {
                break;
            }
            let moved: Vec<f64> = tried.iter().zip(&weights).map(|(a, b)| a - b).collect();
            let turned: Vec<f64> = new_slope.iter().zip(&slope).map(|(a, b)| a - b).collect();
            let curve = dot(&moved, &turned);
            if curve > 1e-12 {
                if history.len() == MEMORY {
                    history.remove(0);
                }
                history.push((moved, turned, 1.0 / curve));
            }
            let gained = loss - new_loss;
            (weights, slope, loss) = (tried, new_slope, new_loss);
            if gained < 1e-7 * loss {
                break;
            }
        }
        weights
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn add(to: &mut [f64], factor: f64, from: &[f64]) {
    to.iter_mut().zip(from).for_each(|(slot, value)| *slot += factor * value);
}
