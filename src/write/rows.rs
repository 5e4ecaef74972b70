//! The records of the contract, in the order of their fields. Offsets are code points.

use crate::data::{CodePoints, Role, Scored, ScoredActor, ScoredParagraph, Span, Stance, Voice};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Raised whenever a field changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// One document × paragraph × actor.
#[derive(Debug, Clone, Serialize)]
pub struct ActorRow<'a> {
    pub schema_version: u32,
    pub doc: &'a str,
    pub paragraph: usize,
    pub start: usize,
    pub end: usize,
    pub actor: &'a str,
    pub actor_id: &'a str,
    pub code: &'a str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub stance: Stance,
    pub p_ease: f64,
    pub p_maintain: f64,
    pub p_tighten: f64,
    pub p_none: f64,
    pub abstained: bool,
    pub about_sanctions: f64,
    pub targets: &'a [String],
    pub roles: &'a [Role],
    pub voice: Option<Voice>,
    pub via: crate::data::Via,
    pub mention_start: usize,
    pub mention_end: usize,
    pub evidence: Option<&'a str>,
    pub evidence_start: Option<usize>,
    pub evidence_end: Option<usize>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub meta: &'a Map<String, Value>,
}

/// One paragraph with its actors.
#[derive(Debug, Clone, Serialize)]
pub struct ParagraphRow<'a> {
    pub schema_version: u32,
    pub doc: &'a str,
    pub paragraph: usize,
    pub start: usize,
    pub end: usize,
    pub text: &'a str,
    pub about_sanctions: f64,
    pub targets: &'a [String],
    pub actors: Vec<NestedActor<'a>>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub meta: &'a Map<String, Value>,
}

/// An actor inside a [`ParagraphRow`].
#[derive(Debug, Clone, Serialize)]
pub struct NestedActor<'a> {
    pub actor: &'a str,
    pub actor_id: &'a str,
    pub code: &'a str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub mentions: Vec<[usize; 2]>,
    pub stance: Stance,
    pub p: Probabilities,
    pub abstained: bool,
    pub roles: &'a [Role],
    pub voice: Option<Voice>,
    pub via: crate::data::Via,
    pub evidence: Option<[usize; 2]>,
}

/// Four calibrated probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Probabilities {
    pub ease: f64,
    pub maintain: f64,
    pub tighten: f64,
    pub none: f64,
}

/// One document × actor.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentRow<'a> {
    pub schema_version: u32,
    pub doc: &'a str,
    pub actor: &'a str,
    pub actor_id: &'a str,
    pub code: &'a str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The position most of its paragraphs show, `none` where no paragraph shows one.
    pub stance: Stance,
    pub paragraphs: usize,
    pub n_ease: usize,
    pub n_maintain: usize,
    pub n_tighten: usize,
    pub n_none: usize,
    pub p_ease: f64,
    pub p_maintain: f64,
    pub p_tighten: f64,
    pub p_none: f64,
    pub targets: Vec<&'a str>,
    pub evidence: Option<&'a str>,
    pub evidence_paragraph: Option<usize>,
    pub evidence_start: Option<usize>,
    pub evidence_end: Option<usize>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub meta: &'a Map<String, Value>,
}

/// Six decimals: more would print noise, fewer would not sum to 1.
pub fn rounded(x: f32) -> f64 {
    (f64::from(x) * 1e6).round() / 1e6
}

impl Probabilities {
    fn new(p: [f32; 4]) -> Self {
        Probabilities { ease: rounded(p[0]), maintain: rounded(p[1]), tighten: rounded(p[2]), none: rounded(p[3]) }
    }
}

/// Where the first mention and the evidence of an actor stand in the document, in code points.
fn spans(points: &CodePoints, p: &ScoredParagraph, a: &ScoredActor) -> (Vec<[usize; 2]>, Option<[usize; 2]>) {
    let at = |s: Span| points.pair(s.shifted(p.span.start));
    (a.actor.mentions.iter().map(|&m| at(m)).collect(), a.evidence.map(at))
}

/// All actor rows of a document.
pub fn actor_rows(s: &Scored) -> Vec<ActorRow<'_>> {
    let points = CodePoints::new(&s.document.text);
    let mut out = Vec::new();
    for p in &s.paragraphs {
        let [start, end] = points.pair(p.span);
        for a in &p.actors {
            let (mentions, evidence) = spans(&points, p, a);
            let [mention_start, mention_end] = mentions.first().copied().unwrap_or([start, start]);
            let q = Probabilities::new(a.p);
            out.push(ActorRow {
                schema_version: SCHEMA_VERSION,
                doc: &s.document.id,
                paragraph: p.index,
                start,
                end,
                actor: &a.actor.name,
                actor_id: &a.actor.id,
                code: &a.actor.code,
                kind: a.actor.kind.as_str(),
                stance: a.stance,
                p_ease: q.ease,
                p_maintain: q.maintain,
                p_tighten: q.tighten,
                p_none: q.none,
                abstained: a.abstained,
                about_sanctions: rounded(p.about),
                targets: &p.targets,
                roles: &a.roles,
                voice: a.voice,
                via: a.actor.via,
                mention_start,
                mention_end,
                evidence: a.evidence.map(|e| e.shifted(p.span.start).of(&s.document.text)),
                evidence_start: evidence.map(|e| e[0]),
                evidence_end: evidence.map(|e| e[1]),
                meta: &s.document.meta,
            });
        }
    }
    out
}

