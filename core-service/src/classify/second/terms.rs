//! When the second stage is asked, and what its answer weighs.

use serde::Deserialize;

use crate::classify::weights::Calibration;

/// Log-odds beyond which a model is no surer, only further from what it was trained on.
const SURE: f32 = 5.0;

/// What was fitted on sources that neither stage was trained on. The rest of the file is for people.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Terms {
    /// Margins of the first stage, rules included, between which it is unsure.
    pub(super) least: f32,
    pub(super) most: f32,
    /// Of the second stage's log-odds, when they are added to the first stage's margin.
    weight: f32,
    /// From the sum to a probability.
    calibration: Calibration,
    /// What the cosine of two embeddings says, for denied topics.
    #[serde(default)]
    pub(super) cosine: Option<Cosine>,
}

/// What a cosine adds to the log-odds that a window is about a topic, and where it adds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub(super) struct Cosine {
    pub(super) slope: f32,
    pub(super) centre: f32,
}

#[derive(Deserialize)]
struct File {
    terms: Terms,
}

impl Terms {
    pub(super) fn read(json: &str) -> Result<Self, String> {
        let File { terms } = serde_json::from_str(json).map_err(|error| format!("model.json: {error}"))?;
        if terms.least < terms.most && terms.weight > 0.0 {
            Ok(terms)
        } else {
            Err("model.json: `least` must be below `most`, and `weight` above 0".to_owned())
        }
    }

    pub(super) fn probability(self, margin: f32, logit: f32) -> f32 {
        self.calibration.probability(margin + self.weight * logit.clamp(-SURE, SURE))
    }
}
