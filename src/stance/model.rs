//! The stance model: encoder and heads. `scripts/reference/model.py` is the same model in PyTorch; golden files hold
//! the two together.

use super::features::{Batch, DISTANCES};
use crate::data::{ActorType, Stance, Voice};
use crate::encoder::config::EncoderConfig;
use crate::encoder::input::Lengths;
use crate::encoder::layers::{Dropout, LayerNorm, Linear, attend, drop, gelu};
use crate::encoder::params::Params;
use crate::encoder::transformer::Transformer;
use crate::error::Result;
use candle_core::{D, Result as Computed, Tensor};
use serde::{Deserialize, Serialize};

/// Roles that the model scores (a holder is whoever has a stance), in the order of its head.
pub const ROLES: [crate::data::Role; 5] = {
    use crate::data::Role::*;
    [Sender, Target, Addressee, Source, Bystander]
};

/// What a model folder's `config.json` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ModelConfig {
    /// The encoder's shape.
    pub encoder: EncoderConfig,
    /// Codes that the model can guess for an actor the gazetteer does not know; `?` is any other.
    pub codes: Vec<String>,
    /// Decoder layers.
    pub depth: usize,
    /// Context tokens.
    pub context: usize,
    /// Title tokens.
    pub title: usize,
    /// Tokens of one window of the paragraph.
    pub paragraph: usize,
}

impl ModelConfig {
    /// How much of each part is read.
    pub fn lengths(&self) -> Lengths {
        Lengths { title: self.title, context: self.context, paragraph: self.paragraph }
    }
}

/// Multi-head attention with residual and norm.
#[derive(Clone)]
struct Cross {
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    norm: LayerNorm,
    heads: usize,
}

impl Cross {
    fn load(p: &Params, name: &str, d: usize, heads: usize) -> Result<Self> {
        let linear = |n: &str| Linear::load(p, &format!("{name}.{n}"), d, d);
        let norm = LayerNorm::load(p, &format!("{name}.norm"), d, 1e-5)?;
        Ok(Cross { q: linear("q")?, k: linear("k")?, v: linear("v")?, o: linear("o")?, norm, heads })
    }

    fn forward(&self, x: &Tensor, y: &Tensor, bias: &Tensor, dropout: Option<&Dropout>) -> Computed<Tensor> {
        let fused = self.q.fused();
        let z = attend(&self.q.forward(x)?, &self.k.forward(y)?, &self.v.forward(y)?, bias, self.heads, fused)?;
        self.norm.forward(&(x + drop(&self.o.forward(&z)?, dropout)?)?)
    }
}

/// One step of the actors: look at the tokens, at each other, think.
#[derive(Clone)]
struct Decoder {
    look: Cross,
    meet: Cross,
    up: Linear,
    down: Linear,
    norm: LayerNorm,
}

/// Encoder and heads.
#[derive(Clone)]
pub struct StanceModel {
    encoder: Transformer,
    heads: Heads,
}

/// Everything after the token states.
#[derive(Clone)]
pub struct Heads {
    enter: Linear,
    distance: Tensor,
    segment: Tensor,
    decoder: Vec<Decoder>,
    hidden: Linear,
    stance: Linear,
    kind: Linear,
    code: Linear,
    roles: Linear,
    voice: Linear,
    mention: Linear,
    target: Linear,
    about: Linear,
    evidence_q: Linear,
    evidence_k: Linear,
    evidence_b: Tensor,
}

/// Logits over the tokens of B paragraphs.
pub struct TokenLogits {
    /// `[B,T,3]`: outside, begins a mention, goes on.
    pub mention: Tensor,
    /// `[B,T]`: the token names a target.
    pub target: Tensor,
    /// `[B]`: the paragraph is about sanctions.
    pub about: Tensor,
}

/// Logits over the actors of B paragraphs.
pub struct ActorLogits {
    /// `[B,A,4]`, order of [`Stance::ALL`].
    pub stance: Tensor,
    /// `[B,A,6]`, order of [`ActorType::ALL`].
    pub kind: Tensor,
    /// `[B,A,codes]`.
    pub code: Tensor,
    /// `[B,A,5]`, order of [`ROLES`].
    pub roles: Tensor,
    /// `[B,A,3]`, order of [`Voice::ALL`].
    pub voice: Tensor,
    /// `[B,A,T]`: the token is part of the evidence.
    pub evidence: Tensor,
}

impl StanceModel {
    /// From named weights.
    ///
    /// # Errors
    /// Names a weight that is missing or of another shape.
    pub fn load(p: &Params, c: &ModelConfig) -> Result<Self> {
        c.encoder.check()?;
        Ok(StanceModel { encoder: Transformer::load(p, &c.encoder)?, heads: Heads::load(p, c)? })
    }

    /// Token states `[B,T,D]`.
    ///
    /// # Errors
    /// Too many tokens, or the device's own.
    pub fn states(&self, b: &Batch, dropout: Option<&Dropout>) -> Result<Tensor> {
        self.encoder.forward(&b.ids, &b.kinds, &b.keep, dropout)
    }

    /// The heads.
    pub fn heads(&self) -> &Heads {
        &self.heads
    }
}

