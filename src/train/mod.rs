//! Training in candle: AdamW with warm-up and linear decay, dropout, class weights, clipped gradients, seeds, and
//! checkpoints from which a stopped run goes on.

mod adamw;
mod checkpoint;
mod data;
mod loss;
mod ship;
mod swap;
pub mod teacher;

pub use checkpoint::Progress;
pub use loss::Weights;
pub use ship::Card;

use crate::actors::Gazetteer;
use crate::encoder::config::{EncoderConfig, Kind};
use crate::encoder::input::Composer;
use crate::encoder::layers::{Dropout, splitmix, unit};
use crate::encoder::params::Params;
use crate::error::{Error, Result};
use crate::eval;
use crate::gold::GoldParagraph;
use crate::pipeline::{self, Pipeline};
use crate::stance::calibration::Calibration;
use crate::stance::engine::Engine;
use crate::stance::features::DISTANCES;
use crate::stance::model::{ModelConfig, ROLES, StanceModel};
use crate::store::Model;
use adamw::{AdamW, Group};
use candle_core::{Device, Tensor, Var};
use data::{Example, batch, batches};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What a run starts from.
pub enum Start {
    /// Folder of a base encoder as its maker published it; the heads are new.
    Base(PathBuf),
    /// A whole model, with its heads, codes, lengths and bars.
    Model(Box<Model>),
}

/// Everything that decides a run; the same options and data give the same model on the same machine.
pub struct Options {
    /// What it starts from.
    pub start: Start,
    /// Folder to write to.
    pub out: PathBuf,
    /// Times through the data.
    pub epochs: usize,
    /// Peak learning rate of the encoder.
    pub lr: f64,
    /// Peak learning rate of the heads.
    pub head_lr: f64,
    /// Padded tokens in a batch.
    pub tokens: usize,
    /// Context tokens; a model that is gone on from keeps its own.
    pub context: usize,
    /// Share of paragraphs whose states are renamed, to others in every epoch.
    pub swap: f64,
    /// Lowest layers that stay as they are.
    pub freeze: usize,
    /// Share of values dropped.
    pub dropout: f64,
    /// Weights of ease, maintain, tighten, none.
    pub class_weights: Vec<f32>,
    /// Losses of the other tasks.
    pub weights: Weights,
    /// Seed of everything random.
    pub seed: u64,
    /// Stop after so many steps.
    pub max_steps: Option<usize>,
    /// What the model's manifest is to say.
    pub card: Card,
}

/// What a run leaves.
#[derive(Debug)]
pub struct Outcome {
    /// Best mean macro-F1 on the dev sets; below 0 where no epoch was finished.
    pub best: f64,
    /// The folder that `--model` takes; none where the run was stopped by [`Options::max_steps`].
    pub model: Option<PathBuf>,
}

/// What the run tells while it goes on.
pub enum Event<'a> {
    /// The run begins, or goes on from a checkpoint after `done` steps.
    Start {
        /// Coded paragraphs.
        paragraphs: usize,
        /// Steps in all.
        steps: usize,
        /// Steps that a checkpoint has done already.
        done: usize,
        /// Trainable numbers.
        parameters: usize,
    },
    /// A step is done.
    Step {
        /// Which, from 1.
        step: usize,
        /// Its loss.
        loss: f64,
        /// Seconds since the run began.
        seconds: f64,
    },
    /// An epoch is done and measured.
    Epoch {
        /// Which, from 1.
        epoch: usize,
        /// Mean loss.
        loss: f64,
        /// One report a dev set.
        dev: &'a [eval::Report],
        /// Mean of their macro-F1.
        score: f64,
        /// Whether it is the best so far, and so was kept.
        best: bool,
    },
}

