//! A finished run as a model folder that `--model` takes: weights in int8, probabilities calibrated on the dev sets, a
//! manifest.

use super::data::{Example, batch, batches};
use crate::encoder::export;
use crate::encoder::params::Params;
use crate::error::{Error, Result};
use crate::stance::calibration::Calibration;
use crate::stance::model::{ModelConfig, StanceModel};
use crate::store::{self, Manifest};
use candle_core::Device;
use std::path::{Path, PathBuf};

/// Paragraphs on which the size of the channels is seen.
const SEEN: usize = 200;
/// Temperatures are looked for from one over this to this.
const WIDEST: f32 = 8.0;

/// What the manifest says of where a model comes from.
#[derive(Debug, Clone, Default)]
pub struct Card {
    /// The model's name.
    pub name: String,
    /// The base encoder.
    pub base: String,
    /// Which coded data it was trained on.
    pub trained_on: Vec<String>,
    /// The command that was run.
    pub command: String,
}

/// What a run was, for shipping it.
pub(super) struct Run<'a> {
    pub config: &'a ModelConfig,
    pub tokenizer: &'a [u8],
    pub train: &'a [Example],
    pub dev: &'a [Vec<Example>],
    /// By what the classes were weighed, if the labels were a coder's alone: that tilt is taken back.
    pub tilt: Option<&'a [f32]>,
    pub card: &'a Card,
    /// Bars of mentions and roles, which stay.
    pub bars: Calibration,
    /// Padded tokens in a batch.
    pub tokens: usize,
    pub device: &'a Device,
}

/// Write the model of `weights` (safetensors in f32) into `folder`.
///
/// # Errors
/// A file cannot be written, or the weights do not fit.
pub(super) fn ship(run: &Run, weights: &Path, folder: &Path) -> Result<PathBuf> {
    let bytes = std::fs::read(weights).map_err(|e| Error::io(weights, e))?;
    let mut params = Params::load(&[&bytes], run.device)?;
    let seen = params.watch();
    let model = StanceModel::load(&params, run.config)?;
    let first = &run.train[..run.train.len().min(SEEN)];
    logits(&model, first, run)?;
    let packed = export::int8(&params, run.config.encoder.num_hidden_layers, &seen.get())?;
    let sets = run.dev.iter().map(|d| logits(&model, d, run)).collect::<Result<Vec<_>>>()?;
    let fitted = calibrate(&sets, run.tilt);
    let calibration = Calibration { temperature: fitted.temperature, bias: fitted.bias, ..run.bars.clone() };
    let files: [(&str, Vec<u8>); 4] = [
        ("config.json", json(run.config)?),
        ("calibration.json", json(&calibration)?),
        ("tokenizer.json", run.tokenizer.to_vec()),
        ("model.safetensors", packed),
    ];
    let card = run.card;
    let manifest = Manifest {
        name: card.name.clone(),
        version: "1".into(),
        base: card.base.clone(),
        licence: "that of the base and of the data".into(),
        trained_on: card.trained_on.clone(),
        codebook: "that of the data".into(),
        command: card.command.clone(),
        files: Vec::new(),
    };
    store::save(folder, manifest, &files)?;
    Ok(folder.to_path_buf())
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| Error::Compute(e.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

/// Stance logits of every coded actor, with its label.
fn logits(model: &StanceModel, examples: &[Example], run: &Run) -> Result<Vec<([f32; 4], usize)>> {
    let mut out = Vec::new();
    for indices in batches(examples, run.tokens, 0) {
        let picked: Vec<&Example> = indices.iter().map(|&i| &examples[i]).collect();
        let (x, _) = batch(&picked, &[], 0.0, run.device)?;
        let states = model.states(&x, None)?;
        if x.actors.dim(1)? == 0 {
            continue;
        }
        let stance: Vec<Vec<Vec<f32>>> = model.heads().actors(&states, &x, None)?.stance.to_vec3()?;
        for (e, rows) in picked.iter().zip(stance) {
            out.extend(e.stances().zip(rows).map(|(y, l)| (std::array::from_fn(|k| l[k]), y)));
        }
    }
    Ok(out)
}

/// One temperature for all sets, each of the same weight, by likelihood (Guo et al. 2017): it cannot change a label. Before
/// it the weights of the classes are taken back, whose tilt makes rare labels too probable (Menon et al. 2021).
fn calibrate(sets: &[Vec<([f32; 4], usize)>], tilt: Option<&[f32]>) -> Calibration {
    let tilt: [f32; 4] = std::array::from_fn(|k| tilt.and_then(|t| t.get(k)).map_or(0.0, |w| w.ln()));
    let with = |t: f32| Calibration { temperature: t, bias: tilt.map(|b| 0.0 - b / t), ..Calibration::default() };
    let loss = |log: f32| -> f64 {
        let c = with(log.exp());
        let of = |set: &Vec<([f32; 4], usize)>| -> f64 {
            let sum: f64 = set.iter().map(|(l, y)| -f64::from(c.stance(*l)[*y].max(1e-12)).ln()).sum();
            sum / set.len().max(1) as f64
        };
        sets.iter().map(of).sum()
    };
    // The loss has one valley (golden section, Kiefer 1953).
    let (mut low, mut high) = (-WIDEST.ln(), WIDEST.ln());
    let golden = (5f32.sqrt() - 1.0) / 2.0;
    for _ in 0..40 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if loss(a) <= loss(b) { high = b } else { low = a }
    }
    with(f32::midpoint(low, high).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_too_sure_of_itself_is_made_less_so() {
        // Sure to e^6 against 1, but right in three cases of four.
        let set: Vec<([f32; 4], usize)> = (0..400)
            .map(|i| {
                (
                    std::array::from_fn(|k| if k == i % 4 { 6.0 } else { 0.0 }),
                    if i % 16 < 12 { i % 4 } else { (i + 1) % 4 },
                )
            })
            .collect();
        let c = calibrate(&[set], None);
        let p = c.stance([6.0, 0.0, 0.0, 0.0])[0];
        assert!((p - 0.75).abs() < 0.02, "{p}");
        assert_eq!(c.bias, [0.0; 4]);
        let tilted = calibrate(&[vec![([1.0, 0.0, 0.0, 0.0], 0)]], Some(&[1.0, 2.0, 1.0, 1.0]));
        assert!(tilted.bias[1] < 0.0 && tilted.bias[0] == 0.0);
    }
}
