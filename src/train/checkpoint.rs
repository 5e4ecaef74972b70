//! What a stopped run needs to go on: weights, moments, and how far it was.

use super::adamw::AdamW;
use crate::encoder::params::Params;
use crate::error::{Error, Result};
use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Epochs done.
    pub epoch: usize,
    /// Best mean macro-F1 so far.
    pub best: f64,
}

const LAST: &str = "last.safetensors";
const STATE: &str = "last.json";

/// Write all weights to one safetensors file; the file is whole or not there.
pub fn weights(params: &Params, path: &Path) -> Result<()> {
    save_tensors(&params.tensors().iter().map(|(n, t)| (n.clone(), t.clone())).collect(), path)
}

fn save_tensors(tensors: &BTreeMap<String, Tensor>, path: &Path) -> Result<()> {
    let part = path.with_extension("part");
    let map: HashMap<String, Tensor> = tensors.iter().map(|(n, t)| (n.clone(), t.clone())).collect();
    candle_core::safetensors::save(&map, &part)?;
    std::fs::rename(&part, path).map_err(|e| Error::io(path, e))
}

/// Save after an epoch.
pub fn save(out: &Path, params: &Params, optimiser: &AdamW, progress: Progress) -> Result<()> {
    let mut all = optimiser.state();
    all.extend(params.vars().iter().map(|(n, v)| (format!("w.{n}"), v.as_tensor().clone())));
    save_tensors(&all, &out.join(LAST))?;
    let path = out.join(STATE);
    let text = serde_json::to_string(&progress).map_err(|e| Error::Compute(e.to_string()))?;
    std::fs::write(&path, text).map_err(|e| Error::io(&path, e))
}

/// Go on from `out`, where there is a checkpoint.
pub fn load(out: &Path, params: &Params, optimiser: &mut AdamW, device: &Device) -> Result<Progress> {
    let path = out.join(STATE);
    if !path.is_file() {
        return Ok(Progress { step: 0, epoch: 0, best: -1.0 });
    }
    let bytes = std::fs::read(&path).map_err(|e| Error::io(&path, e))?;
    let damaged =
        |what: String| Error::model(out.display().to_string(), format!("{what}; remove the folder to begin anew"));
    let progress: Progress =
        serde_json::from_slice(&bytes).map_err(|e| damaged(format!("the checkpoint cannot be read: {e}")))?;
    let mut moments = BTreeMap::new();
    for (name, t) in candle_core::safetensors::load(out.join(LAST), device)? {
        match name.strip_prefix("w.") {
            Some(n) => {
                let var =
                    params.vars().get(n).ok_or_else(|| damaged(format!("the checkpoint is of another model ({n})")))?;
                var.set(&t)?;
            }
            None => {
                moments.insert(name, t);
            }
        }
    }
    optimiser.restore(moments, progress.step);
    Ok(progress)
}
