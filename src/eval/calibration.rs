//! Can the probabilities be believed: expected calibration error, and what abstaining buys.

use crate::data::Stance;
use serde::Serialize;

/// Labels whose probability lies in one range.
#[derive(Debug, Clone, Serialize)]
pub struct Bin {
    /// Lower end of the range.
    pub from: f64,
    /// Upper end.
    pub to: f64,
    /// Labels in it.
    pub count: usize,
    /// Their mean probability.
    pub confidence: f64,
    /// Share of them that are right.
    pub accuracy: f64,
}

/// Accuracy where only labels of at least some probability are kept.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// The bar (`--abstain`).
    pub bar: f64,
    /// Share of labels at or above it.
    pub coverage: f64,
    /// Share of those that are right.
    pub accuracy: f64,
}

/// Reliability of the probability of the chosen label.
#[derive(Debug, Clone, Serialize)]
pub struct CalibrationReport {
    /// Expected calibration error over ten equal ranges (Guo et al. 2017).
    pub ece: f64,
    /// The ranges that hold any label.
    pub bins: Vec<Bin>,
    /// Coverage against accuracy.
    pub coverage: Vec<Coverage>,
}

impl CalibrationReport {
    /// From (gold, answer, probabilities).
    pub fn new(pairs: &[(Stance, Stance, [f32; 4])]) -> Self {
        let sure: Vec<(f64, bool)> = pairs.iter().map(|(g, a, p)| (f64::from(p[a.index()]), g == a)).collect();
        let mean = |v: &[(f64, bool)]| v.iter().map(|x| x.0).sum::<f64>() / v.len().max(1) as f64;
        let right = |v: &[(f64, bool)]| v.iter().filter(|x| x.1).count() as f64 / v.len().max(1) as f64;
        let mut bins = Vec::new();
        let mut ece = 0.0;
        for i in 0..10 {
            let here: Vec<(f64, bool)> =
                sure.iter().copied().filter(|(p, _)| ((p * 10.0) as usize).min(9) == i).collect();
            if here.is_empty() {
                continue;
            }
            let (confidence, accuracy) = (mean(&here), right(&here));
            ece += (confidence - accuracy).abs() * here.len() as f64 / sure.len() as f64;
            bins.push(Bin {
                from: i as f64 / 10.0,
                to: (i + 1) as f64 / 10.0,
                count: here.len(),
                confidence,
                accuracy,
            });
        }
        let coverage = [0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
            .into_iter()
            .map(|bar| {
                let kept: Vec<(f64, bool)> = sure.iter().copied().filter(|x| x.0 >= bar).collect();
                Coverage { bar, coverage: kept.len() as f64 / sure.len().max(1) as f64, accuracy: right(&kept) }
            })
            .collect();
        CalibrationReport { ece, bins, coverage }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_is_half_right_at_09_is_off_by_04() {
        let p = [0.9, 0.05, 0.03, 0.02];
        let r = CalibrationReport::new(&[(Stance::Ease, Stance::Ease, p), (Stance::None, Stance::Ease, p)]);
        assert!((r.ece - 0.4).abs() < 1e-6, "{}", r.ece);
        assert_eq!(r.bins.len(), 1);
    }
}
