//! The one seam between what is asked (states of a sequence, logits of its actors) and how it is computed: candle in f32,
//! the reference, or the int8 path.

use super::features::{ActorTokens, Batch, actor_tokens, relations};
use super::model::{ModelConfig, StanceModel};
use crate::data::Span;
use crate::encoder::fast::{Actor, Arena, Bytes, FastEncoder, FastHeads, HeadArena, Weights};
use crate::encoder::input::Input;
use crate::encoder::params::Params;
use crate::error::{Error, Result};
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use std::cell::RefCell;

/// A sequence that has been encoded, with what its tokens alone tell. All vectors run over the paragraph's tokens of
/// this window (`input.offsets`).
pub struct Encoded {
    /// What was encoded.
    pub input: Input,
    /// Probability of each token to be outside of, to begin, to go on in a mention.
    pub mention: Vec<[f32; 3]>,
    /// Probability that the token names a target of the sanctions; over the whole sequence.
    pub target: Vec<f32>,
    /// Probability that the paragraph is about sanctions.
    pub about: f32,
    states: States,
}

enum States {
    Candle(Tensor),
    /// `[T*D]`.
    Int8(Vec<f32>),
}

/// Raw scores of one actor in one window.
#[derive(Debug, Clone)]
pub struct ActorScore {
    /// Stance logits, order of [`crate::data::Stance::ALL`].
    pub stance: [f32; 4],
    /// Probability of each of [`super::model::ROLES`].
    pub roles: [f32; 5],
    /// Probability of each of [`crate::data::Voice::ALL`].
    pub voice: [f32; 3],
    /// Logit of each paragraph token to be evidence.
    pub evidence: Vec<f32>,
}

/// Type and code of a span, as probabilities.
#[derive(Debug, Clone)]
pub struct SpanScore {
    /// Order of [`crate::data::ActorType::ALL`].
    pub kind: Vec<f32>,
    /// Order of the model's codes.
    pub code: Vec<f32>,
}

/// How the numbers are computed.
pub enum Engine {
    /// candle, f32, one sequence at a time: the reference.
    Candle(Box<StanceModel>, Device),
    /// int8 products on the CPU.
    Int8(Box<FastEncoder>, Box<FastHeads>),
}

/// Tokens in one pack of sequences: enough to use each weight well, small enough to share the packs out evenly.
const PACK: usize = 256;

impl Engine {
    /// candle in f32 on the CPU, or on a GPU where the build has one.
    ///
    /// # Errors
    /// The weights do not fit the configuration.
    pub fn candle(config: &ModelConfig, shards: &[&[u8]]) -> Result<Self> {
        let device = device()?;
        let params = Params::load(shards, &device)?;
        Ok(Engine::of(StanceModel::load(&params, config)?, device))
    }

    /// A model that is there already, in candle.
    pub fn of(model: StanceModel, device: Device) -> Self {
        Engine::Candle(Box::new(model), device)
    }

    /// The int8 kernels, on weights where they lie.
    ///
    /// # Errors
    /// The weights do not fit the configuration, or are not stored as int8.
    pub fn int8(config: &ModelConfig, shards: Vec<Bytes>) -> Result<Self> {
        let weights = Weights::new(shards)?;
        let encoder = FastEncoder::new(&weights, &config.encoder)?;
        let heads = FastHeads::new(&weights, &config.encoder, config.depth, encoder.kernels())?;
        Ok(Engine::Int8(Box::new(encoder), Box::new(heads)))
    }

    /// What computes, for provenance: `candle`, or the instruction set of the kernels.
    pub fn name(&self) -> String {
        match self {
            Engine::Candle(..) => "candle".into(),
            Engine::Int8(encoder, _) => format!("int8/{}", encoder.kernels().name()),
        }
    }

    /// Encode sequences, on every thread of the current pool; answers in the same order. The result for a sequence
    /// depends on nothing but the sequence.
    pub fn encode(&self, inputs: Vec<Input>) -> Vec<Result<Encoded>> {
        match self {
            Engine::Candle(model, device) => {
                inputs.into_par_iter().with_max_len(1).map(|i| candle_encode(model, device, i)).collect()
            }
            Engine::Int8(encoder, heads) => int8_encode(encoder, heads, inputs),
        }
    }

