//! Everything after the token states, in int8 where it is wide and f32 where it is narrow: the same function as the
//! stance model's heads in candle.

use super::arena::{Lines, Part};
use super::attention::{Attention, Bias, scratch};
use super::kernels::{Kernels, LANES, MAX_ROWS};
use super::ops::{Narrow, Norm, Quantise};
use super::product::{Product, Then};
use super::weights::{Linear, NormWeights, Weights};
use crate::encoder::config::EncoderConfig;
use crate::error::{Error, Result};
use std::f32::consts::LOG2_E;

/// Segments of a token as an actor sees it.
const SEGMENTS: usize = 3;

/// The heads; make one beside each encoder.
pub struct FastHeads {
    kernels: Kernels,
    enter: Linear,
    /// `[heads][distance bucket][segment]`, times log₂ e.
    near: Vec<f32>,
    buckets: usize,
    decoder: Vec<Decoder>,
    hidden: Linear,
    stance: Dense,
    kind: Dense,
    code: Dense,
    roles: Dense,
    voice: Dense,
    mention: Dense,
    target: Dense,
    about: Dense,
    evidence_q: Linear,
    evidence_k: Linear,
    evidence_b: f32,
    width: usize,
    heads: usize,
}

struct Cross {
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    norm: NormWeights,
}

struct Decoder {
    look: Cross,
    meet: Cross,
    up: Linear,
    down: Linear,
    norm: NormWeights,
}

/// A linear layer as the exporter chose to store it.
enum Dense {
    Wide(Linear),
    Narrow { weight: Vec<f32>, bias: Vec<f32>, width: usize },
}

/// Buffers of the heads. Make one for each thread.
#[derive(Debug, Default)]
pub struct HeadArena {
    part: Part,
    /// The tokens' states as int8, and their scales.
    xq: Lines<u8>,
    xs: Lines<f32>,
    pooled: Lines<f32>,
    z: Lines<f32>,
    c: Lines<f32>,
    wide: Lines<f32>,
    bias: Lines<f32>,
}

/// One actor of a sequence of T tokens.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// Positions of its mentions' tokens, at least one, ascending.
    pub tokens: &'a [usize],
    /// Distance bucket of every token, `[T]`.
    pub distance: &'a [u32],
    /// Segment of every token, `[T]`: 0 before the paragraph, 1 in it, 2 in an own mention.
    pub segment: &'a [u32],
}

/// What the tokens alone tell.
#[derive(Debug, Clone, Default)]
pub struct TokenLogits {
    /// `[T,3]`: outside, begins a mention, goes on.
    pub mention: Vec<f32>,
    /// `[T]`: the token names a target.
    pub target: Vec<f32>,
    /// The paragraph is about sanctions.
    pub about: f32,
}

/// What is told of A actors.
#[derive(Debug, Clone, Default)]
pub struct ActorLogits {
    /// `[A,4]`.
    pub stance: Vec<f32>,
    /// `[A,5]`.
    pub roles: Vec<f32>,
    /// `[A,3]`.
    pub voice: Vec<f32>,
    /// `[A,T]`.
    pub evidence: Vec<f32>,
}

impl Dense {
    fn load(w: &Weights, name: &str, inner: usize) -> Result<Self> {
        let weight = format!("{name}.weight");
        let out = w.shape(&format!("{name}.bias"))?.iter().product();
        Ok(if w.is_int8(&weight) {
            Dense::Wide(Linear::load(w, name, inner, out)?)
        } else {
            let bias = w.f32(&format!("{name}.bias"), &[out])?;
            Dense::Narrow { weight: w.f32(&weight, &[out, inner])?, bias, width: inner }
        })
    }

    fn forward(&self, kernels: Kernels, x: &[f32], part: &mut Part) -> Vec<f32> {
        match self {
            Dense::Narrow { weight, bias, width } => {
                let mut out = vec![0.0; x.len() / width * bias.len()];
                kernels.run(Narrow { x, weight, bias, width: *width, out: &mut out });
                out
            }
            Dense::Wide(l) => {
                let mut out = vec![0.0; x.len() / l.inner * l.out];
                linear(kernels, x, l, Then::Set, &mut out, part);
                out
            }
        }
    }
}