/// All paragraph rows of a document.
pub fn paragraph_rows(s: &Scored) -> Vec<ParagraphRow<'_>> {
    let points = CodePoints::new(&s.document.text);
    let row = |p| {
        let p: &ScoredParagraph = p;
        let [start, end] = points.pair(p.span);
        let actors = p.actors.iter().map(|a| {
            let (mentions, evidence) = spans(&points, p, a);
            NestedActor {
                actor: &a.actor.name,
                actor_id: &a.actor.id,
                code: &a.actor.code,
                kind: a.actor.kind.as_str(),
                mentions,
                stance: a.stance,
                p: Probabilities::new(a.p),
                abstained: a.abstained,
                roles: &a.roles,
                voice: a.voice,
                via: a.actor.via,
                evidence,
            }
        });
        ParagraphRow {
            schema_version: SCHEMA_VERSION,
            doc: &s.document.id,
            paragraph: p.index,
            start,
            end,
            text: p.span.of(&s.document.text),
            about_sanctions: rounded(p.about),
            targets: &p.targets,
            actors: actors.collect(),
            meta: &s.document.meta,
        }
    };
    s.paragraphs.iter().map(row).collect()
}

/// One row per actor id, in order of first appearance: counts, mean probabilities, the strongest evidence.
pub fn document_rows(s: &Scored) -> Vec<DocumentRow<'_>> {
    let points = CodePoints::new(&s.document.text);
    let mut order: Vec<&str> = Vec::new();
    let mut by: BTreeMap<&str, Vec<(&ScoredParagraph, &ScoredActor)>> = BTreeMap::new();
    for p in &s.paragraphs {
        for a in &p.actors {
            let list = by.entry(&a.actor.id).or_default();
            if list.is_empty() {
                order.push(&a.actor.id);
            }
            list.push((p, a));
        }
    }
    let row = |id: &str| {
        let list = by.get(id)?;
        let first = list.first()?.1;
        let mut n = [0usize; 4];
        let mut mean = [0f32; 4];
        for (_, a) in list {
            n[a.stance.index()] += 1;
            (0..4).for_each(|k| mean[k] += a.p[k] / list.len() as f32);
        }
        // Positions outvote silence: an actor who speaks once and is named ten times has a position.
        let stance = Stance::ALL[..3]
            .iter()
            .copied()
            .filter(|s| n[s.index()] > 0)
            .max_by(|a, b| n[a.index()].cmp(&n[b.index()]).then(mean[a.index()].total_cmp(&mean[b.index()])))
            .unwrap_or(Stance::None);
        let strongest = list
            .iter()
            .filter(|(_, a)| a.stance == stance && a.evidence.is_some())
            .max_by(|x, y| x.1.p[stance.index()].total_cmp(&y.1.p[stance.index()]));
        let evidence = strongest.and_then(|(p, a)| a.evidence.map(|e| (p.index, e.shifted(p.span.start))));
        let mut targets: Vec<&str> = list
            .iter()
            .filter(|(_, a)| a.stance == stance)
            .flat_map(|(p, _)| p.targets.iter().map(String::as_str))
            .collect();
        targets.sort_unstable();
        targets.dedup();
        let q = Probabilities::new(mean);
        Some(DocumentRow {
            schema_version: SCHEMA_VERSION,
            doc: &s.document.id,
            actor: &first.actor.name,
            actor_id: &first.actor.id,
            code: &first.actor.code,
            kind: first.actor.kind.as_str(),
            stance,
            paragraphs: list.len(),
            n_ease: n[0],
            n_maintain: n[1],
            n_tighten: n[2],
            n_none: n[3],
            p_ease: q.ease,
            p_maintain: q.maintain,
            p_tighten: q.tighten,
            p_none: q.none,
            targets,
            evidence: evidence.map(|(_, e)| e.of(&s.document.text)),
            evidence_paragraph: evidence.map(|(i, _)| i),
            evidence_start: evidence.map(|(_, e)| points.at(e.start)),
            evidence_end: evidence.map(|(_, e)| points.at(e.end)),
            meta: &s.document.meta,
        })
    };
    order.into_iter().filter_map(row).collect()
}
