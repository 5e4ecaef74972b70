//! One loss a task, each a mean over what is labelled, added with fixed weights.

use super::data::Gold;
use crate::encoder::layers::{Dropout, log_softmax};
use crate::error::Result;
use crate::stance::features::Batch;
use crate::stance::model::StanceModel;
use candle_core::{D, Result as Computed, Tensor};

/// Weights of the tasks beside stance, and the share of its label that goes to the other classes.
#[derive(Debug, Clone, Copy)]
pub struct Weights {
    /// Mention tags.
    pub mention: f64,
    /// Type, code, voice.
    pub actor: f64,
    /// Roles.
    pub roles: f64,
    /// Evidence.
    pub evidence: f64,
    /// About sanctions.
    pub about: f64,
    /// Targets.
    pub target: f64,
    /// Label smoothing (Szegedy et al. 2016).
    pub smoothing: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Weights { mention: 0.4, actor: 0.1, roles: 0.2, evidence: 0.3, about: 0.1, target: 0.2, smoothing: 0.05 }
    }
}

/// Weighted cross-entropy of `logits` `[N,C]` with labels `[N]`.
fn classes(logits: &Tensor, (y, w): &(Tensor, Tensor)) -> Computed<Tensor> {
    let right = log_softmax(logits)?.gather(&y.unsqueeze(1)?, 1)?.squeeze(1)?;
    mean(&right.neg()?, w)
}

/// The same with probabilities `[N,C]` (Hinton et al. 2015).
fn probabilities(logits: &Tensor, (y, w): &(Tensor, Tensor)) -> Computed<Tensor> {
    mean(&(log_softmax(logits)? * y)?.sum(D::Minus1)?.neg()?, w)
}

/// Weighted binary cross-entropy with logits, in the form that cannot overflow.
fn binary(logits: &Tensor, (y, w): &(Tensor, Tensor)) -> Computed<Tensor> {
    let soft = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    let loss = ((logits.relu()? - (logits * y)?)? + soft)?;
    mean(&loss, w)
}

fn mean(loss: &Tensor, w: &Tensor) -> Computed<Tensor> {
    let n = f64::from(w.sum_all()?.to_scalar::<f32>()?);
    (loss * w)?.sum_all()? / n.max(1.0)
}

/// The loss of a batch and, for the log, that of the stances alone.
///
/// # Errors
/// The device's own.
pub fn loss(
    model: &StanceModel,
    x: &Batch,
    gold: &Gold,
    weights: Weights,
    dropout: Option<&Dropout>,
) -> Result<(Tensor, f32)> {
    let states = model.states(x, dropout)?;
    let heads = model.heads();
    let t = heads.tokens(&states, dropout)?;
    let (b, len) = x.ids.dims2()?;
    let mut sum = (classes(&t.mention.reshape((b * len, 3))?, &gold.mention)? * weights.mention)?;
    sum = (sum + (binary(&t.about, &gold.about)? * weights.about)?)?;
    sum = (sum + (binary(&t.target, &gold.target)? * weights.target)?)?;
    let a = x.actors.dim(1)?;
    let mut stance = 0.0;
    if a > 0 {
        let o = heads.actors(&states, x, dropout)?;
        let flat = |t: &Tensor| -> Computed<Tensor> { t.reshape((b * a, t.dim(2)?)) };
        let s = probabilities(&flat(&o.stance)?, &gold.stance)?;
        stance = s.to_scalar::<f32>()?;
        sum = (sum + s)?;
        for (logits, y) in [(&o.kind, &gold.kind), (&o.code, &gold.code), (&o.voice, &gold.voice)] {
            sum = (sum + (classes(&flat(logits)?, y)? * weights.actor)?)?;
        }
        sum = (sum + (binary(&o.roles, &gold.roles)? * weights.roles)?)?;
        sum = (sum + (binary(&o.evidence, &gold.evidence)? * weights.evidence)?)?;
    }
    Ok((sum, stance))
}
