//! Coded paragraphs to training batches.

use crate::actors::Gazetteer;
use crate::data::{ActorType, Voice};
use crate::encoder::input::{Composer, Input};
use crate::encoder::layers::{splitmix, unit};
use crate::error::Result;
use crate::gold::GoldParagraph;
use crate::stance::features::{ActorTokens, Batch, actor_tokens};
use crate::stance::model::ROLES;
use candle_core::{Device, Result as Computed, Tensor};

/// One coded paragraph, tokenised.
pub struct Example {
    input: Input,
    tokens: Vec<ActorTokens>,
    actors: Vec<Labels>,
    /// Per paragraph token: 0 outside, 1 begins a mention, 2 goes on. None where no person coded the paragraph.
    bio: Option<Vec<u32>>,
    about: Option<bool>,
    /// Tokens of the paragraph that name a state, and whether it is a target.
    targets: Vec<(usize, bool)>,
}

struct Labels {
    stance: usize,
    /// A teacher's probabilities, which are learned in the label's place.
    soft: Option<[f32; 4]>,
    kind: usize,
    /// None where it is not asked for.
    code: Option<usize>,
    roles: Option<[f32; 5]>,
    voice: Option<usize>,
    /// Paragraph tokens of the evidence.
    evidence: Option<std::ops::Range<usize>>,
}

impl Example {
    /// Tokenise `g`. Of a paragraph longer than one window the first window is learned from.
    ///
    /// # Errors
    /// The tokenizer's own.
    pub fn new(g: &GoldParagraph, composer: &Composer, codes: &[String], gazetteer: &Gazetteer) -> Result<Self> {
        let title = composer.pieces(g.title.as_deref().unwrap_or(""))?;
        let context = composer.pieces(g.context.as_deref().unwrap_or(""))?;
        let mut windows = composer.compose(&title, &context, &composer.pieces(&g.text)?);
        let input = windows.swap_remove(0);
        let mut targets = Vec::new();
        if let Some(gold) = &g.targets {
            for (span, c) in gazetteer.places(&g.text) {
                targets.extend(input.tokens_of(span).map(|t| (t + input.start, gold.contains(&c))));
            }
        }
        Ok(Self::of(g, input, codes, targets))
    }

    /// The labels of `g` laid over `input`; `targets` are positions that name a state, and whether it is a target.
    pub(super) fn of(g: &GoldParagraph, input: Input, codes: &[String], targets: Vec<(usize, bool)>) -> Self {
        let code = |c: &str| (!c.is_empty()).then(|| codes.iter().position(|x| x == c).unwrap_or(0));
        let (mut tokens, mut actors) = (Vec::new(), Vec::new());
        let mut bio = vec![0; input.offsets.len()];
        for a in &g.actors {
            let own = actor_tokens(&input, &a.mentions);
            if own.is_empty() {
                continue;
            }
            for m in &a.mentions {
                for (j, t) in input.tokens_of(*m).enumerate() {
                    bio[t] = if j == 0 { 1 } else { 2 };
                }
            }
            tokens.push(own);
            actors.push(Labels {
                stance: a.stance.index(),
                soft: a.soft,
                kind: a.kind.index(),
                code: code(&a.code),
                roles: a.roles.as_ref().map(|r| ROLES.map(|x| f32::from(u8::from(r.contains(&x))))),
                voice: a.voice.and_then(|v| Voice::ALL.iter().position(|x| *x == v)),
                evidence: a.evidence.map(|e| input.tokens_of(e)).filter(|r| !r.is_empty()),
            });
        }
        Example { input, tokens, actors, bio: g.coded.then_some(bio), about: g.about, targets }
    }

    /// The coder's labels, in the order of the actors asked about.
    pub fn stances(&self) -> impl Iterator<Item = usize> {
        self.actors.iter().map(|a| a.stance)
    }

    /// Tokens in the sequence.
    pub fn len(&self) -> usize {
        self.input.ids.len()
    }
}

/// Indices of examples in batches of about `budget` padded tokens, near lengths together, shuffled by `seed`.
pub fn batches(examples: &[Example], budget: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut state = seed;
    let mut order: Vec<(f64, usize)> = examples
        .iter()
        .enumerate()
        .map(|(i, e)| (e.len() as f64 + 24.0 * (unit(splitmix(&mut state)) - 0.5), i))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut out: Vec<Vec<usize>> = Vec::new();
    let mut width = 0;
    for (_, i) in order {
        let w = width.max(examples[i].len());
        match out.last_mut() {
            Some(last) if w * (last.len() + 1) <= budget => {
                last.push(i);
                width = w;
            }
            _ => {
                out.push(vec![i]);
                width = examples[i].len();
            }
        }
    }
    // Fisher and Yates.
    for i in (1..out.len()).rev() {
        out.swap(i, (splitmix(&mut state) % (i as u64 + 1)) as usize);
    }
    out
}

/// Labels of a batch, as tensors; a weight of 0 says that there is no label.
pub struct Gold {
    /// Probabilities `[B*A,4]` and weight `[B*A]`.
    pub stance: (Tensor, Tensor),
    /// Types: `[B*A]` u32 and weight `[B*A]`.
    pub kind: (Tensor, Tensor),
    /// The same for codes.
    pub code: (Tensor, Tensor),
    /// The same for voices.
    pub voice: (Tensor, Tensor),
    /// `[B,A,5]` and weight.
    pub roles: (Tensor, Tensor),
    /// `[B,A,T]` and weight.
    pub evidence: (Tensor, Tensor),
    /// `[B*T]` u32 and weight.
    pub mention: (Tensor, Tensor),
    /// `[B]` and weight.
    pub about: (Tensor, Tensor),
    /// `[B,T]` and weight.
    pub target: (Tensor, Tensor),
}

