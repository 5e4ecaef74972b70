//! One post-norm transformer for BERT and MPNet kinds, in candle: the reference for every faster path.

use super::config::{EncoderConfig, Kind};
use super::layers::{Dropout, LayerNorm, Linear, attend, drop, gelu};
use super::params::Params;
use crate::error::{Error, Result};
use candle_core::{DType, Device, Result as Computed, Tensor};

/// Token ids to token states.
#[derive(Clone)]
pub struct Transformer {
    word: Tensor,
    position: Tensor,
    /// BERT's segment embedding; MPNet has none.
    kind: Option<Tensor>,
    /// MPNet's relative position bias `[buckets, heads]`; BERT has none.
    relative: Option<Tensor>,
    norm: LayerNorm,
    layers: Vec<Layer>,
    config: EncoderConfig,
}

#[derive(Clone)]
struct Layer {
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    attn_norm: LayerNorm,
    up: Linear,
    down: Linear,
    ffn_norm: LayerNorm,
}

impl Layer {
    fn load(p: &Params, name: &str, c: &EncoderConfig) -> Result<Self> {
        let (d, f) = (c.hidden_size, c.intermediate_size);
        let linear = |n: &str, i, o| Linear::load(p, &format!("{name}.{n}"), i, o);
        let norm = |n: &str| LayerNorm::load(p, &format!("{name}.{n}"), d, c.layer_norm_eps);
        Ok(Layer {
            q: linear("q", d, d)?,
            k: linear("k", d, d)?,
            v: linear("v", d, d)?,
            o: linear("o", d, d)?,
            attn_norm: norm("attn_norm")?,
            up: linear("up", d, f)?,
            down: linear("down", f, d)?,
            ffn_norm: norm("ffn_norm")?,
        })
    }

    fn forward(&self, x: &Tensor, bias: &Tensor, heads: usize, dropout: Option<&Dropout>) -> Computed<Tensor> {
        let fused = self.q.fused();
        let a = attend(&self.q.forward(x)?, &self.k.forward(x)?, &self.v.forward(x)?, bias, heads, fused)?;
        let x = self.attn_norm.forward(&(x + drop(&self.o.forward(&a)?, dropout)?)?)?;
        let f = self.down.forward(&gelu(&self.up.forward(&x)?, fused)?)?;
        self.ffn_norm.forward(&(&x + drop(&f, dropout)?)?)
    }
}

impl Transformer {
    /// Weights under `encoder.`.
    pub fn load(p: &Params, config: &EncoderConfig) -> Result<Self> {
        let c = config.clone();
        let d = c.hidden_size;
        let table = |n: &str, rows| p.get(&format!("encoder.{n}.weight"), &[rows, d]);
        Ok(Transformer {
            word: table("word", c.vocab_size)?,
            position: table("position", c.max_position_embeddings)?,
            kind: match c.kind {
                Kind::Bert => Some(table("kind", c.type_vocab_size)?),
                Kind::MpNet => None,
            },
            relative: match c.kind {
                Kind::Bert => None,
                Kind::MpNet => {
                    Some(p.get("encoder.relative.weight", &[c.relative_attention_num_buckets, c.num_attention_heads])?)
                }
            },
            norm: LayerNorm::load(p, "encoder.norm", d, c.layer_norm_eps)?,
            layers: (0..c.num_hidden_layers)
                .map(|i| Layer::load(p, &format!("encoder.layers.{i}"), &c))
                .collect::<Result<_>>()?,
            config: c,
        })
    }

    /// `ids`, `kinds` (0 before the paragraph, 1 from it on) and `keep` (1 where there is a token), all
    /// `[B,T]`, to states `[B,T,D]`. `kinds` is read by BERT only.
    ///
    /// # Errors
    /// A text longer than the model's positions, or a failure of the device.
    pub fn forward(&self, ids: &Tensor, kinds: &Tensor, keep: &Tensor, dropout: Option<&Dropout>) -> Result<Tensor> {
        let t = ids.dim(1)?;
        if t + self.config.first_position() > self.config.max_position_embeddings {
            return Err(Error::Compute(format!(
                "{t} tokens at once, the model has room for {}",
                self.config.max_position_embeddings - self.config.first_position()
            )));
        }
        Ok(self.states(ids, kinds, keep, dropout)?)
    }

    fn states(&self, ids: &Tensor, kinds: &Tensor, keep: &Tensor, dropout: Option<&Dropout>) -> Computed<Tensor> {
        let (b, t) = ids.dims2()?;
        let d = self.config.hidden_size;
        let look = |table: &Tensor, i: &Tensor| table.index_select(&i.flatten_all()?, 0)?.reshape((b, t, d));
        let mut x =
            look(&self.word, ids)?.broadcast_add(&self.position.narrow(0, self.config.first_position(), t)?)?;
        if let Some(kind) = &self.kind {
            x = (x + look(kind, kinds)?)?;
        }
        let mut x = drop(&self.norm.forward(&x)?, dropout)?;
        // Tokens that are not there get a bias so low that the softmax leaves nothing for them.
        let mut bias = ((keep.to_dtype(DType::F32)? - 1.0)? * 1e4)?.reshape((b, 1, 1, t))?;
        if let Some(r) = &self.relative {
            let buckets =
                Tensor::from_vec(relative_buckets(t, self.config.relative_attention_num_buckets), t * t, ids.device())?;
            let r =
                r.index_select(&buckets, 0)?.reshape((t, t, self.config.num_attention_heads))?.permute((2, 0, 1))?;
            bias = bias.broadcast_add(&r.unsqueeze(0)?)?;
        }
        for layer in &self.layers {
            x = layer.forward(&x, &bias, self.config.num_attention_heads, dropout)?;
        }
        Ok(x)
    }

    /// The device of the weights.
    pub fn device(&self) -> &Device {
        self.word.device()
    }
}

/// MPNet's bucket for every (query, key) pair of `t` tokens, row by row: half of the buckets for keys that come
/// later; in each half one bucket a step up to a quarter of all, then logarithmic steps up to distance 128 (Raffel
/// et al. 2020, bidirectional form).
pub fn relative_buckets(t: usize, buckets: usize) -> Vec<u32> {
    (0..t).flat_map(|q| (0..t).map(move |k| relative_bucket(q.abs_diff(k), k > q, buckets))).collect()
}

/// The bucket of one distance.
pub fn relative_bucket(distance: usize, later: bool, buckets: usize) -> u32 {
    let half = buckets / 2;
    let exact = half / 2;
    let near = if distance < exact {
        distance
    } else {
        // In f32, as the weights were trained: at powers of two rounding decides the bucket.
        let steps = (distance as f32 / exact as f32).ln() / (128f32 / exact as f32).ln() * (half - exact) as f32;
        (exact + steps as usize).min(half - 1)
    };
    (near + if later { half } else { 0 }) as u32
}