    /// Type and code of spans (bytes of the paragraph), each seen alone.
    ///
    /// # Errors
    /// The device's own.
    pub fn spans(&self, e: &Encoded, spans: &[Span]) -> Result<Vec<SpanScore>> {
        if spans.is_empty() {
            return Ok(Vec::new());
        }
        match (self, &e.states) {
            (Engine::Int8(_, heads), States::Int8(states)) => {
                let tokens: Vec<ActorTokens> = spans.iter().map(|&s| actor_tokens(&e.input, &[s])).collect();
                let tokens: Vec<&[usize]> = tokens.iter().map(Vec::as_slice).collect();
                let (kind, code) = ARENAS.with_borrow_mut(|a| heads.spans(states, &tokens, &mut a.1))?;
                let rows = |v: &[f32]| -> Vec<Vec<f32>> {
                    v.chunks_exact(v.len() / spans.len()).map(|c| softmax_vec(c.to_vec())).collect()
                };
                Ok(rows(&kind).into_iter().zip(rows(&code)).map(|(kind, code)| SpanScore { kind, code }).collect())
            }
            (Engine::Candle(model, device), States::Candle(states)) => {
                let t = e.input.ids.len();
                let mut pool = vec![0f32; spans.len() * t];
                for (i, &s) in spans.iter().enumerate() {
                    let tokens = actor_tokens(&e.input, &[s]);
                    for &p in &tokens {
                        pool[i * t + p] = 1.0 / tokens.len() as f32;
                    }
                }
                let pooled = Tensor::from_vec(pool, (spans.len(), t), device)?.matmul(&states.squeeze(0)?)?;
                let (kind, code) = model.heads().spans(&pooled)?;
                let (kind, code): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (kind.to_vec2()?, code.to_vec2()?);
                Ok(kind
                    .into_iter()
                    .zip(code)
                    .map(|(k, c)| SpanScore { kind: softmax_vec(k), code: softmax_vec(c) })
                    .collect())
            }
            _ => Err(foreign()),
        }
    }

    /// Scores of all actors of a window at once; each must have a token in it.
    ///
    /// # Errors
    /// The device's own.
    pub fn actors(&self, e: &Encoded, actors: &[ActorTokens]) -> Result<Vec<ActorScore>> {
        if actors.is_empty() {
            return Ok(Vec::new());
        }
        match (self, &e.states) {
            (Engine::Int8(_, heads), States::Int8(states)) => {
                let t = e.input.ids.len();
                let near: Vec<_> = actors.iter().map(|a| relations(a, e.input.start, t)).collect();
                let asked: Vec<Actor> = actors
                    .iter()
                    .zip(&near)
                    .map(|(tokens, (distance, segment))| Actor { tokens, distance, segment })
                    .collect();
                let o = ARENAS.with_borrow_mut(|a| heads.actors(states, &asked, &mut a.1))?;
                let own = e.input.start..e.input.start + e.input.offsets.len();
                let row = |v: &[f32], i: usize, n: usize| v[i * n..(i + 1) * n].to_vec();
                Ok((0..actors.len())
                    .map(|i| {
                        let (s, r, v) = (row(&o.stance, i, 4), row(&o.roles, i, 5), row(&o.voice, i, 3));
                        ActorScore {
                            stance: std::array::from_fn(|k| s[k]),
                            roles: std::array::from_fn(|k| sigmoid(r[k])),
                            voice: softmax([v[0], v[1], v[2]]),
                            evidence: row(&o.evidence, i, t)[own.clone()].to_vec(),
                        }
                    })
                    .collect())
            }
            (Engine::Candle(model, device), States::Candle(states)) => {
                let b = Batch::new(&[&e.input], &[actors], device)?;
                let o = model.heads().actors(states, &b, None)?;
                let rows = |t: &Tensor| -> Result<Vec<Vec<f32>>> { Ok(t.squeeze(0)?.to_vec2()?) };
                let (stance, roles, voice, evidence) =
                    (rows(&o.stance)?, rows(&o.roles)?, rows(&o.voice)?, rows(&o.evidence)?);
                let own = e.input.start..e.input.start + e.input.offsets.len();
                Ok((0..actors.len())
                    .map(|i| ActorScore {
                        stance: std::array::from_fn(|k| stance[i][k]),
                        roles: std::array::from_fn(|k| sigmoid(roles[i][k])),
                        voice: softmax([voice[i][0], voice[i][1], voice[i][2]]),
                        evidence: evidence[i][own.clone()].to_vec(),
                    })
                    .collect())
            }
            _ => Err(foreign()),
        }
    }
}

thread_local! {
    /// Buffers of this thread, kept from call to call.
    static ARENAS: RefCell<(Arena, HeadArena)> = RefCell::default();
}

fn foreign() -> Error {
    Error::Compute("states of one engine were given to another".into())
}