/// Train and leave the best model in `out/model`: in int8, calibrated on the dev sets. Its weights in f32 stand in
/// `out/best.safetensors`.
///
/// # Errors
/// Data, base or device; a diverging run; a dev set that no person coded.
pub fn train(
    train: &[GoldParagraph],
    dev: &[Vec<GoldParagraph>],
    o: &Options,
    tell: &mut dyn FnMut(Event),
) -> Result<Outcome> {
    std::fs::create_dir_all(&o.out).map_err(|e| Error::io(&o.out, e))?;
    let device = device()?;
    let gazetteer = Gazetteer::shipped()?;
    let Begun { config, tokenizer, params, bars } = begin(train, o, &device)?;
    let composer = Composer::new(&tokenizer, config.encoder.kind, config.lengths())?;
    let example = |g: &GoldParagraph| Example::new(g, &composer, &config.codes, &gazetteer);
    let mut examples: Vec<Example> = train.iter().map(example).collect::<Result<_>>()?;
    let frozen =
        |n: &str| n == "encoder.word.weight" || (0..o.freeze).any(|i| n.starts_with(&format!("encoder.layers.{i}.")));
    let params = params.trainable(|n| !frozen(n))?;
    let model = StanceModel::load(&params, &config)?;
    let per_epoch = batches(&examples, o.tokens, 0).len().max(1);
    let total = per_epoch * o.epochs;
    let mut optimiser = AdamW::new();
    let mut progress = checkpoint::load(&o.out, &params, &mut optimiser, &device)?;
    let parameters = params.vars().values().map(|v| v.elem_count()).sum();
    tell(Event::Start { paragraphs: examples.len(), steps: total, done: progress.step, parameters });
    write_config(o, &config, &tokenizer)?;
    let started = Instant::now();
    let swap = swap::Swap::new(&gazetteer, o.swap, o.seed);
    while progress.epoch < o.epochs {
        let seed = o.seed.wrapping_mul(1000) + progress.epoch as u64;
        if o.swap > 0.0 {
            let seen = |g: &GoldParagraph| example(swap.paragraph(g, progress.epoch).as_ref().unwrap_or(g));
            examples = train.iter().map(seen).collect::<Result<_>>()?;
        }
        let dropout = Dropout::new(o.dropout, seed);
        let mut sum = 0.0;
        let order = batches(&examples, o.tokens, seed);
        for indices in &order {
            if o.max_steps.is_some_and(|m| progress.step >= m) {
                return Ok(Outcome { best: progress.best, model: None });
            }
            let picked: Vec<&Example> = indices.iter().map(|&i| &examples[i]).collect();
            let (x, gold) = batch(&picked, &o.class_weights, o.weights.smoothing, &device)?;
            let (loss, _) = loss::loss(&model, &x, &gold, o.weights, Some(&dropout))?;
            let grads = loss.backward()?;
            let factor = schedule(progress.step, total);
            optimiser.step(params.vars(), &grads, |n, v| group(n, v, o), factor, 1.0)?;
            progress.step += 1;
            let loss = f64::from(loss.to_scalar::<f32>()?);
            sum += loss;
            tell(Event::Step { step: progress.step, loss, seconds: started.elapsed().as_secs_f64() });
        }
        progress.epoch += 1;
        let reports = measure(&params, &config, &tokenizer, &gazetteer, dev)?;
        let score = reports.iter().map(|r| r.given.macro_f1).sum::<f64>() / reports.len().max(1) as f64;
        let best = score >= progress.best;
        if best {
            progress.best = score;
            checkpoint::weights(&params, &o.out.join("best.safetensors"))?;
        }
        checkpoint::save(&o.out, &params, &optimiser, progress)?;
        tell(Event::Epoch { epoch: progress.epoch, loss: sum / order.len().max(1) as f64, dev: &reports, score, best });
    }
    let coded = |d: &Vec<GoldParagraph>| d.iter().map(example).collect::<Result<Vec<_>>>();
    let run = ship::Run {
        config: &config,
        tokenizer: &tokenizer,
        train: &examples,
        dev: &dev.iter().map(coded).collect::<Result<Vec<_>>>()?,
        tilt: train.iter().all(|g| g.actors.iter().all(|a| a.soft.is_none())).then_some(o.class_weights.as_slice()),
        card: &o.card,
        bars,
        tokens: o.tokens,
        device: &device,
    };
    let model = ship::ship(&run, &o.out.join("best.safetensors"), &o.out.join("model"))?;
    Ok(Outcome { best: progress.best, model: Some(model) })
}

