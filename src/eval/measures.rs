//! Precision, recall, F1, and the confusion of four labels.

use crate::data::Stance;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Right, missed and wrong answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// In both.
    pub hits: usize,
    /// In the gold only.
    pub missed: usize,
    /// In the answer only.
    pub wrong: usize,
}

impl std::ops::Add for Counts {
    type Output = Counts;
    fn add(self, o: Counts) -> Counts {
        Counts { hits: self.hits + o.hits, missed: self.missed + o.missed, wrong: self.wrong + o.wrong }
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl Counts {
    /// Share of the answers that are right.
    pub fn precision(&self) -> f64 {
        share(self.hits, self.hits + self.wrong)
    }
    /// Share of the gold that was found.
    pub fn recall(&self) -> f64 {
        share(self.hits, self.hits + self.missed)
    }
    /// Harmonic mean of the two; 0 where nothing was found.
    pub fn f1(&self) -> f64 {
        share(2 * self.hits, 2 * self.hits + self.missed + self.wrong)
    }
    /// Count one case: whether the gold and the answer have it.
    pub fn see(&mut self, gold: bool, answer: bool) {
        match (gold, answer) {
            (true, true) => self.hits += 1,
            (true, false) => self.missed += 1,
            (false, true) => self.wrong += 1,
            (false, false) => {}
        }
    }
    /// Number in the gold.
    pub fn support(&self) -> usize {
        self.hits + self.missed
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut m = s.serialize_map(Some(5))?;
        m.serialize_entry("precision", &self.precision())?;
        m.serialize_entry("recall", &self.recall())?;
        m.serialize_entry("f1", &self.f1())?;
        m.serialize_entry("support", &self.support())?;
        m.serialize_entry("predicted", &(self.hits + self.wrong))?;
        m.end()
    }
}

/// Four labels, gold against answer.
#[derive(Debug, Clone, Serialize)]
pub struct Classes {
    /// Mean of the F1 of the four labels.
    pub macro_f1: f64,
    /// Share of right labels.
    pub accuracy: f64,
    /// Each label, order of [`Stance::ALL`].
    pub classes: Vec<Class>,
    /// Rows: gold, columns: answer, order of [`Stance::ALL`].
    pub confusion: [[usize; 4]; 4],
}

/// One label's figures.
#[derive(Debug, Clone, Serialize)]
pub struct Class {
    /// Which.
    pub stance: Stance,
    /// Its figures.
    #[serde(flatten)]
    pub counts: Counts,
}

impl Classes {
    /// From (gold, answer) pairs.
    pub fn new(pairs: &[(Stance, Stance)]) -> Self {
        let mut confusion = [[0; 4]; 4];
        for (g, p) in pairs {
            confusion[g.index()][p.index()] += 1;
        }
        let counts = |k: usize| Counts {
            hits: confusion[k][k],
            missed: (0..4).filter(|&j| j != k).map(|j| confusion[k][j]).sum(),
            wrong: (0..4).filter(|&j| j != k).map(|j| confusion[j][k]).sum(),
        };
        let classes: Vec<Class> =
            Stance::ALL.into_iter().map(|s| Class { stance: s, counts: counts(s.index()) }).collect();
        Classes {
            macro_f1: classes.iter().map(|c| c.counts.f1()).sum::<f64>() / 4.0,
            accuracy: share((0..4).map(|k| confusion[k][k]).sum(), pairs.len()),
            classes,
            confusion,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stance::{Ease, Maintain, None, Tighten};

    #[test]
    fn figures_of_a_small_case_worked_by_hand() {
        let c = Classes::new(&[(Ease, Ease), (Ease, None), (Maintain, Ease), (None, None), (Tighten, Tighten)]);
        assert_eq!(c.confusion[0], [1, 0, 0, 1]);
        let f: Vec<f64> = c.classes.iter().map(|c| c.counts.f1()).collect();
        assert_eq!(f, [0.5, 0.0, 1.0, 2.0 / 3.0]);
        assert!((c.macro_f1 - (0.5 + 1.0 + 2.0 / 3.0) / 4.0).abs() < 1e-12);
        assert!((c.accuracy - 0.6).abs() < 1e-12);
        assert_eq!(Counts::default().f1(), 0.0);
    }
}
