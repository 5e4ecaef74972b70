//! Named weights: read from safetensors of f32, f16, bf16 or packed int8, handed out as candle tensors.

use crate::error::{Error, Result};
use candle_core::{DType, Device, Tensor, Var};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Columns of a packed int8 block (output channels), see [`unpack`].
pub const BLOCK_OUT: usize = 16;
/// Inner length of a packed int8 block (input channels).
pub const BLOCK_IN: usize = 4;

/// Named tensors of a model on one device, as candle sees them; trainable ones are [`Var`]s.
#[derive(Clone, Default)]
pub struct Params {
    tensors: BTreeMap<String, Tensor>,
    vars: BTreeMap<String, Var>,
    watch: Option<Maxima>,
    fused: bool,
}

/// Greatest absolute value of every input channel of linear maps, by the map's name: what int8 must have room for.
#[derive(Debug, Clone, Default)]
pub struct Maxima(Arc<Mutex<BTreeMap<String, Vec<f32>>>>);

impl Maxima {
    /// Take `x` `[.., in]`, which goes into the map called `name`, into account.
    ///
    /// # Errors
    /// The device's own.
    pub fn see(&self, name: &str, x: &Tensor) -> candle_core::Result<()> {
        let inner = x.dim(candle_core::D::Minus1)?;
        let top: Vec<f32> = x.detach().abs()?.reshape(((), inner))?.max(0)?.to_vec1()?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.entry(name.to_string()).or_insert_with(|| vec![0.0; inner]);
        own.iter_mut().zip(top).for_each(|(o, t)| *o = o.max(t));
        Ok(())
    }