/// Quantise and multiply.
fn linear(kernels: Kernels, x: &[f32], l: &Linear, then: Then, out: &mut [f32], part: &mut Part) {
    let rows = x.len() / l.inner;
    let q = part.aq.take(rows.next_multiple_of(MAX_ROWS) * l.inner);
    let scale = part.a_s.take(rows);
    kernels.run(Quantise { x, stride: l.inner, width: l.inner, q, scale });
    kernels.run(Product { x: q, scale, by: l.panels(), out, stride: l.out, then });
}

/// Normalise in place; the int8 form that comes along is not needed here.
fn norm(kernels: Kernels, n: &NormWeights, x: &mut [f32], part: &mut Part) {
    let rows = x.len() / n.weight.len();
    let (q, scale) = (part.aq.take(x.len()), part.a_s.take(rows));
    kernels.run(Norm { x, weight: &n.weight, bias: &n.bias, eps: n.eps, smooth: &n.smooth, q, scale });
}

impl FastHeads {
    /// The weights beside the encoder's; `depth` decoder layers.
    ///
    /// # Errors
    /// Names a weight that is missing, of another kind or shape, or a width that the kernels cannot do.
    pub fn new(w: &Weights, c: &EncoderConfig, depth: usize, kernels: Kernels) -> Result<Self> {
        let (d, h) = (c.hidden_size, c.num_attention_heads);
        let wide = |n: &str, i, o| Linear::load(w, n, i, o);
        let dense = |n: &str| Dense::load(w, n, d);
        let cross = |n: &str| -> Result<Cross> {
            let l = |x: &str| wide(&format!("{n}.{x}"), d, d);
            let norm = NormWeights::load(w, &format!("{n}.norm"), d, 1e-5)?;
            Ok(Cross { q: l("q")?, k: l("k")?, v: l("v")?, o: l("o")?, norm })
        };
        let decoder = (0..depth).map(|i| {
            let n = |x: &str| format!("decoder.{i}.{x}");
            Ok(Decoder {
                look: cross(&n("look"))?,
                meet: cross(&n("meet"))?,
                up: wide(&n("up"), d, 2 * d)?,
                down: wide(&n("down"), 2 * d, d)?,
                norm: NormWeights::load(w, &n("norm"), d, 1e-5)?,
            })
        });
        let buckets = w.shape("distance.weight")?.first().copied().unwrap_or(0);
        let distance = w.f32("distance.weight", &[buckets, h])?;
        let segment = w.f32("segment.weight", &[SEGMENTS, h])?;
        let cell =
            |head: usize, i: usize| (distance[i / SEGMENTS * h + head] + segment[i % SEGMENTS * h + head]) * LOG2_E;
        Ok(FastHeads {
            kernels,
            enter: wide("enter", d, d)?,
            near: (0..h)
                .flat_map(|head| (0..buckets * SEGMENTS).map(move |i| (head, i)))
                .map(|(h, i)| cell(h, i))
                .collect(),
            buckets,
            decoder: decoder.collect::<Result<_>>()?,
            hidden: wide("hidden", 3 * d, d)?,
            stance: dense("stance")?,
            kind: dense("actor_type")?,
            code: dense("actor_code")?,
            roles: dense("actor_roles")?,
            voice: dense("actor_voice")?,
            mention: dense("mention")?,
            target: dense("target")?,
            about: dense("about")?,
            evidence_q: wide("evidence_q", d, d / 2)?,
            evidence_k: wide("evidence_k", d, d / 2)?,
            evidence_b: w.f32("evidence_b", &[1])?[0],
            width: d,
            heads: h,
        })
    }

