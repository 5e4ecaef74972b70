//! States renamed, all through title, context and paragraph; everything else stays.

use super::edit::Edited;
use super::rename::{To, rename};
use super::{Case, Draw, scores};
use crate::actors::Gazetteer;
use crate::data::{Document, Span};
use crate::error::Result;
use crate::pipeline::Pipeline;
use serde::Serialize;

/// How labels fared when names were changed.
#[derive(Debug, Clone, Serialize)]
pub struct Names {
    /// Paragraphs that name a state.
    pub paragraphs: usize,
    /// Actors in them.
    pub compared: usize,
    /// Actors whose label turned.
    pub flipped: usize,
    /// Share of the two.
    pub share: f64,
    /// Which.
    pub flips: Vec<Flip>,
}

/// A label that turned.
#[derive(Debug, Clone, Serialize)]
pub struct Flip {
    /// Id of the paragraph's record.
    pub id: String,
    /// The actor's words before and after.
    pub actor: [String; 2],
    /// Its label before and after.
    pub stance: [&'static str; 2],
    /// Probability of the label before, then after.
    pub p: [f32; 2],
}

/// Rename, score again, compare. With a seed each state becomes another one, without it "Country X".
pub(super) fn compare(pipeline: &Pipeline, cases: &[Case], seed: Option<u64>) -> Result<Names> {
    let gazetteer = pipeline.gazetteer();
    let all = gazetteer.full_states();
    let changed: Vec<(&Case, Document)> =
        cases.iter().filter_map(|c| Some((c, renamed(gazetteer, &all, c, seed)?))).collect();
    let after = scores(pipeline, changed.iter().map(|(_, d)| d.clone()).collect())?;
    let (mut compared, mut flips) = (0, Vec::new());
    for ((case, document), after) in changed.iter().zip(&after) {
        compared += after.len();
        let given = document.actors.iter().flatten();
        for ((before, (stance, p)), given) in case.before.iter().zip(after).zip(given) {
            if before.stance != *stance {
                let words = |spans: &[Span], text: &str| spans.first().map_or("", |s| s.of(text)).to_string();
                flips.push(Flip {
                    id: document.id.clone(),
                    actor: [words(&before.actor.mentions, &case.document.text), words(&given.mentions, &document.text)],
                    stance: [before.stance.as_str(), stance.as_str()],
                    p: [before.p[before.stance.index()], p[stance.index()]],
                });
            }
        }
    }
    let share = if compared == 0 { 0.0 } else { flips.len() as f64 / compared as f64 };
    Ok(Names { paragraphs: changed.len(), compared, flipped: flips.len(), share, flips })
}

/// The paragraph with its states renamed; `None` where it names none.
fn renamed(gazetteer: &Gazetteer, all: &[String], case: &Case, seed: Option<u64>) -> Option<Document> {
    let d = &case.document;
    let texts = [d.title.as_deref().unwrap_or(""), d.context.as_deref().unwrap_or(""), d.text.as_str()];
    if gazetteer.state_names(&d.text).is_empty() {
        return None;
    }
    let to = seed.map_or(To::Letters, |seed| To::States(Draw::of(seed, &d.id)));
    let [title, context, text] = rename(gazetteer, all, texts, to)?.texts;
    let mentions = case.mentions().map(|m| m.iter().map(|&s| text.span(s)).collect()).collect();
    let other = |r: Edited| Some(r.text).filter(|t| !t.is_empty());
    let mut out = case.with(String::new(), mentions);
    (out.title, out.context, out.text) = (other(title), other(context), text.text);
    Some(out)
}