    /// What was seen so far.
    pub fn get(&self) -> BTreeMap<String, Vec<f32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One stored tensor as f32 values in its logical shape. Linear weights may be stored as int8
/// (`[out, in]`, or packed `[out/16, in/4, 16, 4]`) with `NAME.scale`, one factor per output channel, and perhaps
/// `NAME.smooth`, one per input channel.
pub fn to_f32(all: &SafeTensors, name: &str) -> Result<(Vec<f32>, Vec<usize>)> {
    let view = all.tensor(name).map_err(|e| Error::model(name, format!("this weight is missing or damaged ({e})")))?;
    let data = view.data();
    let values = match view.dtype() {
        Dtype::F32 => chunks(data, |b: [u8; 4]| f32::from_le_bytes(b)),
        Dtype::F16 => chunks(data, |b: [u8; 2]| half::f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => chunks(data, |b: [u8; 2]| half::bf16::from_le_bytes(b).to_f32()),
        Dtype::I8 => return quantised(all, name, &view),
        other => {
            return Err(Error::model(
                name,
                format!("weights of kind {other:?} are not read; expected F32, F16, BF16 or I8"),
            ));
        }
    };
    Ok((values, view.shape().to_vec()))
}

fn chunks<const N: usize>(data: &[u8], f: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    data.chunks_exact(N).map(|c| f(std::array::from_fn(|i| c[i]))).collect()
}

fn quantised(all: &SafeTensors, name: &str, view: &TensorView) -> Result<(Vec<f32>, Vec<usize>)> {
    let (scale, _) = to_f32(all, &format!("{name}.scale"))?;
    let bytes: Vec<i8> = view.data().iter().map(|&b| b as i8).collect();
    let (plain, out, inner) = match *view.shape() {
        [out, inner] => (bytes, out, inner),
        [blocks, quads, BLOCK_OUT, BLOCK_IN] => (unpack(&bytes, blocks, quads), blocks * BLOCK_OUT, quads * BLOCK_IN),
        ref other => {
            return Err(Error::model(name, format!("shape {other:?} of an int8 weight is neither plain nor packed")));
        }
    };
    if scale.len() != out {
        return Err(Error::model(name, format!("{} scales for {out} output channels", scale.len())));
    }
    let mut values: Vec<f32> = plain.iter().enumerate().map(|(i, &q)| f32::from(q) * scale[i / inner.max(1)]).collect();
    let factors = format!("{name}.smooth");
    if all.tensor(&factors).is_ok() {
        let (smooth, _) = to_f32(all, &factors)?;
        if smooth.len() != inner {
            return Err(Error::model(name, format!("{} factors for {inner} input channels", smooth.len())));
        }
        values.chunks_exact_mut(inner.max(1)).for_each(|row| row.iter_mut().zip(&smooth).for_each(|(v, s)| *v *= s));
    }
    Ok((values, vec![out, inner]))
}

/// `[out/16][in/4][16][4]` (what the int8 kernels read) to plain row-major `[out, in]`.
pub fn unpack(packed: &[i8], blocks: usize, quads: usize) -> Vec<i8> {
    let inner = quads * BLOCK_IN;
    let mut plain = vec![0; packed.len()];
    for (i, &q) in packed.iter().enumerate() {
        let (k, rest) = (i % BLOCK_IN, i / BLOCK_IN);
        let (n, rest) = (rest % BLOCK_OUT, rest / BLOCK_OUT);
        let (quad, block) = (rest % quads, rest / quads);
        debug_assert!(block < blocks);
        plain[(block * BLOCK_OUT + n) * inner + quad * BLOCK_IN + k] = q;
    }
    plain
}

/// The other way round; `out` must be a multiple of 16 and `inner` of 4.
pub fn pack(plain: &[i8], out: usize, inner: usize) -> Vec<i8> {
    let quads = inner / BLOCK_IN;
    let mut packed = vec![0; plain.len()];
    for o in 0..out {
        for k in 0..inner {
            let at = ((o / BLOCK_OUT * quads + k / BLOCK_IN) * BLOCK_OUT + o % BLOCK_OUT) * BLOCK_IN + k % BLOCK_IN;
            packed[at] = plain[o * inner + k];
        }
    }
    packed
}

impl Params {
    /// All weights of `shards` (safetensors files as bytes) as f32 on `device`.
    pub fn load(shards: &[&[u8]], device: &Device) -> Result<Self> {
        let mut out = Params::default();
        for (i, bytes) in shards.iter().enumerate() {
            let all = SafeTensors::deserialize(bytes)
                .map_err(|e| Error::model(format!("shard {}", i + 1), format!("not a safetensors file ({e})")))?;
            for name in all.names() {
                if [".weight.scale", ".weight.smooth"].iter().any(|part| name.ends_with(part)) {
                    continue;
                }
                // Counters that makers store beside the weights ("position_ids").
                if all.tensor(name).is_ok_and(|t| matches!(t.dtype(), Dtype::I64 | Dtype::I32 | Dtype::BOOL)) {
                    continue;
                }
                let (values, shape) = to_f32(&all, name)?;
                let t = Tensor::from_vec(values, shape, device)?;
                out.tensors.insert(name.to_string(), t);
            }
        }
        Ok(out)
    }

    /// Make `name` a trainable variable with these first values.
    pub fn insert_var(&mut self, name: &str, value: &Tensor) -> Result<()> {
        let var = Var::from_tensor(value)?;
        self.tensors.insert(name.to_string(), var.as_tensor().clone());
        self.vars.insert(name.to_string(), var);
        Ok(())
    }

    /// Put `value` there as a constant.
    pub fn insert(&mut self, name: &str, value: Tensor) {
        self.tensors.insert(name.to_string(), value);
    }

    /// The weight called `name`, which must have `shape`.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        let t = self
            .tensors
            .get(name)
            .ok_or_else(|| Error::model(name, "this weight is missing from the model's files"))?;
        if t.dims() != shape {
            return Err(Error::model(
                name,
                format!("shape {:?}, expected {shape:?} by the model's configuration", t.dims()),
            ));
        }
        Ok(t.clone())
    }

    /// Names and trainable variables, in order of name.
    pub fn vars(&self) -> &BTreeMap<String, Var> {
        &self.vars
    }

    /// Names and values of everything, in order of name.
    pub fn tensors(&self) -> &BTreeMap<String, Tensor> {
        &self.tensors
    }

    /// From here on, linear maps that are loaded tell what goes into them.
    pub fn watch(&mut self) -> Maxima {
        self.watch.get_or_insert_with(Maxima::default).clone()
    }

    /// Whether layers are to compute by [`super::fused`].
    pub(crate) fn fused(&self) -> bool {
        self.fused
    }

    /// Where a linear map is to tell it, if anywhere.
    pub(super) fn watched(&self) -> Option<Maxima> {
        self.watch.clone()
    }

    /// The same values as constants, for measuring a model in training: of a variable every answer keeps the whole way to it.
    pub fn constants(&self) -> Self {
        let tensors = self.tensors.iter().map(|(n, t)| (n.clone(), t.detach())).collect();
        Params { tensors, ..Params::default() }
    }

    /// Turn every weight for which `trainable` says so into a variable; on a CPU, layers that are loaded from here on compute
    /// by [`super::fused`].
    pub fn trainable(mut self, trainable: impl Fn(&str) -> bool) -> Result<Self> {
        self.fused = self.tensors.values().all(|t| t.device().is_cpu());
        let names: Vec<String> = self.tensors.keys().filter(|n| trainable(n)).cloned().collect();
        for n in names {
            let t = self.tensors[&n].to_dtype(DType::F32)?;
            self.insert_var(&n, &t)?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_and_unpacking_are_inverse() {
        for (out, inner) in [(16, 4), (32, 8), (48, 12)] {
            let plain: Vec<i8> = (0..out * inner).map(|i| (i * 37 % 251) as u8 as i8).collect();
            assert_eq!(unpack(&pack(&plain, out, inner), out / 16, inner / 4), plain);
        }
    }

    #[test]
    fn constants_keep_values_and_no_way_back() {
        let mut p = Params::default();
        p.insert_var("x", &Tensor::from_vec(vec![1f32, 2.0], 2, &Device::Cpu).unwrap()).unwrap();
        assert!(p.tensors()["x"].is_variable());
        let c = p.constants();
        assert!(!c.tensors()["x"].is_variable() && c.vars().is_empty());
        assert_eq!(c.tensors()["x"].to_vec1::<f32>().unwrap(), [1.0, 2.0]);
    }
}