impl Heads {
    /// From named weights.
    ///
    /// # Errors
    /// Names a weight that is missing or of another shape.
    pub fn load(p: &Params, c: &ModelConfig) -> Result<Self> {
        let (d, h) = (c.encoder.hidden_size, c.encoder.num_attention_heads);
        let linear = |n: &str, o| Linear::load(p, n, d, o);
        let decoder = (0..c.depth)
            .map(|i| {
                let n = |x: &str| format!("decoder.{i}.{x}");
                Ok(Decoder {
                    look: Cross::load(p, &n("look"), d, h)?,
                    meet: Cross::load(p, &n("meet"), d, h)?,
                    up: Linear::load(p, &n("up"), d, 2 * d)?,
                    down: Linear::load(p, &n("down"), 2 * d, d)?,
                    norm: LayerNorm::load(p, &n("norm"), d, 1e-5)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Heads {
            enter: linear("enter", d)?,
            distance: p.get("distance.weight", &[DISTANCES, h])?,
            segment: p.get("segment.weight", &[3, h])?,
            decoder,
            hidden: Linear::load(p, "hidden", 3 * d, d)?,
            stance: linear("stance", Stance::ALL.len())?,
            kind: linear("actor_type", ActorType::ALL.len())?,
            code: linear("actor_code", c.codes.len())?,
            roles: linear("actor_roles", ROLES.len())?,
            voice: linear("actor_voice", Voice::ALL.len())?,
            mention: linear("mention", 3)?,
            target: linear("target", 1)?,
            about: linear("about", 1)?,
            evidence_q: linear("evidence_q", d / 2)?,
            evidence_k: linear("evidence_k", d / 2)?,
            evidence_b: p.get("evidence_b", &[1])?,
        })
    }

    /// What the tokens alone tell.
    pub fn tokens(&self, states: &Tensor, dropout: Option<&Dropout>) -> Computed<TokenLogits> {
        let first = states.narrow(1, 0, 1)?.squeeze(1)?;
        Ok(TokenLogits {
            mention: self.mention.forward(&drop(states, dropout)?)?,
            target: self.target.forward(&drop(states, dropout)?)?.squeeze(D::Minus1)?,
            about: self.about.forward(&drop(&first, dropout)?)?.squeeze(D::Minus1)?,
        })
    }

    /// Type and code logits of spans, from the means of their token states `[N,D]`.
    pub fn spans(&self, pooled: &Tensor) -> Computed<(Tensor, Tensor)> {
        Ok((self.kind.forward(pooled)?, self.code.forward(pooled)?))
    }

    /// What is told of each actor; A must not be 0.
    pub fn actors(&self, states: &Tensor, b: &Batch, dropout: Option<&Dropout>) -> Computed<ActorLogits> {
        let (bs, a, t) = b.actors.dims3()?;
        let d = states.dim(2)?;
        let count = b.actors.sum_keepdim(D::Minus1)?.clamp(1f64, f64::INFINITY)?;
        let pooled = b.actors.matmul(states)?.broadcast_div(&count)?;
        let look =
            |table: &Tensor, i: &Tensor| table.index_select(&i.flatten_all()?, 0)?.reshape((bs, a, t, table.dim(1)?));
        let near = (look(&self.distance, &b.distance)? + look(&self.segment, &b.segment)?)?.permute((0, 3, 1, 2))?;
        let absent = |keep: &Tensor, n: usize| ((keep - 1.0)? * 1e4)?.reshape((bs, 1, 1, n));
        let token_bias = near.broadcast_add(&absent(&b.keep, t)?)?;
        let actor_bias = absent(&b.present, a)?;
        let mut z = drop(&self.enter.forward(&pooled)?, dropout)?;
        for l in &self.decoder {
            z = l.look.forward(&z, states, &token_bias, dropout)?;
            z = l.meet.forward(&z, &z, &actor_bias, dropout)?;
            let f = l.down.forward(&gelu(&l.up.forward(&z)?, l.up.fused())?)?;
            z = l.norm.forward(&(&z + drop(&f, dropout)?)?)?;
        }
        let first = states.narrow(1, 0, 1)?.broadcast_as((bs, a, d))?;
        let all = Tensor::cat(&[&z, &pooled, &first], D::Minus1)?;
        let y = gelu(&self.hidden.forward(&drop(&all, dropout)?)?, self.hidden.fused())?;
        let stance = self.stance.forward(&drop(&y, dropout)?)?;
        // Type and code come from the mention alone, so that they can be asked before actors are resolved.
        let (z, seen) = (drop(&z, dropout)?, drop(&pooled, dropout)?);
        let q = self.evidence_q.forward(&z)?;
        let k = self.evidence_k.forward(&drop(states, dropout)?)?;
        let scale = 1.0 / (q.dim(D::Minus1)? as f64).sqrt();
        let evidence = (q.matmul(&k.t()?)? * scale)?.broadcast_add(&self.evidence_b)?;
        Ok(ActorLogits {
            stance,
            kind: self.kind.forward(&seen)?,
            code: self.code.forward(&seen)?,
            roles: self.roles.forward(&z)?,
            voice: self.voice.forward(&z)?,
            evidence,
        })
    }
}
