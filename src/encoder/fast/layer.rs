//! One encoder layer over rows of several sequences. Up to the attention the work is split by heads, after it by rows:
//! two threads meet twice in a layer.

use super::arena::{Lines, Part};
use super::attention::{Attention, Bias, scratch};
use super::kernels::{Kernels, LANES, MAX_ROWS};
use super::ops::{Far, Norm, Quantise, QuantiseActivated};
use super::product::{AddFar, Product, Then};
use super::weights::{Linear, NormWeights, Weights};
use crate::encoder::config::EncoderConfig;
use crate::error::Result;
use std::ops::Range;

/// Rows of the feed-forward part at a time: its wide rows then stay in the second cache.
const BLOCK: usize = 64;

pub(super) struct Layer {
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    attn_norm: NormWeights,
    up: Linear,
    down: Linear,
    ffn_norm: NormWeights,
}

/// What the rows are: lengths of the sequences, one after the other, and how the attention is biased.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub kernels: Kernels,
    pub lengths: &'a [usize],
    pub head_width: usize,
    pub bias: Bias<'a>,
}

impl Layer {
    /// Layer `i`.
    pub fn load(w: &Weights, i: usize, c: &EncoderConfig) -> Result<Self> {
        let (d, f) = (c.hidden_size, c.intermediate_size);
        let name = |n: &str| format!("encoder.layers.{i}.{n}");
        let linear = |n: &str, i, o| Linear::load(w, &name(n), i, o);
        let reads = |n: &str, o| Linear::load_smooth(w, &name(n), d, o);
        let norm = |n: &str| NormWeights::load(w, &name(n), d, c.layer_norm_eps);
        Ok(Layer {
            q: reads("q", d)?,
            k: reads("k", d)?,
            v: reads("v", d)?,
            o: linear("o", d, d)?,
            attn_norm: norm("attn_norm")?.smoothed(w.smooth(&[name("up")], d)?),
            up: reads("up", f)?,
            down: linear("down", f, d)?.activated(),
            ffn_norm: norm("ffn_norm")?.smoothed(Self::smooth(w, i + 1, d)?),
        })
    }

    /// What layer `i` expects the channels of its int8 states to be multiplied by, `[d]`; all 1 beyond the last.
    pub fn smooth(w: &Weights, i: usize, d: usize) -> Result<Vec<f32>> {
        w.smooth(&["q", "k", "v"].map(|n| format!("encoder.layers.{i}.{n}")), d)
    }

    /// Attention of some heads: quantised states `xq` `[R,D]` to `c` `[R, heads * width]`.
    pub fn attend(&self, rows: Rows, xq: &[u8], xs: &[f32], heads: Range<usize>, part: &mut Part, c: &mut Lines<f32>) {
        let width = rows.head_width;
        let columns = heads.start * width..heads.end * width;
        let stride = columns.len();
        let n = xs.len() * stride;
        let (q, k, v, c) = (part.q.take(n), part.k.take(n), part.v.take(n), c.take(n));
        for (linear, out) in [(&self.q, &mut *q), (&self.k, &mut *k), (&self.v, &mut *v)] {
            let by = linear.part(columns.clone());
            rows.kernels.run(Product { x: xq, scale: xs, by, out, stride, then: Then::Set });
        }
        let bias = match rows.bias {
            Bias::Relative { table, stride, middle } => {
                Bias::Relative { table: &table[heads.start * stride..], stride, middle }
            }
            other => other,
        };
        let mut at = 0;
        for &len in rows.lengths {
            let own = at * stride..(at + len) * stride;
            rows.kernels.run(Attention {
                q: &q[own.clone()],
                k: &k[own.clone()],
                v: &v[own.clone()],
                queries: len,
                keys: len,
                heads: heads.len(),
                width,
                stride,
                bias,
                scratch: part.scratch.take(scratch(len, width)),
                out: &mut c[own],
            });
            at += len;
        }
    }

    /// What follows the attention, for some rows: `c` holds them in one piece or in two halves of the columns. States
    /// `x` `[r,D]`, and as int8 `xq` (padded to whole tiles) with `xs` `[r]`.
    pub fn think(
        &self,
        kernels: Kernels,
        c: [&[f32]; 2],
        x: &mut [f32],
        xq: &mut [u8],
        xs: &mut [f32],
        part: &mut Part,
    ) {
        let (d, f) = (self.o.inner, self.up.out);
        let rows = xs.len();
        let aq = part.aq.take(rows.next_multiple_of(MAX_ROWS) * d);
        let a_s = part.a_s.take(rows);
        let c = if c[1].is_empty() {
            c[0]
        } else {
            let joined = part.q.take(rows * d);
            for (to, (a, b)) in joined.chunks_exact_mut(d).zip(c[0].chunks_exact(d / 2).zip(c[1].chunks_exact(d / 2))) {
                to[..d / 2].copy_from_slice(a);
                to[d / 2..].copy_from_slice(b);
            }
            joined
        };
        kernels.run(Quantise { x: c, stride: d, width: d, q: aq, scale: a_s });
        kernels.run(Product { x: aq, scale: a_s, by: self.o.panels(), out: x, stride: d, then: Then::Add });
        let n = &self.attn_norm;
        kernels.run(Norm { x, weight: &n.weight, bias: &n.bias, eps: n.eps, smooth: &n.smooth, q: xq, scale: xs });
        // One line more than a row: rows of a power of two would all want the same few lines of the first cache.
        let stride = f + LANES;
        let h = part.h.take(BLOCK * stride);
        let hq = part.hq.take(BLOCK * f);
        let blocks = x.chunks_mut(BLOCK * d).zip(xq.chunks(BLOCK * d)).zip(xs.chunks(BLOCK));
        for ((x, xq), xs) in blocks {
            let h = &mut h[..xs.len() * stride];
            kernels.run(Product { x: xq, scale: xs, by: self.up.panels(), out: h, stride, then: Then::Gelu });
            let hs = &mut a_s[..xs.len()];
            let far = &mut [Far::default(); BLOCK][..xs.len()];
            kernels.run(QuantiseActivated { x: h, stride, width: f, q: hq, scale: hs, far });
            let by = self.down.panels();
            kernels.run(Product { x: hq, scale: hs, by, out: x, stride: d, then: Then::AddActivated });
            kernels.run(AddFar { far, by, out: x, stride: d });
        }
        let n = &self.ffn_norm;
        kernels.run(Norm { x, weight: &n.weight, bias: &n.bias, eps: n.eps, smooth: &n.smooth, q: xq, scale: xs });
    }
}
