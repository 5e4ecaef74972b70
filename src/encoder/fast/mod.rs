//! The encoder in int8: the same function as [`super::transformer`], several times as fast on a CPU.
//!
//! Activations get one scale per token, weights have one per output channel; attention and what lies between the
//! products is f32. A sequence's states have the same bits whatever it is packed with, on however many threads, and
//! on every instruction set.

pub mod arena;
pub mod attention;
mod embed;
pub mod heads;
pub mod kernels;
mod layer;
pub mod ops;
pub mod product;
pub mod weights;

pub use arena::Arena;
pub use heads::{Actor, ActorLogits, FastHeads, HeadArena, TokenLogits};
pub use kernels::Kernels;
pub use weights::{Bytes, Weights};

use super::config::{EncoderConfig, Kind};
use super::transformer::relative_bucket;
use crate::error::{Error, Result};
use attention::Bias;
use embed::Embedding;
use kernels::MAX_ROWS;
use layer::{Layer, Rows};

/// An encoder whose weights stay where they lie.
pub struct FastEncoder {
    kernels: Kernels,
    embedding: Embedding,
    layers: Vec<Layer>,
    /// MPNet's bias for every head and distance, times log₂ e.
    relative: Option<Vec<f32>>,
    config: EncoderConfig,
}

/// Ids and segments (0 before the paragraph, 1 from it on; read by BERT only) of one sequence.
pub type Sequence<'a> = (&'a [u32], &'a [u32]);

impl FastEncoder {
    /// Weights under `encoder.`, as `scripts/reference/export.py` stores them; with the fastest kernels of this CPU.
    ///
    /// # Errors
    /// Names a weight that is missing, of another kind or shape, or a width that the kernels cannot do.
    pub fn new(weights: &Weights, config: &EncoderConfig) -> Result<Self> {
        Self::with_kernels(weights, config, Kernels::best())
    }

    /// The same with the kernels of one's choice.
    ///
    /// # Errors
    /// As [`FastEncoder::new`].
    pub fn with_kernels(weights: &Weights, config: &EncoderConfig, kernels: Kernels) -> Result<Self> {
        config.check()?;
        if !config.head_width().is_multiple_of(16) {
            return Err(Error::model(
                "config.json",
                format!("heads of width {}, expected a multiple of 16", config.head_width()),
            ));
        }
        let relative = match config.kind {
            Kind::Bert => None,
            Kind::MpNet => Some(relative(weights, config)?),
        };
        let embedding = Embedding::load(weights, config)?;
        let layers = (0..config.num_hidden_layers).map(|i| Layer::load(weights, i, config)).collect::<Result<_>>()?;
        Ok(FastEncoder { kernels, embedding, layers, relative, config: config.clone() })
    }

    /// The kernels in use.
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// Width of a state.
    pub fn width(&self) -> usize {
        self.config.hidden_size
    }

    /// States `[T,D]` of one sequence, on this thread.
    ///
    /// # Errors
    /// A sequence that is too long, or an id or segment that the model does not have.
    pub fn encode<'a>(&self, ids: &[u32], kinds: &[u32], arena: &'a mut Arena) -> Result<&'a [f32]> {
        self.forward(&[(ids, kinds)], arena, false)
    }

    /// States of several sequences, one after the other, on this thread: the larger the pack (some 256 tokens are
    /// enough), the more each weight that is read is used. Every sequence's states are those of [`FastEncoder::encode`].
    ///
    /// # Errors
    /// As [`FastEncoder::encode`].
    pub fn encode_packed<'a>(&self, sequences: &[Sequence], arena: &'a mut Arena) -> Result<&'a [f32]> {
        self.forward(sequences, arena, false)
    }

    /// States of one sequence, computed by two threads of the current rayon pool; for a single one that is waited for.
    ///
    /// # Errors
    /// As [`FastEncoder::encode`].
    pub fn encode_split<'a>(&self, ids: &[u32], kinds: &[u32], arena: &'a mut Arena) -> Result<&'a [f32]> {
        self.forward(&[(ids, kinds)], arena, true)
    }

    fn forward<'a>(&self, sequences: &[Sequence], arena: &'a mut Arena, split: bool) -> Result<&'a [f32]> {
        let d = self.config.hidden_size;
        let heads = self.config.num_attention_heads;
        let lengths: Vec<usize> = sequences.iter().map(|(ids, _)| ids.len()).collect();
        let n = lengths.iter().sum::<usize>();
        let Arena { x, xq, xs, c, parts } = arena;
        self.embedding.forward(self.kernels, sequences, x, xq, xs)?;
        let (x, xs) = (x.take(n * d), xs.take(n));
        let xq = xq.take(n.next_multiple_of(MAX_ROWS) * d);
        let room = self.embedding.room();
        let bias = match &self.relative {
            None => Bias::None,
            Some(table) => Bias::Relative { table, stride: 2 * room + 16, middle: room },
        };
        let rows = Rows { kernels: self.kernels, lengths: &lengths, head_width: self.config.head_width(), bias };
        let half = heads / 2;
        let split = split && n > 16 && heads.is_multiple_of(2) && (d / 2).is_multiple_of(16);
        for layer in &self.layers {
            let [c0, c1] = &mut *c;
            let [p0, p1] = &mut *parts;
            if split {
                let at = (n / 2).next_multiple_of(16);
                rayon::join(
                    || layer.attend(rows, xq, xs, 0..half, p0, c0),
                    || layer.attend(rows, xq, xs, half..heads, p1, c1),
                );
                let (a, b) = (c0.take(n * d / 2).split_at(at * d / 2), c1.take(n * d / 2).split_at(at * d / 2));
                let (x0, x1) = x.split_at_mut(at * d);
                let (xq0, xq1) = xq.split_at_mut(at * d);
                let (xs0, xs1) = xs.split_at_mut(at);
                rayon::join(
                    || layer.think(self.kernels, [a.0, b.0], x0, xq0, xs0, p0),
                    || layer.think(self.kernels, [a.1, b.1], x1, xq1, xs1, p1),
                );
            } else {
                layer.attend(rows, xq, xs, 0..heads, p0, c0);
                layer.think(self.kernels, [c0.take(n * d), &[]], x, xq, xs, p0);
            }
        }
        Ok(x)
    }
}

/// `[heads][2 * room + 16]`: distance `k - q` at `room + k - q`.
fn relative(weights: &Weights, c: &EncoderConfig) -> Result<Vec<f32>> {
    let (buckets, heads) = (c.relative_attention_num_buckets, c.num_attention_heads);
    let table = weights.f32("encoder.relative.weight", &[buckets, heads])?;
    let room = c.max_position_embeddings - c.first_position();
    let mut out = Vec::with_capacity(heads * (2 * room + 16));
    for head in 0..heads {
        for i in 0..2 * room + 16 {
            let bucket = relative_bucket(i.abs_diff(room), i > room, buckets) as usize;
            out.push(table.get(bucket * heads + head).copied().unwrap_or(0.0) * std::f32::consts::LOG2_E);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