fn candle_encode(model: &StanceModel, device: &Device, input: Input) -> Result<Encoded> {
    let b = Batch::new(&[&input], &[&[]], device)?;
    let states = model.states(&b, None)?;
    let t = model.heads().tokens(&states, None)?;
    let mention: Vec<f32> = t.mention.flatten_all()?.to_vec1()?;
    let target: Vec<f32> = t.target.flatten_all()?.to_vec1()?;
    let about: Vec<f32> = t.about.to_vec1()?;
    Ok(encoded(input, &mention, target, about.first().copied().unwrap_or(f32::NEG_INFINITY), States::Candle(states)))
}

/// Sequences in packs of like length, so that the last pack is not the longest; a single sequence on two threads.
fn int8_encode(encoder: &FastEncoder, heads: &FastHeads, inputs: Vec<Input>) -> Vec<Result<Encoded>> {
    let d = encoder.width();
    let finish = |input: Input, states: &[f32], a: &mut HeadArena| {
        let t = heads.tokens(states, a);
        encoded(input, &t.mention, t.target, t.about, States::Int8(states.to_vec()))
    };
    if let [_] = inputs.as_slice() {
        return inputs
            .into_iter()
            .map(|i| {
                let kinds = i.kinds();
                ARENAS.with_borrow_mut(|(a, h)| Ok(finish(i.clone(), encoder.encode_split(&i.ids, &kinds, a)?, h)))
            })
            .collect();
    }
    let mut order: Vec<usize> = (0..inputs.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(inputs[i].ids.len()), i));
    let mut packs: Vec<Vec<usize>> = Vec::new();
    let mut size = PACK;
    for i in order {
        let n = inputs[i].ids.len();
        match packs.last_mut() {
            Some(p) if size + n <= PACK => {
                p.push(i);
                size += n;
            }
            _ => {
                packs.push(vec![i]);
                size = n;
            }
        }
    }
    let pack = |p: &Vec<usize>| -> Vec<(usize, Result<Encoded>)> {
        let kinds: Vec<Vec<u32>> = p.iter().map(|&i| inputs[i].kinds()).collect();
        let sequences: Vec<(&[u32], &[u32])> =
            p.iter().zip(&kinds).map(|(&i, k)| (inputs[i].ids.as_slice(), k.as_slice())).collect();
        ARENAS.with_borrow_mut(|(a, h)| match encoder.encode_packed(&sequences, a) {
            Ok(states) => {
                let mut at = 0;
                let mut one = |i: usize| {
                    let n = inputs[i].ids.len() * d;
                    at += n;
                    (i, Ok(finish(inputs[i].clone(), &states[at - n..at], h)))
                };
                p.iter().map(|&i| one(i)).collect()
            }
            // One bad sequence must not cost its neighbours: each for itself.
            Err(_) => p
                .iter()
                .zip(&sequences)
                .map(|(&i, (ids, kinds))| (i, encoder.encode(ids, kinds, a).map(|s| finish(inputs[i].clone(), s, h))))
                .collect(),
        })
    };
    let mut out: Vec<(usize, Result<Encoded>)> = packs.par_iter().with_max_len(1).flat_map_iter(pack).collect();
    out.sort_by_key(|(i, _)| *i);
    out.into_iter().map(|(_, e)| e).collect()
}

/// Logits over a whole sequence to what is kept of them.
fn encoded(input: Input, mention: &[f32], target: Vec<f32>, about: f32, states: States) -> Encoded {
    let own = input.start..input.start + input.offsets.len();
    Encoded {
        mention: mention.chunks_exact(3).skip(own.start).take(own.len()).map(|l| softmax([l[0], l[1], l[2]])).collect(),
        target: target.into_iter().map(sigmoid).collect(),
        about: sigmoid(about),
        states,
        input,
    }
}

/// The best device this build can use.
fn device() -> Result<Device> {
    if cfg!(feature = "cuda") {
        return Ok(Device::new_cuda(0)?);
    }
    if cfg!(feature = "metal") {
        return Ok(Device::new_metal(0)?);
    }
    Ok(Device::Cpu)
}

/// Logistic function.
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Softmax of a few logits.
pub fn softmax<const N: usize>(x: [f32; N]) -> [f32; N] {
    let top = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let e = x.map(|v| (v - top).exp());
    let sum: f32 = e.iter().sum();
    e.map(|v| v / sum)
}

fn softmax_vec(x: Vec<f32>) -> Vec<f32> {
    let top = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let e: Vec<f32> = x.iter().map(|v| (v - top).exp()).collect();
    let sum: f32 = e.iter().sum();
    e.into_iter().map(|v| v / sum).collect()
}
