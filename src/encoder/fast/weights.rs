//! A model's tensors where they lie, in a mapped file or in the binary. The wide ones are read in place; scales,
//! biases and other small ones are copied, so that nothing depends on how a file is aligned.

use super::ops::GELU_FLOOR;
use super::product::Panels;
use crate::error::{Error, Result};
use half::slice::HalfFloatSliceExt;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Bytes that many may hold: a mapped file, a part of the binary, a vector.
pub type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// The tensors of all shards, by name.
pub struct Weights {
    shards: Vec<Bytes>,
    found: HashMap<String, Place>,
}

struct Place {
    shard: usize,
    range: Range<usize>,
    kind: Dtype,
    shape: Vec<usize>,
}

/// A tensor that is read in place.
#[derive(Clone)]
pub struct Raw {
    bytes: Bytes,
    range: Range<usize>,
}

impl Raw {
    /// Its bytes.
    pub fn get(&self) -> &[u8] {
        (*self.bytes).as_ref().get(self.range.clone()).unwrap_or_default()
    }
}

impl Weights {
    /// Read the heads of safetensors files.
    ///
    /// # Errors
    /// A shard that is not a safetensors file, or is cut short.
    pub fn new(shards: Vec<Bytes>) -> Result<Self> {
        let mut found = HashMap::new();
        for (shard, bytes) in shards.iter().enumerate() {
            let bytes = (**bytes).as_ref();
            let damaged = |e: safetensors::SafeTensorError| {
                Error::model(format!("shard {}", shard + 1), format!("not a safetensors file, or damaged ({e})"))
            };
            SafeTensors::deserialize(bytes).map_err(damaged)?;
            let (head, all) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
            for (name, info) in all.tensors() {
                let (from, to) = info.data_offsets;
                let range = 8 + head + from..8 + head + to;
                found.insert(name, Place { shard, range, kind: info.dtype, shape: info.shape.clone() });
            }
        }
        Ok(Weights { shards, found })
    }

    fn place(&self, name: &str) -> Result<&Place> {
        self.found.get(name).ok_or_else(|| Error::model(name, "this weight is missing from the model's files"))
    }

    /// Whether `name` is stored as int8.
    pub fn is_int8(&self, name: &str) -> bool {
        self.found.get(name).is_some_and(|p| p.kind == Dtype::I8)
    }

    /// The shape of `name`.
    ///
    /// # Errors
    /// It is missing.
    pub fn shape(&self, name: &str) -> Result<&[usize]> {
        Ok(&self.place(name)?.shape)
    }

    /// An int8 tensor of this shape, in place.
    ///
    /// # Errors
    /// It is missing, or of another kind or shape.
    pub fn raw(&self, name: &str, shape: &[usize]) -> Result<Raw> {
        let p = self.place(name)?;
        if p.kind != Dtype::I8 || p.shape != shape {
            let reason =
                format!("{:?} of shape {:?}, expected I8 of shape {shape:?}; export the model again", p.kind, p.shape);
            return Err(Error::model(name, reason));
        }
        Ok(Raw { bytes: self.shards[p.shard].clone(), range: p.range.clone() })
    }

    /// A small tensor of this shape as f32.
    ///
    /// # Errors
    /// It is missing, or of another kind or shape.
    pub fn f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let (p, bytes) = self.small(name, shape)?;
        let halves = || bytes.as_chunks().0.iter().map(|&b| u16::from_le_bytes(b));
        match p.kind {
            Dtype::F32 => Ok(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()),
            Dtype::F16 => {
                let mut out = vec![0.0; bytes.len() / 2];
                halves().map(half::f16::from_bits).collect::<Vec<_>>().convert_to_f32_slice(&mut out);
                Ok(out)
            }
            Dtype::BF16 => Ok(halves().map(|b| half::bf16::from_bits(b).to_f32()).collect()),
            other => Err(Error::model(name, format!("weights of kind {other:?} where F32, F16 or BF16 was expected"))),
        }
    }

    /// What the input of linear maps must be multiplied by, channel by channel: their common `NAME.weight.smooth` `[inner]`,
    /// all 1 where they are stored without.
    ///
    /// # Errors
    /// Factors of another shape, or two of the maps have different ones.
    pub fn smooth(&self, names: &[String], inner: usize) -> Result<Vec<f32>> {
        let mut common: Option<Vec<f32>> = None;
        for name in names {
            let factors = format!("{name}.weight.smooth");
            let own = if self.found.contains_key(&factors) { self.f32(&factors, &[inner])? } else { vec![1.0; inner] };
            if common.as_ref().is_some_and(|c| *c != own) {
                return Err(Error::model(name, "its input has other factors than its sibling's"));
            }
            common = Some(own);
        }
        Ok(common.unwrap_or_else(|| vec![1.0; inner]))
    }

    fn i32(&self, name: &str, shape: &[usize]) -> Result<Vec<i32>> {
        let (p, bytes) = self.small(name, shape)?;
        if p.kind != Dtype::I32 {
            return Err(Error::model(name, format!("weights of kind {:?} where I32 was expected", p.kind)));
        }
        Ok(bytes.as_chunks().0.iter().map(|&b| i32::from_le_bytes(b)).collect())
    }

    fn small(&self, name: &str, shape: &[usize]) -> Result<(&Place, &[u8])> {
        let p = self.place(name)?;
        if p.shape != shape {
            return Err(Error::model(
                name,
                format!("shape {:?}, expected {shape:?} by the model's configuration", p.shape),
            ));
        }
        let bytes = (*self.shards[p.shard]).as_ref().get(p.range.clone());
        Ok((p, bytes.ok_or_else(|| Error::model(name, "the file changed while it was read"))?))
    }
}

