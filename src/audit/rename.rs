//! States renamed all through title, context and paragraph.

use super::Draw;
use super::edit::Edited;
use crate::actors::{Gazetteer, StateName};
use std::collections::BTreeMap;

/// What states are renamed to.
pub(crate) enum To {
    /// Other states, as drawn.
    States(Draw),
    /// "Country X", "Country Y", "Country Z" and so on.
    Letters,
    /// The same with letters as drawn.
    DrawnLetters(Draw),
}

/// Texts with other states in them.
pub(crate) struct Renamed {
    /// In the order in which they were given.
    pub texts: [Edited; 3],
    /// Codes before and what stands for them now: a code, or a letter.
    pub to: BTreeMap<String, String>,
}

/// `texts` with the states that they name renamed, `all` being those that may come in; `None` where they name none.
pub(crate) fn rename(gazetteer: &Gazetteer, all: &[String], texts: [&str; 3], into: To) -> Option<Renamed> {
    let found = texts.map(|t| gazetteer.state_names(t));
    let mut to: BTreeMap<String, String> = BTreeMap::new();
    for n in found.iter().flatten() {
        to.entry(n.code.clone()).or_default();
    }
    if to.is_empty() {
        return None;
    }
    let states = matches!(into, To::States(_));
    let mut free: Vec<String> = match into {
        To::States(_) => all.iter().filter(|c| !to.contains_key(*c)).cloned().collect(),
        _ => (0..to.len().max(26)).map(letter).collect(),
    };
    match into {
        To::States(mut draw) | To::DrawnLetters(mut draw) => {
            for new in to.values_mut() {
                if free.is_empty() {
                    return None;
                }
                *new = free.swap_remove(draw.below(free.len()));
            }
        }
        To::Letters => to.values_mut().zip(free).for_each(|(new, letter)| *new = letter),
    }
    let new = |n: &StateName| {
        let to = to.get(&n.code)?;
        if states { gazetteer.state_word(to, n.form) } else { Some(n.form.anonymous(to)) }
    };
    let texts = [0, 1, 2].map(|i| renamed(texts[i], &found[i], new));
    Some(Renamed { texts, to })
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
    use crate::data::Span;

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
