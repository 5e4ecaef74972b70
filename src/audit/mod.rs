//! Does the model judge by what is said? Two questions, asked of any text: how often a label turns when only the names
//! of states are changed, and whether the words given as evidence are what carries the label.
//!
//! The measures of evidence are comprehensiveness and sufficiency after DeYoung et al. (2020, ERASER), as shares of cases.

pub(crate) mod edit;
mod evidence;
mod names;
pub(crate) mod rename;

use crate::data::{Document, GivenActor, Scored, ScoredActor, Span, Stance};
use crate::encoder::layers::{splitmix, unit};
use crate::error::Result;
use crate::pipeline::Pipeline;
use serde::Serialize;

pub use evidence::Evidence;
pub use names::{Flip, Names};

/// Bytes of a document before a paragraph that are kept as its context: more than the model reads.
const CONTEXT: usize = 1200;

/// What an audit found.
#[derive(Debug, Clone, Serialize)]
pub struct Audit {
    /// Paragraphs with at least one actor.
    pub paragraphs: usize,
    /// Their actors.
    pub actors: usize,
    /// States renamed to other states, drawn by the seed.
    pub other_states: Names,
    /// States renamed to "Country X", "Country Y" and so on.
    pub anonymous: Names,
    /// Evidence against random words.
    pub evidence: Evidence,
}

/// One paragraph under audit: its actors are held fixed, so that only their judgement is compared.
#[derive(Debug, Clone)]
struct Case {
    document: Document,
    before: Vec<ScoredActor>,
}

impl Case {
    fn mentions(&self) -> impl Iterator<Item = &Vec<Span>> {
        self.before.iter().map(|a| &a.actor.mentions)
    }

    /// The same paragraph with other texts and actors.
    fn with(&self, text: String, mentions: Vec<Vec<Span>>) -> Document {
        let actors = mentions.into_iter().map(|mentions| GivenActor { mentions, code: None, name: None }).collect();
        Document { text, actors: Some(actors), ..self.document.clone() }
    }
}

/// Audit `pipeline` on documents, coded or not: actors that come with a document are taken as they are, others are found
/// first. `seed` decides which state takes the place of which, and which random words are masked.
///
/// # Errors
/// The first document that cannot be scored.
pub fn audit(pipeline: &Pipeline, documents: Vec<Document>, seed: u64) -> Result<Audit> {
    let cases = cases(pipeline, documents)?;
    Ok(Audit {
        paragraphs: cases.len(),
        actors: cases.iter().map(|c| c.before.len()).sum(),
        other_states: names::compare(pipeline, &cases, Some(seed))?,
        anonymous: names::compare(pipeline, &cases, None)?,
        evidence: evidence::measure(pipeline, &cases, seed)?,
    })
}

/// Every paragraph as a record of its own, with its actors given, scored as it stands.
fn cases(pipeline: &Pipeline, documents: Vec<Document>) -> Result<Vec<Case>> {
    let mut plain = Vec::new();
    for scored in pipeline.score(documents) {
        plain.extend(records(&scored?));
    }
    let scored = pipeline.score(plain).into_iter().collect::<Result<Vec<_>>>()?;
    let case =
        |s: Scored| Case { before: s.paragraphs.into_iter().flat_map(|p| p.actors).collect(), document: s.document };
    Ok(scored.into_iter().map(case).filter(|c| !c.before.is_empty()).collect())
}

fn records(s: &Scored) -> Vec<Document> {
    let d = &s.document;
    let record = |p: &crate::data::ScoredParagraph| {
        let mut from = p.span.start.saturating_sub(CONTEXT);
        while !d.text.is_char_boundary(from) {
            from += 1;
        }
        let own = d.text[from..p.span.start].trim();
        let context = [d.context.as_deref().unwrap_or(""), own].join(" ").trim().to_string();
        let given = |a: &ScoredActor| GivenActor { mentions: a.actor.mentions.clone(), code: None, name: None };
        Document {
            id: format!("{}:{}", d.id, p.index),
            title: d.title.clone(),
            date: d.date.clone(),
            context: Some(context).filter(|c| !c.is_empty()),
            text: p.span.of(&d.text).to_string(),
            actors: Some(p.actors.iter().map(given).collect()),
            origin: d.origin.clone(),
            ..Document::default()
        }
    };
    s.paragraphs.iter().filter(|p| !p.actors.is_empty()).map(record).collect()
}

/// The labels of a paragraph's actors and their probabilities.
type Labels = Vec<(Stance, [f32; 4])>;

/// The labels after a change, paragraph by paragraph. A changed paragraph is one paragraph still.
fn scores(pipeline: &Pipeline, documents: Vec<Document>) -> Result<Vec<Labels>> {
    let scored = pipeline.score(documents).into_iter().collect::<Result<Vec<_>>>()?;
    Ok(scored.iter().map(|s| s.paragraphs.iter().flat_map(|p| &p.actors).map(|a| (a.stance, a.p)).collect()).collect())
}

/// Random choices for a record: the audit of a text is the same on every machine.
pub(crate) struct Draw(u64);

impl Draw {
    /// The seed and the record's id decide.
    pub fn of(seed: u64, id: &str) -> Self {
        Draw(id.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)))
    }

    /// A number below `n`, which is not 0.
    pub fn below(&mut self, n: usize) -> usize {
        (splitmix(&mut self.0) % n as u64) as usize
    }

    /// Whether something of this probability comes to pass.
    pub fn happens(&mut self, p: f64) -> bool {
        unit(splitmix(&mut self.0)) < p
    }
}
