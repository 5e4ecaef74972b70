//! Trained weights as the int8 kernels read them: linear maps packed, with one scale an output channel; the embedding
//! table with one a row; what is narrow in f32. `scripts/reference/export.py` does the same for models trained in PyTorch.

use super::params::{Params, pack};
use crate::error::{Error, Result};
use serde_json::{Map, json};
use std::collections::BTreeMap;

/// Where the norms' outliers are to go: share of a channel's size that its weights take over (SmoothQuant, Xiao et al.
/// 2023).
const POWER: f32 = 0.7;
/// Values below count as this, so that a channel that was never used divides by nothing.
const LEAST: f32 = 1e-5;
/// Every tensor begins at a multiple of this, so that kernels read a mapped file in place.
const ALIGN: usize = 64;

/// A tensor in plain form: a linear map `[out, in]`, a table, or a vector.
struct Plain {
    values: Vec<f32>,
    shape: Vec<usize>,
}

impl Plain {
    /// Length of a row.
    fn inner(&self) -> usize {
        self.shape.last().copied().unwrap_or(1).max(1)
    }

    /// Greatest absolute value of each input channel.
    fn columns(&self) -> Vec<f32> {
        let mut top = vec![0f32; self.inner()];
        for row in self.values.chunks_exact(self.inner()) {
            top.iter_mut().zip(row).for_each(|(t, v)| *t = t.max(v.abs()));
        }
        top
    }

    fn divide_columns(&mut self, by: &[f32]) {
        let inner = self.inner();
        for row in self.values.chunks_exact_mut(inner) {
            row.iter_mut().zip(by).for_each(|(v, s)| *v /= s);
        }
    }

    /// int8 with one scale a row.
    fn quantise(&self) -> (Vec<i8>, Vec<f32>) {
        let (mut q, mut scales) = (Vec::with_capacity(self.values.len()), Vec::new());
        for row in self.values.chunks_exact(self.inner()) {
            let scale = row.iter().fold(1e-8f32, |m, v| m.max(v.abs())) / 127.0;
            q.extend(row.iter().map(|v| (v / scale).round_ties_even().clamp(-127.0, 127.0) as i8));
            scales.push(scale);
        }
        (q, scales)
    }
}