    /// What the tokens alone tell, from states `[T,D]`.
    pub fn tokens(&self, states: &[f32], arena: &mut HeadArena) -> TokenLogits {
        let first = states.get(..self.width).unwrap_or_default();
        let mut run = |l: &Dense, x: &[f32]| l.forward(self.kernels, x, &mut arena.part);
        TokenLogits {
            mention: run(&self.mention, states),
            target: run(&self.target, states),
            about: run(&self.about, first).first().copied().unwrap_or(0.0),
        }
    }

    /// Type `[N,6]` and code `[N,codes]` logits of N spans, each given by the positions of its tokens.
    ///
    /// # Errors
    /// A position beyond the states.
    pub fn spans(&self, states: &[f32], spans: &[&[usize]], arena: &mut HeadArena) -> Result<(Vec<f32>, Vec<f32>)> {
        let HeadArena { part, pooled, .. } = arena;
        let pooled = pooled.take(spans.len() * self.width);
        for (tokens, out) in spans.iter().zip(pooled.chunks_exact_mut(self.width)) {
            self.pool(states, tokens, out)?;
        }
        Ok((self.kind.forward(self.kernels, pooled, part), self.code.forward(self.kernels, pooled, part)))
    }

    /// Mean of the states at `tokens`.
    fn pool(&self, states: &[f32], tokens: &[usize], out: &mut [f32]) -> Result<()> {
        out.fill(0.0);
        for &t in tokens {
            let state = states.get(t * self.width..(t + 1) * self.width);
            let state =
                state.ok_or_else(|| Error::Compute(format!("a mention at token {t}, beyond the sequence's end")))?;
            out.iter_mut().zip(state).for_each(|(o, s)| *o += s);
        }
        let count = tokens.len().max(1) as f32;
        out.iter_mut().for_each(|o| *o /= count);
        Ok(())
    }

    /// What is told of each actor, all actors of a sequence at once.
    ///
    /// # Errors
    /// An actor whose tokens, distances or segments do not fit the states.
    pub fn actors(&self, states: &[f32], actors: &[Actor], arena: &mut HeadArena) -> Result<ActorLogits> {
        let (d, k, n, t) = (self.width, self.kernels, actors.len(), states.len() / self.width);
        if n == 0 || t == 0 {
            return Ok(ActorLogits::default());
        }
        let HeadArena { part, xq, xs, pooled, z, c, wide, bias } = arena;
        let (pooled, z, c) = (pooled.take(n * d), z.take(n * d), c.take(n * d));
        for (a, out) in actors.iter().zip(pooled.chunks_exact_mut(d)) {
            self.pool(states, a.tokens, out)?;
        }
        let bias = self.bias(actors, t, bias)?;
        let (xq, xs) = (xq.take(t.next_multiple_of(MAX_ROWS) * d), xs.take(t));
        k.run(Quantise { x: states, stride: d, width: d, q: xq, scale: xs });
        linear(k, pooled, &self.enter, Then::Set, z, part);
        for l in &self.decoder {
            self.attend(&l.look, z, Some((xq, xs)), Bias::Full(bias), c, part);
            self.attend(&l.meet, z, None, Bias::None, c, part);
            let up = wide.take(n * 2 * d);
            linear(k, z, &l.up, Then::Gelu, up, part);
            linear(k, up, &l.down, Then::Add, z, part);
            norm(k, &l.norm, z, part);
        }
        let all = wide.take(n * 3 * d);
        for (all, (z, pooled)) in all.chunks_exact_mut(3 * d).zip(z.chunks_exact(d).zip(pooled.chunks_exact(d))) {
            all[..d].copy_from_slice(z);
            all[d..2 * d].copy_from_slice(pooled);
            all[2 * d..].copy_from_slice(&states[..d]);
        }
        linear(k, all, &self.hidden, Then::Gelu, c, part);
        let stance = self.stance.forward(k, c, part);
        let (roles, voice) = (self.roles.forward(k, z, part), self.voice.forward(k, z, part));
        let evidence = self.evidence(z, xq, xs, c, wide, part);
        Ok(ActorLogits { stance, roles, voice, evidence })
    }