impl Labels {
    /// What the stance head is to answer: the teacher's probabilities, or the label with a share `smoothing` of it spread
    /// over all classes (Szegedy et al. 2016).
    fn stance(&self, smoothing: f32) -> [f32; 4] {
        self.soft.unwrap_or_else(|| {
            std::array::from_fn(|k| smoothing / 4.0 + if k == self.stance { 1.0 - smoothing } else { 0.0 })
        })
    }

    /// How much that counts: as its classes do.
    fn weight(&self, class_weights: &[f32]) -> f32 {
        let of = |k: usize| class_weights.get(k).copied().unwrap_or(1.0);
        self.soft.map_or(of(self.stance), |p| p.iter().enumerate().map(|(k, p)| p * of(k)).sum())
    }
}

/// Inputs and labels of some examples. `class_weights` weigh the stance labels, `smoothing` spreads them.
pub fn batch(examples: &[&Example], class_weights: &[f32], smoothing: f64, device: &Device) -> Computed<(Batch, Gold)> {
    let inputs: Vec<&Input> = examples.iter().map(|e| &e.input).collect();
    let actors: Vec<&[ActorTokens]> = examples.iter().map(|e| e.tokens.as_slice()).collect();
    let x = Batch::new(&inputs, &actors, device)?;
    let (b, a, t) = x.actors.dims3()?;
    let mut stance = (vec![0f32; b * a * 4], vec![0f32; b * a]);
    let mut class = [(); 3].map(|()| (vec![0u32; b * a], vec![0f32; b * a]));
    let (mut roles, mut evidence) =
        ((vec![0f32; b * a * 5], vec![0f32; b * a * 5]), (vec![0f32; b * a * t], vec![0f32; b * a * t]));
    let (mut mention, mut about) = ((vec![0u32; b * t], vec![0f32; b * t]), (vec![0f32; b], vec![0f32; b]));
    let mut target = (vec![0f32; b * t], vec![0f32; b * t]);
    for (i, e) in examples.iter().enumerate() {
        let start = e.input.start;
        for (j, l) in e.actors.iter().enumerate() {
            let at = i * a + j;
            stance.0[at * 4..at * 4 + 4].copy_from_slice(&l.stance(smoothing as f32));
            stance.1[at] = l.weight(class_weights);
            for (k, label) in [Some(l.kind), l.code, l.voice].into_iter().enumerate() {
                class[k].0[at] = label.unwrap_or(0) as u32;
                class[k].1[at] = f32::from(u8::from(label.is_some()));
            }
            if let Some(r) = l.roles {
                roles.0[at * 5..at * 5 + 5].copy_from_slice(&r);
                roles.1[at * 5..at * 5 + 5].fill(1.0);
            }
            if let Some(ev) = &l.evidence {
                let row = at * t + start;
                evidence.1[row..row + e.input.offsets.len()].fill(1.0);
                for p in ev.clone() {
                    evidence.0[row + p] = 1.0;
                    // Few tokens are evidence: each counts for three.
                    evidence.1[row + p] = 3.0;
                }
            }
        }
        let row = i * t + start;
        if let Some(bio) = &e.bio {
            mention.0[row..row + bio.len()].copy_from_slice(bio);
            mention.1[row..row + bio.len()].fill(1.0);
        }
        if let Some(y) = e.about {
            (about.0[i], about.1[i]) = (f32::from(u8::from(y)), 1.0);
        }
        for &(p, y) in &e.targets {
            target.0[i * t + p] = f32::from(u8::from(y));
            target.1[i * t + p] = 1.0;
        }
    }
    let pair = |(y, w): (Vec<u32>, Vec<f32>)| -> Computed<(Tensor, Tensor)> {
        let n = y.len();
        Ok((Tensor::from_vec(y, n, device)?, Tensor::from_vec(w, n, device)?))
    };
    let shaped = |(y, w): (Vec<f32>, Vec<f32>), shape: &[usize]| -> Computed<(Tensor, Tensor)> {
        Ok((Tensor::from_vec(y, shape, device)?, Tensor::from_vec(w, shape, device)?))
    };
    let [kind, code, voice] = class;
    let weight = Tensor::from_vec(stance.1, b * a, device)?;
    let gold = Gold {
        stance: (Tensor::from_vec(stance.0, (b * a, 4), device)?, weight),
        kind: pair(kind)?,
        code: pair(code)?,
        voice: pair(voice)?,
        roles: shaped(roles, &[b, a, 5])?,
        evidence: shaped(evidence, &[b, a, t])?,
        mention: pair(mention)?,
        about: shaped(about, &[b])?,
        target: shaped(target, &[b, t])?,
    };
    Ok((x, gold))
}

/// Codes that occur at least `least` times, sorted, after `?` for all others.
pub fn codes(gold: &[GoldParagraph], least: usize) -> Vec<String> {
    let mut count = std::collections::BTreeMap::<&str, usize>::new();
    gold.iter().flat_map(|g| &g.actors).for_each(|a| *count.entry(&a.code).or_default() += 1);
    std::iter::once("?")
        .chain(count.into_iter().filter(|(_, n)| *n >= least).map(|(c, _)| c))
        .map(str::to_string)
        .collect()
}

/// Size of the type head, which the loss needs.
pub const KINDS: usize = ActorType::ALL.len();