/// A safetensors file being gathered: name, kind, shape, bytes.
#[derive(Default)]
struct File(Vec<(String, &'static str, Vec<usize>, Vec<u8>)>);

impl File {
    fn floats(&mut self, name: String, values: &[f32], shape: Vec<usize>) {
        self.0.push((name, "F32", shape, values.iter().flat_map(|v| v.to_le_bytes()).collect()));
    }

    fn ints(&mut self, name: String, values: &[i8], shape: Vec<usize>) {
        self.0.push((name, "I8", shape, values.iter().map(|&v| v as u8).collect()));
    }

    /// The file: whole blocks first, so that all of them are aligned.
    fn bytes(mut self) -> Vec<u8> {
        self.0.sort_by(|a, b| (a.3.len() % ALIGN != 0, &a.0).cmp(&(b.3.len() % ALIGN != 0, &b.0)));
        let (mut head, mut at) = (Map::new(), 0);
        for (name, kind, shape, bytes) in &self.0 {
            head.insert(name.clone(), json!({"dtype": kind, "shape": shape, "data_offsets": [at, at + bytes.len()]}));
            at += bytes.len();
        }
        let mut text = serde_json::Value::Object(head).to_string().into_bytes();
        text.resize((text.len() + 8).next_multiple_of(ALIGN) - 8, b' ');
        let mut out = (text.len() as u64).to_le_bytes().to_vec();
        out.extend(text);
        self.0.iter().for_each(|(_, _, _, bytes)| out.extend(bytes));
        out
    }
}

/// One safetensors file with all of `params`. `seen`: the greatest value of each input channel of the encoder's maps on
/// real text (see [`Params::watch`]), by which outliers are smoothed.
///
/// # Errors
/// A map of the encoder was not watched, or a tensor cannot be read.
pub fn int8(params: &Params, layers: usize, seen: &BTreeMap<String, Vec<f32>>) -> Result<Vec<u8>> {
    let mut all: BTreeMap<String, Plain> = BTreeMap::new();
    for (name, t) in params.tensors() {
        all.insert(name.clone(), Plain { values: t.flatten_all()?.to_vec1()?, shape: t.dims().to_vec() });
    }
    let factors = smooth(&mut all, layers, seen)?;
    let mut file = File::default();
    let tables = ["encoder.position.", "encoder.kind.", "encoder.relative."];
    for (name, p) in &all {
        match p.shape[..] {
            [rows, width] if name == "encoder.word.weight" => {
                let (q, scale) = p.quantise();
                file.ints(name.clone(), &q, vec![rows, width]);
                file.floats(format!("{name}.scale"), &scale, vec![rows]);
            }
            [out, inner]
                if out % 16 == 0
                    && inner % 64 == 0
                    && name.ends_with(".weight")
                    && !tables.iter().any(|t| name.starts_with(t)) =>
            {
                let (q, scale) = p.quantise();
                let sum = |row: &[i8]| row.iter().map(|&v| i32::from(v)).sum::<i32>().to_le_bytes();
                let sums = q.chunks_exact(inner).flat_map(sum).collect();
                file.ints(name.clone(), &pack(&q, out, inner), vec![out / 16, inner / 4, 16, 4]);
                file.floats(format!("{name}.scale"), &scale, vec![out]);
                file.0.push((format!("{name}.sum"), "I32", vec![out], sums));
                if let Some(s) = factors.get(name) {
                    file.floats(format!("{name}.smooth"), s, vec![inner]);
                }
            }
            _ => file.floats(name.clone(), &p.values, p.shape.clone()),
        }
    }
    Ok(file.bytes())
}

/// Factors of input channels by name; the weights are changed so that the whole computes what it did. Before the
/// attention's output none are needed: they go into the values' weights.
fn smooth(
    w: &mut BTreeMap<String, Plain>,
    layers: usize,
    seen: &BTreeMap<String, Vec<f32>>,
) -> Result<BTreeMap<String, Vec<f32>>> {
    let missing = |n: &str| Error::model(n, "this weight is missing, or nothing went through it");
    let mut out = BTreeMap::new();
    for i in 0..layers {
        let map = |x: &str| format!("encoder.layers.{i}.{x}");
        for group in [&["q", "k", "v"][..], &["up"]] {
            let top = seen.get(&map(group[0])).ok_or_else(|| missing(&map(group[0])))?;
            let mut by = vec![0f32; top.len()];
            for x in group {
                let m = w.get(&map(&format!("{x}.weight"))).ok_or_else(|| missing(&map(x)))?;
                by.iter_mut().zip(m.columns()).for_each(|(b, c)| *b = b.max(c));
            }
            let s: Vec<f32> =
                by.iter().zip(top).map(|(b, t)| b.max(LEAST).powf(1.0 - POWER) / t.max(LEAST).powf(POWER)).collect();
            for x in group {
                let name = map(&format!("{x}.weight"));
                w.get_mut(&name).ok_or_else(|| missing(&name))?.divide_columns(&s);
                out.insert(name, s.clone());
            }
        }
        let top = seen.get(&map("o")).ok_or_else(|| missing(&map("o")))?;
        let o = w.get_mut(&map("o.weight")).ok_or_else(|| missing(&map("o")))?;
        let s: Vec<f32> = o.columns().iter().zip(top).map(|(b, t)| (b.max(LEAST) / t.max(LEAST)).sqrt()).collect();
        o.divide_columns(&s);
        // Weight and bias alike hold as many values a channel as they are wide.
        for part in ["v.weight", "v.bias"] {
            let v = w.get_mut(&map(part)).ok_or_else(|| missing(&map(part)))?;
            let width = (v.values.len() / s.len().max(1)).max(1);
            for (row, s) in v.values.chunks_exact_mut(width).zip(&s) {
                row.iter_mut().for_each(|x| *x *= s);
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Tensor};

    #[test]
    fn what_is_packed_reads_back_as_it_was() {
        let mut p = Params::default();
        let mut state = 1u64;
        let mut draw = |n: usize| -> Vec<f32> {
            (0..n)
                .map(|_| crate::encoder::layers::unit(crate::encoder::layers::splitmix(&mut state)) as f32 - 0.5)
                .collect()
        };
        let mut seen = BTreeMap::new();
        for x in ["q", "k", "v", "o", "up", "down"] {
            let name = format!("encoder.layers.0.{x}");
            p.insert(&format!("{name}.weight"), Tensor::from_vec(draw(64 * 64), (64, 64), &Device::Cpu).unwrap());
            p.insert(&format!("{name}.bias"), Tensor::from_vec(draw(64), 64, &Device::Cpu).unwrap());
            seen.insert(name, (0..64).map(|i| 1.0 + i as f32 / 64.0).collect());
        }
        p.insert("stance.weight", Tensor::from_vec(draw(4 * 64), (4, 64), &Device::Cpu).unwrap());
        let bytes = int8(&p, 1, &seen).unwrap();
        let back = Params::load(&[&bytes], &Device::Cpu).unwrap();
        let rows = |p: &Params, n: &str| p.tensors()[n].to_vec2::<f32>().unwrap();
        // Where nothing was moved between maps, at most half a step is lost; the narrow head keeps all.
        for (a, b) in rows(&p, "encoder.layers.0.down.weight").iter().zip(rows(&back, "encoder.layers.0.down.weight")) {
            a.iter().zip(b).for_each(|(a, b)| assert!((a - b).abs() <= 0.5 / 127.0 / 2.0 + 1e-6));
        }
        assert_eq!(rows(&p, "stance.weight"), rows(&back, "stance.weight"));
        // o(v(x)) as a whole is unchanged: what v gained, o lost.
        let product = |p: &Params| {
            let t = |n: &str| p.tensors()[&format!("encoder.layers.0.{n}.weight")].clone();
            t("o").matmul(&t("v")).unwrap().to_vec2::<f32>().unwrap()
        };
        for (a, b) in product(&p).iter().flatten().zip(product(&back).iter().flatten()) {
            assert!((a - b).abs() < 0.04, "{a} {b}");
        }
        let head: u64 = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        assert_eq!((head as usize + 8) % ALIGN, 0);
    }
}