    /// `[heads, actors, T rounded up to 16]`.
    fn bias<'a>(&self, actors: &[Actor], t: usize, bias: &'a mut Lines<f32>) -> Result<&'a [f32]> {
        let padded = t.next_multiple_of(LANES);
        let bias = bias.take(self.heads * actors.len() * padded);
        let cells = self.buckets * SEGMENTS;
        for (a, actor) in actors.iter().enumerate() {
            let fits = actor.distance.len() == t && actor.segment.len() == t;
            let known = actor.distance.iter().all(|&b| (b as usize) < self.buckets)
                && actor.segment.iter().all(|&s| (s as usize) < SEGMENTS);
            if !fits || !known {
                return Err(Error::Compute(format!("relations of an actor do not fit a sequence of {t} tokens")));
            }
            for (h, near) in self.near.chunks_exact(cells).enumerate() {
                let row = &mut bias[(h * actors.len() + a) * padded..][..padded];
                for ((out, &b), &s) in row.iter_mut().zip(actor.distance).zip(actor.segment) {
                    *out = near[b as usize * SEGMENTS + s as usize];
                }
                row[t..].fill(0.0);
            }
        }
        Ok(bias)
    }

    /// `z` looks at the tokens, or, where there are none given, at itself; residual and norm.
    fn attend(
        &self,
        l: &Cross,
        z: &mut [f32],
        tokens: Option<(&[u8], &[f32])>,
        bias: Bias,
        c: &mut [f32],
        part: &mut Part,
    ) {
        let (d, kernels) = (self.width, self.kernels);
        let n = z.len() / d;
        let Part { q, k, v, scratch: room, aq, a_s, .. } = &mut *part;
        let (q, aq, a_s) = (q.take(n * d), aq.take(n.next_multiple_of(MAX_ROWS) * d), a_s.take(n));
        kernels.run(Quantise { x: z, stride: d, width: d, q: aq, scale: a_s });
        let run = |x, scale, l: &Linear, out| {
            kernels.run(Product { x, scale, by: l.panels(), out, stride: d, then: Then::Set });
        };
        run(aq, a_s, &l.q, q);
        let (xq, xs) = tokens.unwrap_or((aq, a_s));
        let keys = xs.len();
        let (k, v) = (k.take(keys * d), v.take(keys * d));
        run(xq, xs, &l.k, k);
        run(xq, xs, &l.v, v);
        let width = d / self.heads;
        kernels.run(Attention {
            q,
            k,
            v,
            queries: n,
            keys,
            heads: self.heads,
            width,
            stride: d,
            bias,
            scratch: room.take(scratch(keys, width)),
            out: c,
        });
        linear(kernels, c, &l.o, Then::Add, z, part);
        norm(kernels, &l.norm, z, part);
    }

    /// `[A,T]`: scaled products of actors and tokens.
    fn evidence(
        &self,
        z: &[f32],
        xq: &[u8],
        xs: &[f32],
        q: &mut [f32],
        k: &mut Lines<f32>,
        part: &mut Part,
    ) -> Vec<f32> {
        let (n, t, width) = (z.len() / self.width, xs.len(), self.evidence_q.out);
        let (q, k) = (&mut q[..n * width], k.take(t * width));
        linear(self.kernels, z, &self.evidence_q, Then::Set, q, part);
        let by = self.evidence_k.panels();
        self.kernels.run(Product { x: xq, scale: xs, by, out: k, stride: width, then: Then::Set });
        let scale = 1.0 / (width as f32).sqrt();
        q.iter_mut().for_each(|q| *q *= scale);
        let mut out = vec![0.0; n * t];
        let bias = part.a_s.take(t);
        bias.fill(self.evidence_b);
        self.kernels.run(Narrow { x: q, weight: k, bias, width, out: &mut out });
        out
    }
}
