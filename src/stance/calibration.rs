//! From raw scores to probabilities that mean what they say.

use super::engine::softmax;
use serde::{Deserialize, Serialize};

/// Fitted on held-out paragraphs and shipped with the model (`calibration.json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calibration {
    /// Stance logits are divided by this (Guo et al. 2017) …
    pub temperature: f32,
    /// … and moved by these, order of [`crate::data::Stance::ALL`].
    pub bias: [f32; 4],
    /// A token run counts as a mention from this probability on.
    pub mention: f32,
    /// A state is a target from this probability on.
    pub target: f32,
    /// Each role is given from this probability on, order of [`super::model::ROLES`].
    pub roles: [f32; 5],
    /// What a token's evidence logit must exceed to lengthen the span.
    pub evidence: f32,
}

impl Default for Calibration {
    fn default() -> Self {
        Calibration { temperature: 1.0, bias: [0.0; 4], mention: 0.5, target: 0.5, roles: [0.5; 5], evidence: 0.0 }
    }
}

impl Calibration {
    /// Calibrated stance probabilities; they sum to 1.
    pub fn stance(&self, logits: [f32; 4]) -> [f32; 4] {
        softmax(std::array::from_fn(|k| logits[k] / self.temperature + self.bias[k]))
    }
}
