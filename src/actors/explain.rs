//! Says what was found in a text and by which rule, and what was nearly found.

use super::entry::Form;
use super::gazetteer::Gazetteer;
use super::resolve::Resolver;
use super::text::Text;
use crate::data::{Actor, ActorType, Span, Via};

/// A place in the text and what was made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Bytes into the text.
    pub span: Span,
    /// The actor; `None` where the name was seen and is not one here.
    pub actor: Option<Actor>,
    /// How it was found.
    pub via: Via,
    /// The rule in words.
    pub rule: String,
    /// Other actors that the same words could have meant, and why they were not taken.
    pub near: Vec<String>,
}

/// Reads `text` without a tagger, paragraph by paragraph (blank lines divide), as a document of `date`.
pub fn explain(gazetteer: &Gazetteer, text: &str, date: Option<&str>) -> Vec<Found> {
    let mut resolver = Resolver::new(gazetteer, date);
    let mut found = Vec::new();
    let mut at = 0;
    for paragraph in text.split_inclusive("\n\n") {
        let t = resolver.begin(paragraph);
        let spots = resolver.spots(&t, &[]);
        let tied = resolver.tie(&t, &spots);
        for (spot, tied) in spots.iter().zip(&tied) {
            let Some(tied) = tied else { continue };
            let Some(k) = resolver.known(tied.known) else { continue };
            let actor = (spot.coded || spot.passed).then(|| tied.actor(k, spot.span.shifted(at)));
            let rule = match (&actor, spot.hit) {
                (Some(_), _) => tied.rule.to_owned(),
                (None, Some(h)) if h.hyphen => format!("{} of {}, part of a hyphenated word", tied.rule, k.name),
                (None, _) => format!("{} of {}, a place or a modifier here, not an actor", tied.rule, k.name),
            };
            let near = near(gazetteer, &t, spot.span, &k.id, resolver.date());
            found.push(Found { span: spot.span.shifted(at), actor, via: tied.via, rule, near });
        }
        at += paragraph.len();
    }
    found
}

/// Others with the same name or surname.
fn near(g: &Gazetteer, t: &Text, span: Span, taken: &str, date: Option<&str>) -> Vec<String> {
    let mut near = Vec::new();
    let mut add = |at: u32, form: Form| {
        let e = g.entry(at);
        if e.id == taken {
            return;
        }
        let why = match date {
            Some(d) if !e.valid(d) => format!("it was not there on {d}"),
            Some(d) if e.kind == ActorType::Person && e.distance(d) > 0 => format!("not in office on {d}"),
            _ => "another reading fits better".to_owned(),
        };
        let line = format!("{} ({}), by {}: {why}", e.name, e.id, form.words());
        if !near.contains(&line) && near.len() < 5 {
            near.push(line);
        }
    };
    for hit in t.hits_in(span) {
        for (at, form) in g.uses(*hit) {
            add(*at, *form);
        }
    }
    if let Some(last) = t.range(span).next_back() {
        for (at, _) in g.surname(t.at(last)) {
            add(*at, Form::Surname);
        }
    }
    near
}
