//! Places where actors are or may be mentioned: the tagger's candidates with their edges put right, and the known
//! names around them.

use super::entry::Form;
use super::gazetteer::Gazetteer;
use super::matcher::Hit;
use super::names::{self, Told};
use super::text::Text;
use crate::data::{ActorType, Candidate, Span};

/// A place in the text that names or may name an actor.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub span: Span,
    pub kind: Option<(ActorType, f32)>,
    pub code: Option<(String, f32)>,
    /// Whether it is reported; else it is only remembered.
    pub coded: bool,
    /// Whether the tagger or the caller gave it.
    pub given: bool,
    /// Whether it is a pronoun that the tagger passed over: an actor only if it turns out to hold a position.
    pub passed: bool,
    /// The known name that it is.
    pub hit: Option<Hit>,
    /// What stands with a name that the gazetteer does not know.
    pub told: Option<Told>,
}

impl Spot {
    pub fn own(span: Span) -> Self {
        Spot { span, kind: None, code: None, coded: false, given: false, passed: false, hit: None, told: None }
    }
    fn hit(hit: Hit) -> Self {
        Spot { hit: Some(hit), ..Spot::own(hit.span) }
    }
    /// A candidate of the tagger.
    pub fn candidate(c: &Candidate, span: Span) -> Self {
        Spot { kind: Some(c.kind), code: c.code.clone(), coded: true, given: true, ..Spot::own(span) }
    }
    /// A span of the caller's.
    pub fn given(span: Span, code: Option<&str>) -> Self {
        Spot { code: code.map(|c| (c.to_owned(), 2.0)), coded: true, given: true, ..Spot::own(span) }
    }
}

/// Which tokens some spot covers.
pub(crate) struct Cover(Vec<bool>);

impl Cover {
    pub fn of(t: &Text, spots: &[Spot]) -> Self {
        let mut cover = Cover(vec![false; t.tokens.len()]);
        for s in spots {
            cover.take(t, s.span);
        }
        cover
    }
    pub fn has(&self, token: usize) -> bool {
        self.0.get(token).copied().unwrap_or(true)
    }
    /// Covers the tokens of `span`; `false`, and nothing changed, where one is covered already.
    pub fn take(&mut self, t: &Text, span: Span) -> bool {
        let Some(tokens) = self.0.get_mut(t.range(span)).filter(|k| !k.iter().any(|c| *c)) else { return false };
        tokens.fill(true);
        true
    }
}

/// Adds the names that the text holds besides `spots`, to be remembered but not reported, and sorts all.
pub(crate) fn others(t: &Text, g: &Gazetteer, spots: &mut Vec<Spot>) {
    let mut cover = Cover::of(t, spots);
    for (span, told) in names::find(t, g) {
        if !t.hits_in(span).iter().any(|h| !is_surname(g, *h)) && cover.take(t, span) {
            spots.push(Spot { told: Some(told), kind: Some((ActorType::Person, 0.5)), ..Spot::own(span) });
        }
    }
    spots.extend(t.hits.iter().filter(|h| cover.take(t, h.span)).map(|h| Spot::hit(*h)));
    spots.sort_by_key(|s| (s.span.start, s.span.end));
}

/// Adds the pronouns that stand for a holder outside quotations and that no spot covers: "he", "she", and "they" before a
/// verb of speech.
pub(crate) fn pronouns(t: &Text, g: &Gazetteer, spots: &mut Vec<Spot>) {
    let cover = Cover::of(t, spots);
    for (i, token) in t.tokens.iter().enumerate().filter(|(i, k)| !k.quoted && !cover.has(*i)) {
        let verb = if matches!(t.at(i + 1), "also" | "later" | "then") { i + 2 } else { i + 1 };
        let speaks = || g.words.speech(t.at(verb));
        if match t.at(i) {
            "He" | "he" | "She" | "she" => true,
            "They" | "they" => speaks(),
            _ => false,
        } {
            spots.push(Spot { passed: true, ..Spot::own(token.span) });
        }
    }
    spots.sort_by_key(|s| (s.span.start, s.span.end));
}

