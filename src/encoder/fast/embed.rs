//! Token ids to the states that the first layer reads.

use super::arena::Lines;
use super::kernels::{Kernels, MAX_ROWS};
use super::layer::Layer;
use super::ops::Norm;
use super::weights::{NormWeights, Raw, Weights};
use crate::encoder::config::{EncoderConfig, Kind};
use crate::error::{Error, Result};

pub(super) struct Embedding {
    /// `[vocabulary, D]` int8, in place.
    word: Raw,
    /// `[vocabulary]`.
    word_scale: Vec<f32>,
    /// `[positions, D]`, from the first one in use.
    position: Vec<f32>,
    /// `[segments, D]`; empty for MPNet.
    kind: Vec<f32>,
    norm: NormWeights,
    width: usize,
}

impl Embedding {
    pub fn load(w: &Weights, c: &EncoderConfig) -> Result<Self> {
        let d = c.hidden_size;
        let mut position = w.f32("encoder.position.weight", &[c.max_position_embeddings, d])?;
        position.drain(..c.first_position() * d);
        Ok(Embedding {
            word: w.raw("encoder.word.weight", &[c.vocab_size, d])?,
            word_scale: w.f32("encoder.word.weight.scale", &[c.vocab_size])?,
            position,
            kind: match c.kind {
                Kind::Bert => w.f32("encoder.kind.weight", &[c.type_vocab_size, d])?,
                Kind::MpNet => Vec::new(),
            },
            norm: NormWeights::load(w, "encoder.norm", d, c.layer_norm_eps)?.smoothed(Layer::smooth(w, 0, d)?),
            width: d,
        })
    }

    /// Tokens that a sequence may have.
    pub fn room(&self) -> usize {
        self.position.len() / self.width
    }

    /// Fill `x` `[R,D]`, `xq` (padded to whole tiles) and `xs` `[R]` with all sequences, one after the other.
    pub fn forward(
        &self,
        kernels: Kernels,
        sequences: &[(&[u32], &[u32])],
        x: &mut Lines<f32>,
        xq: &mut Lines<u8>,
        xs: &mut Lines<f32>,
    ) -> Result<()> {
        let d = self.width;
        let rows = sequences.iter().map(|(ids, _)| ids.len()).sum::<usize>();
        let x = x.take(rows * d);
        let mut free = x.chunks_exact_mut(d);
        let word = self.word.get();
        for &(ids, kinds) in sequences {
            self.check(ids, kinds)?;
            for (i, ((&id, position), x)) in ids.iter().zip(self.position.chunks_exact(d)).zip(&mut free).enumerate() {
                let (Some(row), Some(&scale)) =
                    (word.get(id as usize * d..(id as usize + 1) * d), self.word_scale.get(id as usize))
                else {
                    return Err(Error::Compute(format!(
                        "token {id} is not among the model's {}",
                        self.word_scale.len()
                    )));
                };
                for ((x, &w), p) in x.iter_mut().zip(row).zip(position) {
                    *x = f32::from(w as i8) * scale + p;
                }
                if !self.kind.is_empty() {
                    let kind = kinds[i] as usize;
                    let kind = self.kind.get(kind * d..(kind + 1) * d);
                    let kind = kind.ok_or_else(|| Error::Compute("the model has no such segment".into()))?;
                    x.iter_mut().zip(kind).for_each(|(x, k)| *x += k);
                }
            }
        }
        let xq = xq.take(rows.next_multiple_of(MAX_ROWS) * d);
        let n = &self.norm;
        kernels.run(Norm {
            x,
            weight: &n.weight,
            bias: &n.bias,
            eps: n.eps,
            smooth: &n.smooth,
            q: xq,
            scale: xs.take(rows),
        });
        Ok(())
    }

    fn check(&self, ids: &[u32], kinds: &[u32]) -> Result<()> {
        if ids.len() > self.room() {
            return Err(Error::Compute(format!(
                "{} tokens at once, the model has room for {}",
                ids.len(),
                self.room()
            )));
        }
        if !self.kind.is_empty() && kinds.len() != ids.len() {
            return Err(Error::Compute(format!("{} tokens but {} segments", ids.len(), kinds.len())));
        }
        Ok(())
    }
}
