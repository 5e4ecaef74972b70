//! Paragraphs whose states are renamed in training, so that a model judges by what is said and not by who says it.

use crate::actors::Gazetteer;
use crate::audit::Draw;
use crate::audit::edit::Edited;
use crate::audit::rename::{To, rename};
use crate::data::Span;
use crate::gold::GoldParagraph;

/// Share of the renamed paragraphs whose states become "Country X" and the like.
const LETTERS: f64 = 0.25;

/// Renames states in a share of the paragraphs, others in every epoch.
pub(super) struct Swap<'a> {
    gazetteer: &'a Gazetteer,
    states: Vec<String>,
    share: f64,
    seed: u64,
}

impl<'a> Swap<'a> {
    pub fn new(gazetteer: &'a Gazetteer, share: f64, seed: u64) -> Self {
        Swap { gazetteer, states: gazetteer.full_states(), share, seed }
    }

    /// `g` as it is learned from in this epoch; `None` where it stays as it is. What a teacher said of it stays in any case.
    pub fn paragraph(&self, g: &GoldParagraph, epoch: usize) -> Option<GoldParagraph> {
        let mut draw = Draw::of(self.seed, &format!("{epoch}:{}", g.id));
        if !draw.happens(self.share) {
            return None;
        }
        let letters = draw.happens(LETTERS);
        let texts = [g.title.as_deref().unwrap_or(""), g.context.as_deref().unwrap_or(""), g.text.as_str()];
        let into = if letters { To::DrawnLetters(draw) } else { To::States(draw) };
        let renamed = rename(self.gazetteer, &self.states, texts, into)?;
        let [title, context, text] = renamed.texts;
        let mut out = g.clone();
        for a in &mut out.actors {
            if let Some(new) = renamed.to.get(&a.code) {
                // A letter has no code, and a person keeps the name: what cannot be seen is not asked for.
                let named = a.mentions.first().is_some_and(|m| !self.gazetteer.state_names(m.of(&g.text)).is_empty());
                a.code = if named && !letters { new.clone() } else { String::new() };
            }
            let moved = |s: &mut Span| *s = text.span(*s);
            a.mentions.iter_mut().for_each(moved);
            a.evidence.iter_mut().for_each(moved);
        }
        for code in out.targets.iter_mut().flatten() {
            if let Some(new) = renamed.to.get(code) {
                code.clone_from(new);
            }
        }
        let other = |e: Edited| Some(e.text).filter(|t| !t.is_empty());
        (out.title, out.context, out.text) = (other(title), other(context), text.text);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{ActorType, Stance};
    use crate::gold::GoldActor;

    fn actor(text: &str, words: &str, code: &str) -> GoldActor {
        let at = text.find(words).unwrap();
        GoldActor {
            mentions: vec![Span::new(at, at + words.len())],
            code: code.into(),
            kind: ActorType::State,
            stance: Stance::Ease,
            soft: Some([0.7, 0.1, 0.1, 0.1]),
            name: None,
            evidence: text.find("lifted").map(|s| Span::new(s, s + 6)),
            roles: None,
            voice: None,
        }
    }

    #[test]
    fn labels_follow_their_words_through_a_renaming() {
        let text = "Norway wants the sanctions on Iran lifted, Støre said in Oslo.";
        let g = GoldParagraph {
            id: "p".into(),
            genre: "news".into(),
            title: Some("Norway speaks".into()),
            date: None,
            context: None,
            text: text.into(),
            about: Some(true),
            targets: Some(vec!["IRN".into()]),
            actors: vec![actor(text, "Norway", "NOR"), actor(text, "Støre", "NOR")],
            coded: true,
            origin: Default::default(),
        };
        let gazetteer = Gazetteer::shipped().unwrap();
        let none = Swap::new(&gazetteer, 0.0, 1);
        assert!((0..20).all(|e| none.paragraph(&g, e).is_none()));
        let all = Swap::new(&gazetteer, 1.0, 1);
        let mut lettered = 0;
        for epoch in 0..40 {
            let r = all.paragraph(&g, epoch).unwrap();
            assert!(!r.text.contains("Norway") && !r.text.contains("Oslo") && !r.text.contains("Iran"), "{}", r.text);
            let [state, person] = [&r.actors[0], &r.actors[1]];
            let first = state.mentions[0].of(&r.text);
            assert!(r.text.starts_with(&format!("{first} wants")), "{}", r.text);
            assert_eq!(r.title.as_deref(), Some(format!("{first} speaks").as_str()), "one name all through");
            assert_eq!(person.mentions[0].of(&r.text), "Støre");
            assert_eq!(state.evidence.unwrap().of(&r.text), "lifted");
            assert_eq!((person.code.as_str(), state.soft), ("", Some([0.7, 0.1, 0.1, 0.1])));
            assert_ne!(r.targets.as_deref(), Some(&["IRN".to_string()][..]));
            if first.starts_with("Country ") {
                lettered += 1;
                assert_eq!(state.code, "");
            } else {
                assert_eq!(gazetteer.state_names(first)[0].code, state.code);
            }
        }
        assert!((3..20).contains(&lettered), "{lettered} of 40");
    }
}