fn is_surname(g: &Gazetteer, hit: Hit) -> bool {
    g.uses(hit).iter().all(|u| u.1 == Form::Surname)
}

/// Puts a candidate's edges right: no blanks or marks at the ends, no possessive ending, whole words, whole names.
/// `None` where nothing is left.
pub(crate) fn edges(t: &Text, span: Span) -> Option<Span> {
    let range = t.range(span);
    let (mut from, mut to) = (range.start, range.end);
    let open = |s: &str| !s.chars().any(char::is_alphanumeric);
    while from < to && open(t.at(from)) {
        from += 1;
    }
    while to > from && (open(t.at(to - 1)) || (t.at(to - 1) == "s" && to >= 2 && matches!(t.at(to - 2), "'" | "’"))) {
        to -= 1;
    }
    if from >= to {
        return None;
    }
    let mut span = Span::new(t.tokens.get(from)?.span.start, t.tokens.get(to - 1)?.span.end);
    // A known name that the candidate cuts is taken whole.
    for hit in [t.hit_at(from), t.hit_at(to - 1)].into_iter().flatten().filter(|h| !h.hyphen) {
        span = Span::new(span.start.min(hit.span.start), span.end.max(hit.span.end));
    }
    Some(span)
}

/// Whether `span` is a known adjective ("Slovak") and nothing else.
fn adjective(t: &Text, g: &Gazetteer, span: Span) -> bool {
    let only = |h: Hit| h.span == span && g.uses(h).iter().all(|u| u.1 == Form::Adjective);
    t.hit_at(t.range(span).start).is_some_and(only)
}

/// A candidate that takes only the adjective of a person ("his | Slovak | counterpart") with the noun.
pub(crate) fn grown(t: &Text, g: &Gazetteer, span: Span) -> Span {
    let range = t.range(span);
    if !adjective(t, g, span) || t.at(range.end).starts_with(char::is_uppercase) {
        return span;
    }
    let noun = names::title_at(t, g, range.end, t.tokens.len());
    noun.and_then(|(n, _)| t.tokens.get(range.end + n - 1)).map_or(span, |last| Span::new(span.start, last.span.end))
}

/// Whether nothing in `span` can be an actor: an article alone, or an adjective that belongs to the title or name behind
/// it ("Chinese | Foreign Minister Wang Yi").
pub(crate) fn modifies(t: &Text, g: &Gazetteer, span: Span) -> bool {
    let range = t.range(span);
    let alone = |words: &[&str]| range.len() == 1 && words.contains(&t.at(range.start).to_lowercase().as_str());
    alone(&["the", "a", "an"]) || (adjective(t, g, span) && t.at(range.end).starts_with(char::is_uppercase))
}

/// Whether the mention is the subject of a verb, and of a verb of speech, as far as word order shows.
pub(crate) fn role(t: &Text, g: &Gazetteer, range: std::ops::Range<usize>) -> (bool, bool) {
    let speech = |i: usize| g.words.speech(t.at(i));
    let verb = |i: usize| {
        let w = t.at(i);
        speech(i)
            || g.words.word(w).is_some_and(|w| w.auxiliary)
            || (w.len() > 3 && (w.ends_with("ed") || w.ends_with("es")))
    };
    let mut next = range.end;
    // Over an apposition or brackets.
    if matches!(t.at(next), "," | "(" | "—") {
        let close = (next + 1..next + 22).find(|i| matches!(t.at(*i), "," | ")" | "—" | "."));
        // A verb right after the comma ends an apposition that stood before the name.
        let there = t.at(next) == "," && verb(next + 1);
        if there {
            next += 1;
        } else if let Some(c) = close.filter(|c| t.at(*c) != ".") {
            next = c + 1;
        }
    }
    if t.at(next).ends_with("ly") {
        next += 1;
    }
    let inverted = range.start > 0 && speech(range.start - 1) && matches!(t.at(range.end), "." | "," | "");
    let first = range.start == 0
        || t.tokens.get(range.start - 1).zip(t.tokens.get(range.start)).is_some_and(|(a, b)| a.sentence != b.sentence);
    let speaks = speech(next) || inverted;
    (verb(next) || inverted || first, speaks)
}