/// Linear warm-up over a tenth of the steps, then linear decay to zero.
fn schedule(step: usize, total: usize) -> f64 {
    let warm = (total / 10).max(1);
    if step < warm {
        (step + 1) as f64 / warm as f64
    } else {
        total.saturating_sub(step) as f64 / (total - warm).max(1) as f64
    }
}

fn group(name: &str, var: &Var, o: &Options) -> Group {
    let rate = if name.starts_with("encoder.") { o.lr } else { o.head_lr };
    Group { rate, decay: if var.rank() < 2 { 0.0 } else { 0.01 } }
}

fn measure(
    params: &Params,
    config: &ModelConfig,
    tokenizer: &[u8],
    gazetteer: &Gazetteer,
    dev: &[Vec<GoldParagraph>],
) -> Result<Vec<eval::Report>> {
    let composer = Composer::new(tokenizer, config.encoder.kind, config.lengths())?;
    let engine = Engine::of(StanceModel::load(&params.constants(), config)?, device()?);
    let options = pipeline::Options::default();
    let p = Pipeline::from_parts(
        engine,
        composer,
        config.codes.clone(),
        Calibration::default(),
        gazetteer.clone(),
        options,
    );
    dev.iter().map(|d| eval::evaluate(&p, d)).collect()
}

/// What a run has before its first step.
struct Begun {
    config: ModelConfig,
    tokenizer: Vec<u8>,
    params: Params,
    /// Bars of mentions and roles.
    bars: Calibration,
}

fn begin(train: &[GoldParagraph], o: &Options, device: &Device) -> Result<Begun> {
    match &o.start {
        Start::Base(base) => {
            let encoder: EncoderConfig = json(&base.join("config.json"))?;
            encoder.check()?;
            let codes = data::codes(train, 12);
            let config = ModelConfig { codes, depth: 2, context: o.context, title: 24, paragraph: 256, encoder };
            let mut params = Params::default();
            base_weights(&mut params, base, &config, device)?;
            fresh_heads(&mut params, &config, o.seed, device)?;
            Ok(Begun { config, tokenizer: read(&base.join("tokenizer.json"))?, params, bars: Calibration::default() })
        }
        Start::Model(m) => {
            let shards: Vec<&[u8]> = m.shards.iter().map(|s| &**s).collect();
            Ok(Begun {
                config: m.config.clone(),
                tokenizer: m.tokenizer.to_vec(),
                params: Params::load(&shards, device)?,
                bars: m.calibration.clone(),
            })
        }
    }
}

/// The base encoder's weights under our names.
fn base_weights(params: &mut Params, base: &Path, config: &ModelConfig, device: &Device) -> Result<()> {
    let bytes = read(&base.join("model.safetensors"))?;
    let all = Params::load(&[&bytes], device)?;
    let find = |theirs: &str| {
        ["", "bert.", "mpnet."].iter().find_map(|p| all.tensors().get(&format!("{p}{theirs}"))).cloned().ok_or_else(
            || {
                Error::model(
                    base.display().to_string(),
                    format!("{theirs} is missing; expected a BERT or MPNet encoder"),
                )
            },
        )
    };
    for (ours, theirs) in names(&config.encoder) {
        params.insert(&format!("encoder.{ours}"), find(&theirs)?);
    }
    Ok(())
}

/// Our names and Hugging Face's.
fn names(c: &EncoderConfig) -> Vec<(String, String)> {
    let e = |ours: &str, theirs: &str| (ours.to_string(), format!("embeddings.{theirs}"));
    let mut out = vec![
        e("word.weight", "word_embeddings.weight"),
        e("position.weight", "position_embeddings.weight"),
        e("norm.weight", "LayerNorm.weight"),
        e("norm.bias", "LayerNorm.bias"),
    ];
    let attention = match c.kind {
        Kind::Bert => {
            out.push(e("kind.weight", "token_type_embeddings.weight"));
            [
                "attention.self.query",
                "attention.self.key",
                "attention.self.value",
                "attention.output.dense",
                "attention.output.LayerNorm",
            ]
        }
        Kind::MpNet => {
            out.push(("relative.weight".into(), "encoder.relative_attention_bias.weight".into()));
            ["attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o", "attention.LayerNorm"]
        }
    };
    let ours = ["q", "k", "v", "o", "attn_norm", "up", "down", "ffn_norm"];
    let rest = ["intermediate.dense", "output.dense", "output.LayerNorm"];
    for i in 0..c.num_hidden_layers {
        for (o, t) in ours.iter().zip(attention.iter().chain(&rest)) {
            for part in ["weight", "bias"] {
                out.push((format!("layers.{i}.{o}.{part}"), format!("encoder.layer.{i}.{t}.{part}")));
            }
        }
    }
    out
}

