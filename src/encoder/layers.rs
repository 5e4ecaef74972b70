//! Differentiable building blocks. candle's fused layer norm and softmax return no gradient and no error, so
//! training must not use them: these forms are made of plain operations, each with a backward pass, or of those of
//! [`super::fused`].

use super::fused;
use super::params::{Maxima, Params};
use crate::error::Result;
use candle_core::{D, Result as Computed, Tensor};
use std::cell::Cell;

/// `x W' + b`, weight `[out, in]`.
#[derive(Clone)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
    /// Where to tell what comes in, and under which name.
    watch: Option<(String, Maxima)>,
    fused: bool,
}

impl Linear {
    /// `NAME.weight` and `NAME.bias`.
    pub fn load(p: &Params, name: &str, inner: usize, out: usize) -> Result<Self> {
        Ok(Linear {
            weight: p.get(&format!("{name}.weight"), &[out, inner])?,
            bias: p.get(&format!("{name}.bias"), &[out])?,
            watch: p.watched().map(|w| (name.to_string(), w)),
            fused: p.fused(),
        })
    }

    /// Whether its weights are in training on a CPU, where [`super::fused`] is the quicker way.
    pub fn fused(&self) -> bool {
        self.fused
    }

    /// `[.., in]` to `[.., out]`.
    pub fn forward(&self, x: &Tensor) -> Computed<Tensor> {
        if let Some((name, watch)) = &self.watch {
            watch.see(name, x)?;
        }
        let dims = x.dims().to_vec();
        let (inner, out) = (self.weight.dim(1)?, self.weight.dim(0)?);
        let rows = x.elem_count() / inner.max(1);
        let y = x.reshape((rows, inner))?.matmul(&self.weight.t()?)?;
        let y = if self.fused { y.apply_op2(&self.bias, fused::AddBias)? } else { y.broadcast_add(&self.bias)? };
        let mut shape = dims;
        if let Some(last) = shape.last_mut() {
            *last = out;
        }
        y.reshape(shape)
    }
}

/// Layer normalisation over the last dimension.
#[derive(Clone)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
    fused: bool,
}

impl LayerNorm {
    /// `NAME.weight` and `NAME.bias`.
    pub fn load(p: &Params, name: &str, width: usize, eps: f64) -> Result<Self> {
        Ok(LayerNorm {
            weight: p.get(&format!("{name}.weight"), &[width])?,
            bias: p.get(&format!("{name}.bias"), &[width])?,
            eps,
            fused: p.fused(),
        })
    }

    /// Same shape.
    pub fn forward(&self, x: &Tensor) -> Computed<Tensor> {
        if self.fused {
            return x.contiguous()?.apply_op3(&self.weight, &self.bias, fused::Norm { eps: self.eps as f32 });
        }
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let y = centred.broadcast_div(&(variance + self.eps)?.sqrt()?)?;
        y.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)
    }
}

/// Softmax over the last dimension.
pub fn softmax(x: &Tensor) -> Computed<Tensor> {
    // The maximum only steadies the exponent: no gradient need pass through it.
    let e = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?.exp()?;
    e.broadcast_div(&e.sum_keepdim(D::Minus1)?)
}

/// Log of the softmax over the last dimension.
pub fn log_softmax(x: &Tensor) -> Computed<Tensor> {
    let y = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?;
    y.broadcast_sub(&y.exp()?.sum_keepdim(D::Minus1)?.log()?)
}

/// Gaussian error linear unit, erf form, as BERT and MPNet were trained.
pub fn gelu(x: &Tensor, fused: bool) -> Computed<Tensor> {
    if fused { x.contiguous()?.apply_op1(fused::Gelu) } else { x.gelu_erf() }
}

/// Multi-head attention of `q` `[B,A,D]` over `k`, `v` `[B,T,D]` with an additive `bias` that broadcasts to
/// `[B,heads,A,T]`.
pub fn attend(q: &Tensor, k: &Tensor, v: &Tensor, bias: &Tensor, heads: usize, fused: bool) -> Computed<Tensor> {
    let (b, a, d) = q.dims3()?;
    let t = k.dim(1)?;
    let split = |x: &Tensor, n: usize| x.reshape((b, n, heads, d / heads))?.transpose(1, 2)?.contiguous();
    let q = (split(q, a)? * (1.0 / ((d / heads) as f64).sqrt()))?;
    let scores = q.matmul(&split(k, t)?.t()?.contiguous()?)?.broadcast_add(bias)?;
    let shares = if fused { scores.contiguous()?.apply_op1(fused::Softmax)? } else { softmax(&scores)? };
    shares.matmul(&split(v, t)?)?.transpose(1, 2)?.contiguous()?.reshape((b, a, d))
}

/// Dropout with its own seeded stream, so that a run can be repeated and resumed.
pub struct Dropout {
    rate: f64,
    state: Cell<u64>,
}

impl Dropout {
    /// Drop a share of `rate` values.
    pub fn new(rate: f64, seed: u64) -> Self {
        Dropout { rate, state: Cell::new(seed) }
    }

    /// `x` with values dropped and the rest scaled up.
    pub fn apply(&self, x: &Tensor) -> Computed<Tensor> {
        if self.rate <= 0.0 {
            return Ok(x.clone());
        }
        let mask = fused::Mask { rate: self.rate, state: self.state.get() };
        self.state.set(mask.after(x.elem_count()));
        if x.device().is_cpu() {
            return x.contiguous()?.apply_op1(mask);
        }
        x * Tensor::from_iter(mask.factors().take(x.elem_count()), x.device())?.reshape(x.shape())?
    }
}

/// Apply dropout where there is one (in training).
pub fn drop(x: &Tensor, dropout: Option<&Dropout>) -> Computed<Tensor> {
    match dropout {
        Some(d) => d.apply(x),
        None => Ok(x.clone()),
    }
}

/// What SplitMix64 adds to its state for every word.
pub(super) const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// SplitMix64 (Steele, Lea and Flood 2014): small, seedable, the same on every machine.
pub fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(STRIDE);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A random word as a number in `[0, 1)`.
pub fn unit(x: u64) -> f64 {
    (x >> 11) as f64 / (1u64 << 53) as f64
}
