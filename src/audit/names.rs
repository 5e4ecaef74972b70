//! States renamed, all through title, context and paragraph; everything else stays.

use super::edit::Edited;
use super::{Case, Draw, scores};
use crate::actors::{Gazetteer, StateName};
use crate::data::{Document, Span};
use crate::error::Result;
use crate::pipeline::Pipeline;
use serde::Serialize;
use std::collections::BTreeMap;

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
        cases.iter().filter_map(|c| Some((c, rename(gazetteer, &all, c, seed)?))).collect();
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
fn rename(gazetteer: &Gazetteer, all: &[String], case: &Case, seed: Option<u64>) -> Option<Document> {
    let d = &case.document;
    let texts = [d.title.as_deref().unwrap_or(""), d.context.as_deref().unwrap_or(""), d.text.as_str()];
    let found = texts.map(|t| gazetteer.state_names(t));
    if found[2].is_empty() {
        return None;
    }
    let mut to: BTreeMap<String, String> = BTreeMap::new();
    for n in found.iter().flatten() {
        to.entry(n.code.clone()).or_default();
    }
    match seed {
        Some(seed) => {
            let mut free: Vec<&String> = all.iter().filter(|c| !to.contains_key(*c)).collect();
            let mut draw = Draw::of(seed, &d.id);
            for new in to.values_mut() {
                if free.is_empty() {
                    return None;
                }
                new.clone_from(free.swap_remove(draw.below(free.len())));
            }
        }
        None => {
            for (i, new) in to.values_mut().enumerate() {
                *new = letter(i);
            }
        }
    }
    let new = |n: &StateName| {
        let to = to.get(&n.code)?;
        if seed.is_some() { gazetteer.state_word(to, n.form) } else { Some(n.form.anonymous(to)) }
    };
    let [title, context, text] = [0, 1, 2].map(|i| renamed(texts[i], &found[i], new));
    let mentions = case.mentions().map(|m| m.iter().map(|&s| text.span(s)).collect()).collect();
    let other = |r: Edited| Some(r.text).filter(|t| !t.is_empty());
    let mut out = case.with(String::new(), mentions);
    (out.title, out.context, out.text) = (other(title), other(context), text.text);
    Some(out)
}

/// `text` with the names that `new` has a word for put as it says.
fn renamed(text: &str, names: &[StateName], new: impl Fn(&StateName) -> Option<String>) -> Edited {
    Edited::new(text, names.iter().filter_map(|n| Some((n.span, new(n)?))))
}

/// X, Y, Z, then the letters before them.
fn letter(i: usize) -> String {
    let letters: Vec<char> = ('X'..='Z').chain(('A'..='W').rev()).collect();
    let (letter, round) = (letters[i % letters.len()], i / letters.len());
    if round == 0 { letter.to_string() } else { format!("{letter}{}", round + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_follow_their_words_through_a_renaming() {
        let g = Gazetteer::shipped().unwrap();
        let text = "Iran’s envoy met the Norwegians in Oslo; Iranian traders did not.";
        let new = |n: &StateName| g.state_word(if n.code == "IRN" { "JPN" } else { "CHL" }, n.form);
        let r = renamed(text, &g.state_names(text), new);
        assert_eq!(r.text, "Japan’s envoy met the Chileans in Santiago; Japanese traders did not.");
        let find = |t: &str, w: &str| t.find(w).map(|s| Span::new(s, s + w.len())).unwrap();
        for (old, new) in
            [("envoy", "envoy"), ("the Norwegians", "the Chileans"), ("Oslo", "Santiago"), ("not.", "not.")]
        {
            assert_eq!(r.span(find(text, old)).of(&r.text), new);
        }
        assert_eq!(r.span(Span::new(0, 2)).of(&r.text), "Japan", "a cut name is taken whole");
        let x = |n: &StateName| Some(n.form.anonymous(if n.code == "IRN" { "X" } else { "Y" }));
        let r = renamed(text, &g.state_names(text), x);
        assert_eq!(r.text, "Country X’s envoy met the people of Country Y in Y City; Country X traders did not.");
    }

    #[test]
    fn letters_never_run_out() {
        let all: std::collections::BTreeSet<String> = (0..60).map(letter).collect();
        assert_eq!(all.len(), 60);
        assert_eq!(letter(0), "X");
    }
}