/// New heads: uniform in ±1/√inner as PyTorch's linear layers begin, norms at one, biases of attention at zero.
fn fresh_heads(params: &mut Params, c: &ModelConfig, seed: u64, device: &Device) -> Result<()> {
    let (d, h) = (c.encoder.hidden_size, c.encoder.num_attention_heads);
    let mut state = seed ^ 0x5EED;
    let mut linear = |params: &mut Params, name: &str, inner: usize, out: usize| -> Result<()> {
        let bound = 1.0 / (inner as f64).sqrt();
        let mut draw = |n: usize| -> Vec<f32> {
            (0..n).map(|_| ((2.0 * unit(splitmix(&mut state)) - 1.0) * bound) as f32).collect()
        };
        params.insert(&format!("{name}.weight"), Tensor::from_vec(draw(out * inner), (out, inner), device)?);
        params.insert(&format!("{name}.bias"), Tensor::from_vec(draw(out), out, device)?);
        Ok(())
    };
    linear(params, "enter", d, d)?;
    linear(params, "hidden", 3 * d, d)?;
    let small =
        [("stance", 4), ("actor_type", data::KINDS), ("actor_code", c.codes.len()), ("actor_roles", ROLES.len())];
    let more =
        [("actor_voice", 3), ("mention", 3), ("target", 1), ("about", 1), ("evidence_q", d / 2), ("evidence_k", d / 2)];
    for (name, out) in small.into_iter().chain(more) {
        linear(params, name, d, out)?;
    }
    for i in 0..c.depth {
        for part in ["look", "meet"] {
            for x in ["q", "k", "v", "o"] {
                linear(params, &format!("decoder.{i}.{part}.{x}"), d, d)?;
            }
        }
        linear(params, &format!("decoder.{i}.up"), d, 2 * d)?;
        linear(params, &format!("decoder.{i}.down"), 2 * d, d)?;
        for norm in ["look.norm", "meet.norm", "norm"] {
            params.insert(&format!("decoder.{i}.{norm}.weight"), Tensor::ones(d, candle_core::DType::F32, device)?);
            params.insert(&format!("decoder.{i}.{norm}.bias"), Tensor::zeros(d, candle_core::DType::F32, device)?);
        }
    }
    params.insert("distance.weight", Tensor::zeros((DISTANCES, h), candle_core::DType::F32, device)?);
    params.insert("segment.weight", Tensor::zeros((3, h), candle_core::DType::F32, device)?);
    params.insert("evidence_b", Tensor::from_vec(vec![-1f32], 1, device)?);
    Ok(())
}

fn write_config(o: &Options, config: &ModelConfig, tokenizer: &[u8]) -> Result<()> {
    let text = serde_json::to_string_pretty(config).map_err(|e| Error::Compute(e.to_string()))?;
    for (name, bytes) in [("config.json", text.as_bytes()), ("tokenizer.json", tokenizer)] {
        let path = o.out.join(name);
        std::fs::write(&path, bytes).map_err(|e| Error::io(&path, e))?;
    }
    Ok(())
}

fn device() -> Result<Device> {
    Ok(if cfg!(feature = "cuda") { Device::new_cuda(0)? } else { Device::Cpu })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| Error::io(path, e))
}

fn json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_slice(&read(path)?)
        .map_err(|e| Error::model(path.display().to_string(), format!("cannot be understood: {e}")))
}

#[cfg(test)]
mod tests;