/// `x W' + b` in int8: `NAME.weight` packed `[out/16, in/4, 16, 4]`, `NAME.weight.scale`, `NAME.weight.sum`, `NAME.bias`.
#[derive(Clone)]
pub struct Linear {
    weight: Raw,
    scale: Vec<f32>,
    sum: Vec<i32>,
    bias: Vec<f32>,
    /// Input channels.
    pub inner: usize,
    /// Output channels.
    pub out: usize,
}

impl Linear {
    /// Find the parts.
    ///
    /// # Errors
    /// One is missing or of another kind or shape, or the widths are not what the kernels can do.
    pub fn load(w: &Weights, name: &str, inner: usize, out: usize) -> Result<Self> {
        if w.found.contains_key(&format!("{name}.weight.smooth")) {
            return Err(Error::model(name, "stored with factors for its input, which are not expected here"));
        }
        Self::load_smooth(w, name, inner, out)
    }

    /// The same for weights that may be stored with factors for their input, `[inner]`: what comes in must have been
    /// multiplied by [`Weights::smooth`].
    ///
    /// # Errors
    /// As [`Linear::load`].
    pub fn load_smooth(w: &Weights, name: &str, inner: usize, out: usize) -> Result<Self> {
        if !inner.is_multiple_of(64) || !out.is_multiple_of(16) || inner == 0 {
            return Err(Error::model(name, format!("[{out}, {inner}] does not split into blocks of 16 by 64")));
        }
        let part = |p: &str| format!("{name}.{p}");
        Ok(Linear {
            weight: w.raw(&part("weight"), &[out / 16, inner / 4, 16, 4])?,
            scale: w.f32(&part("weight.scale"), &[out])?,
            sum: w.i32(&part("weight.sum"), &[out])?,
            bias: w.f32(&part("bias"), &[out])?,
            inner,
            out,
        })
    }

    /// For rows from [`super::ops::QuantiseActivated`], whose floor goes into the bias.
    pub fn activated(mut self) -> Self {
        for ((bias, scale), sum) in self.bias.iter_mut().zip(&self.scale).zip(&self.sum) {
            *bias += GELU_FLOOR * scale * *sum as f32;
        }
        self
    }

    /// All output channels.
    pub fn panels(&self) -> Panels<'_> {
        self.part(0..self.out)
    }

    /// Some of them; both ends are multiples of 16, and in range.
    pub fn part(&self, channels: Range<usize>) -> Panels<'_> {
        let bytes = channels.start * self.inner..channels.end * self.inner;
        Panels {
            weight: self.weight.get().get(bytes).unwrap_or_default(),
            scale: &self.scale[channels.clone()],
            bias: &self.bias[channels.clone()],
            sum: &self.sum[channels],
            inner: self.inner,
        }
    }
}

/// Weight and bias of a layer normalisation.
#[derive(Clone)]
pub struct NormWeights {
    /// `[width]`.
    pub weight: Vec<f32>,
    /// `[width]`.
    pub bias: Vec<f32>,
    /// Added to the variance.
    pub eps: f32,
    /// Factors of the channels in the int8 form, `[width]`; all 1 until [`NormWeights::smoothed`] gives others.
    pub smooth: Vec<f32>,
}

impl NormWeights {
    /// `NAME.weight` and `NAME.bias`.
    ///
    /// # Errors
    /// One is missing or of another shape.
    pub fn load(w: &Weights, name: &str, width: usize, eps: f64) -> Result<Self> {
        let get = |p: &str| w.f32(&format!("{name}.{p}"), &[width]);
        Ok(NormWeights { weight: get("weight")?, bias: get("bias")?, eps: eps as f32, smooth: vec![1.0; width] })
    }

    /// With the factors that the products after it were stored for.
    pub fn smoothed(self, smooth: Vec<f32>) -> Self {
        NormWeights { smooth, ..self }
    }
}
