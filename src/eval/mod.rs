//! Measures of a model against coded paragraphs.

mod calibration;
mod measures;
pub mod table;

pub use calibration::{Bin, CalibrationReport};
pub use measures::{Classes, Counts};

use crate::data::{Role, Scored, Span, Stance};
use crate::error::{Error, Result};
use crate::gold::GoldParagraph;
use crate::pipeline::Pipeline;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everything `demarche eval` reports on one set of coded paragraphs.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Paragraphs measured.
    pub paragraphs: usize,
    /// Coded actors.
    pub actors: usize,
    /// Stance of the coder's own actors, four classes.
    pub given: Classes,
    /// The same by kind of text, where there are several.
    pub by_genre: BTreeMap<String, Classes>,
    /// Actor found and stance right, over stances other than `none`.
    pub end_to_end: Counts,
    /// The same by label.
    pub end_to_end_by_stance: BTreeMap<&'static str, Counts>,
    /// Mentions found: overlap with a coded mention.
    pub mentions: Counts,
    /// Share of found actors whose code is the coder's.
    pub code_accuracy: f64,
    /// Share of found actors whose type is the coder's.
    pub type_accuracy: f64,
    /// Targets of a paragraph, as codes.
    pub targets: Counts,
    /// Whether the paragraph speaks of sanctions.
    pub about: Counts,
    /// Roles of the coder's own actors, where they are coded.
    pub roles: BTreeMap<&'static str, Counts>,
    /// Share of the coder's own actors, of those with a stance in gold and answer, whose voice is the coder's; 0 of 0 where
    /// it is not coded.
    pub voice: Voices,
    /// How far the probabilities of the given actors' labels can be trusted.
    pub calibration: CalibrationReport,
}

/// Whose voice a stance is in.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Voices {
    /// Actors compared.
    pub compared: usize,
    /// Share that is right.
    pub accuracy: f64,
}

/// Roles that a coder gives beside the stance.
const ROLES: [(Role, &str); 4] =
    [(Role::Sender, "sender"), (Role::Target, "target"), (Role::Addressee, "addressee"), (Role::Source, "source")];

/// Measure `pipeline` on `gold`, both tasks.
///
/// # Errors
/// The first document that could not be scored, or that no person coded.
pub fn evaluate(pipeline: &Pipeline, gold: &[GoldParagraph]) -> Result<Report> {
    if let Some(g) = gold.iter().find(|g| !g.coded) {
        let reason = "a model's answers, not coded by a person (\"coded\": false): nothing can be measured against it";
        return Err(Error::Input { at: g.origin.clone(), reason: reason.into() });
    }
    let run = |given: bool| -> Result<Vec<Scored>> {
        pipeline.score(gold.iter().map(|g| g.document(given)).collect()).into_iter().collect()
    };
    let (given, found) = (run(true)?, run(false)?);
    let mut pairs: Vec<(Stance, Stance, [f32; 4])> = Vec::new();
    let mut genres: BTreeMap<String, Vec<(Stance, Stance)>> = BTreeMap::new();
    let mut roles: BTreeMap<&'static str, Counts> = BTreeMap::new();
    let (mut voices, mut same_voice) = (0, 0);
    for (g, s) in gold.iter().zip(&given) {
        for (a, p) in g.actors.iter().zip(s.paragraphs.iter().flat_map(|p| &p.actors)) {
            pairs.push((a.stance, p.stance, p.p));
            genres.entry(g.genre.clone()).or_default().push((a.stance, p.stance));
            if let Some(coded) = &a.roles {
                for (role, name) in ROLES {
                    roles.entry(name).or_default().see(coded.contains(&role), p.roles.contains(&role));
                }
            }
            if let (Some(coded), Some(voice)) = (a.voice, p.voice) {
                voices += 1;
                same_voice += usize::from(coded == voice);
            }
        }
    }
    let mut t = Tally::default();
    for (g, s) in gold.iter().zip(&found) {
        t.paragraph(g, s);
    }
    let ratio = |n: usize| if t.matched == 0 { 0.0 } else { n as f64 / t.matched as f64 };
    let plain: Vec<(Stance, Stance)> = pairs.iter().map(|p| (p.0, p.1)).collect();
    let by = |v: &Vec<(Stance, Stance)>| Classes::new(v);
    Ok(Report {
        paragraphs: gold.len(),
        actors: plain.len(),
        given: Classes::new(&plain),
        by_genre: if genres.len() > 1 {
            genres.iter().map(|(k, v)| (k.clone(), by(v))).collect()
        } else {
            BTreeMap::new()
        },
        end_to_end: t.stance.values().fold(Counts::default(), |a, b| a + *b),
        end_to_end_by_stance: t.stance.iter().map(|(k, v)| (k.as_str(), *v)).collect(),
        mentions: t.mentions,
        code_accuracy: ratio(t.code),
        type_accuracy: ratio(t.kind),
        targets: t.targets,
        about: t.about,
        roles,
        voice: Voices { compared: voices, accuracy: if voices == 0 { 0.0 } else { same_voice as f64 / voices as f64 } },
        calibration: CalibrationReport::new(&pairs),
    })
}

