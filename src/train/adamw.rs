//! AdamW (Loshchilov and Hutter 2019) with its own state, so that a stopped run goes on exactly where it was.

use crate::encoder::fused::{VALUES, values, values_mut};
use crate::error::{Error, Result};
use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result as Computed, Tensor, Var};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// How one group of variables learns.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// Peak learning rate.
    pub rate: f64,
    /// Weight decay.
    pub decay: f64,
}

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPS: f64 = 1e-8;

/// A moving average of a gradient or of its square, in place.
struct Average {
    keep: f32,
    square: bool,
}

impl InplaceOp2 for Average {
    fn name(&self) -> &'static str {
        "average"
    }

    fn cpu_fwd(&self, m: &mut CpuStorage, lm: &Layout, g: &CpuStorage, lg: &Layout) -> Computed<()> {
        let (m, g, new) = (values_mut(m, lm)?, values(g, lg)?, 1.0 - self.keep);
        m.par_chunks_mut(VALUES).zip(g.par_chunks(VALUES)).for_each(|(m, g)| {
            let square = self.square;
            m.iter_mut().zip(g).for_each(|(m, g)| *m = *m * self.keep + if square { g * g } else { *g } * new);
        });
        Ok(())
    }
}

/// A variable's step along its moments, in place.
struct Step {
    /// What weight decay leaves.
    keep: f32,
    /// Learning rate, over the first moment's correction.
    rate: f32,
    /// One over the second moment's correction.
    scale: f32,
}

impl InplaceOp3 for Step {
    fn name(&self) -> &'static str {
        "step"
    }

    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        lx: &Layout,
        m: &CpuStorage,
        lm: &Layout,
        v: &CpuStorage,
        lv: &Layout,
    ) -> Computed<()> {
        let (x, m, v) = (values_mut(x, lx)?, values(m, lm)?, values(v, lv)?);
        x.par_chunks_mut(VALUES).zip(m.par_chunks(VALUES)).zip(v.par_chunks(VALUES)).for_each(|((x, m), v)| {
            for ((x, m), v) in x.iter_mut().zip(m).zip(v) {
                *x = *x * self.keep - self.rate * m / ((v * self.scale).sqrt() + EPS as f32);
            }
        });
        Ok(())
    }
}

/// First and second moments of every variable.
pub struct AdamW {
    moments: BTreeMap<String, (Tensor, Tensor)>,
    steps: usize,
}

impl AdamW {
    /// Nothing learned yet.
    pub fn new() -> Self {
        AdamW { moments: BTreeMap::new(), steps: 0 }
    }

    /// One step along `grads`, each learning rate times `factor`, gradients scaled so that their common norm is at most
    /// `clip`. Returns the norm before.
    ///
    /// # Errors
    /// A gradient that is no number: the run has diverged.
    pub fn step(
        &mut self,
        vars: &BTreeMap<String, Var>,
        grads: &GradStore,
        group: impl Fn(&str, &Var) -> Group,
        factor: f64,
        clip: f64,
    ) -> Result<f64> {
        let norm = norm(vars, grads)?;
        if !norm.is_finite() {
            return Err(Error::Compute(format!(
                "the gradient is not a number after {} steps; take a lower learning rate and go on from the last checkpoint",
                self.steps
            )));
        }
        self.steps += 1;
        let scale = if norm > clip { clip / norm } else { 1.0 };
        for (name, var) in vars {
            if let Some(g) = grads.get(var) {
                self.update(name, var, &(g * scale)?.detach(), group(name, var), factor)?;
            }
        }
        Ok(norm)
    }

    fn update(&mut self, name: &str, var: &Var, g: &Tensor, group: Group, factor: f64) -> Computed<()> {
        let (m, v) = match self.moments.entry(name.to_string()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert((var.zeros_like()?, var.zeros_like()?)),
        };
        let t = self.steps as i32;
        let (a, b) = (1.0 - BETA1.powi(t), 1.0 - BETA2.powi(t));
        let rate = group.rate * factor;
        if var.device().is_cpu() {
            let g = g.contiguous()?;
            m.inplace_op2(&g, &Average { keep: BETA1 as f32, square: false })?;
            v.inplace_op2(&g, &Average { keep: BETA2 as f32, square: true })?;
            let step =
                Step { keep: (1.0 - rate * group.decay) as f32, rate: (rate / a) as f32, scale: (1.0 / b) as f32 };
            return var.inplace_op3(m, v, &step);
        }
        *m = ((&*m * BETA1)? + (g * (1.0 - BETA1))?)?.detach();
        *v = ((&*v * BETA2)? + (g.sqr()? * (1.0 - BETA2))?)?.detach();
        let step = ((&*m / a)? / ((&*v / b)?.sqrt()? + EPS)?)?;
        var.set(&((var.as_tensor() * (1.0 - rate * group.decay))? - (step * rate)?)?)
    }

    /// The moments as tensors to save.
    pub fn state(&self) -> BTreeMap<String, Tensor> {
        let both =
            |(n, (m, v)): (&String, &(Tensor, Tensor))| [(format!("m.{n}"), m.clone()), (format!("v.{n}"), v.clone())];
        self.moments.iter().flat_map(both).collect()
    }

    /// Go on from saved moments.
    pub fn restore(&mut self, mut saved: BTreeMap<String, Tensor>, steps: usize) {
        let names: Vec<String> = saved.keys().filter_map(|k| k.strip_prefix("m.").map(str::to_string)).collect();
        for n in names {
            if let (Some(m), Some(v)) = (saved.remove(&format!("m.{n}")), saved.remove(&format!("v.{n}"))) {
                self.moments.insert(n, (m, v));
            }
        }
        self.steps = steps;
    }
}

impl Default for AdamW {
    fn default() -> Self {
        AdamW::new()
    }
}

/// Euclidean norm of all gradients together.
fn norm(vars: &BTreeMap<String, Var>, grads: &GradStore) -> Computed<f64> {
    let mut sum = 0.0;
    for var in vars.values() {
        if let Some(g) = grads.get(var) {
            sum += f64::from(g.sqr()?.sum_all()?.to_scalar::<f32>()?);
        }
    }
    Ok(sum.sqrt())
}