/// Running counts of the end-to-end task.
#[derive(Default)]
struct Tally {
    stance: BTreeMap<Stance, Counts>,
    mentions: Counts,
    matched: usize,
    code: usize,
    kind: usize,
    targets: Counts,
    about: Counts,
}

/// Whether two actors share ground.
fn meet(a: &[Span], b: &[Span]) -> bool {
    a.iter().any(|x| b.iter().any(|y| x.overlaps(*y)))
}

impl Tally {
    fn paragraph(&mut self, g: &GoldParagraph, s: &Scored) {
        let predicted: Vec<(Vec<Span>, &crate::data::ScoredActor)> = s
            .paragraphs
            .iter()
            .flat_map(|p| {
                p.actors.iter().map(|a| (a.actor.mentions.iter().map(|m| m.shifted(p.span.start)).collect(), a))
            })
            .collect();
        // One to one: each coded actor takes the first predicted one that overlaps it, those of the same label first.
        let mut taken = vec![false; predicted.len()];
        let mut partner: Vec<Option<usize>> = vec![None; g.actors.len()];
        for same in [true, false] {
            for (a, partner) in g.actors.iter().zip(&mut partner).filter(|(_, p)| p.is_none()) {
                let fits = |(i, (m, p)): (usize, &(Vec<Span>, &crate::data::ScoredActor))| {
                    !taken[i] && (!same || p.stance == a.stance) && meet(m, &a.mentions)
                };
                *partner = predicted.iter().enumerate().position(fits);
                if let Some(i) = *partner {
                    taken[i] = true;
                }
            }
        }
        for (a, partner) in g.actors.iter().zip(&partner) {
            let hit = partner.map(|i| predicted[i].1);
            if let Some(p) = hit {
                self.matched += 1;
                self.code += usize::from(p.actor.code == a.code);
                self.kind += usize::from(p.actor.kind == a.kind);
            }
            if a.stance != Stance::None {
                let right = hit.is_some_and(|p| p.stance == a.stance);
                let c = self.stance.entry(a.stance).or_default();
                if right { c.hits += 1 } else { c.missed += 1 }
            }
        }
        for (i, (_, p)) in predicted.iter().enumerate().filter(|(_, (_, p))| p.stance != Stance::None) {
            let right = g.actors.iter().zip(&partner).any(|(a, q)| *q == Some(i) && a.stance == p.stance);
            if !right {
                self.stance.entry(p.stance).or_default().wrong += 1;
            }
        }
        for a in &g.actors {
            let found = predicted.iter().any(|(m, _)| meet(m, &a.mentions));
            if found { self.mentions.hits += 1 } else { self.mentions.missed += 1 }
        }
        self.mentions.wrong += predicted.iter().filter(|(m, _)| !g.actors.iter().any(|a| meet(m, &a.mentions))).count();
        if let Some(targets) = &g.targets {
            let gold: BTreeSet<&str> = targets.iter().map(String::as_str).filter(|c| *c != "-").collect();
            let got: BTreeSet<&str> = s.paragraphs.iter().flat_map(|p| p.targets.iter().map(String::as_str)).collect();
            self.targets.hits += gold.intersection(&got).count();
            self.targets.missed += gold.difference(&got).count();
            self.targets.wrong += got.difference(&gold).count();
        }
        if let Some(about) = g.about {
            let got = s.paragraphs.iter().any(|p| p.about >= 0.5);
            self.about.see(about, got);
        }
    }
}
