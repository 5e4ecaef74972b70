//! Whom one mention means: a known name, a name that the text introduced, a person, a pronoun or a description, tried in
//! this order.

use super::entry::{Entry, Form};
use super::memory::{Known, Strength};
use super::mentions::Spot;
use super::names;
use super::resolve::{Resolver, Tied};
use super::text::Text;
use super::words::{Mark, capital};
use crate::data::{ActorType, Span, Via};

impl Resolver<'_> {
    pub(super) fn identify(&mut self, t: &Text, spot: &Spot) -> Option<Tied> {
        let span = inner(t, spot.span);
        let kind = spot.kind.map(|k| k.0);
        let range = t.range(span);
        if range.is_empty() {
            return None;
        }
        let alone = range.len() == 1 || matches!(t.at(range.start + 1), "'" | "’");
        if alone && let Some(p) = self.g.words.pronoun(t.at(range.start)) {
            return Some(self.pronoun(t, spot, p, range.start));
        }
        if let Some(tied) = self.exact(t, spot, span) {
            return Some(tied);
        }
        if let Some(tied) = self.short(t, spot, span) {
            return Some(tied);
        }
        if kind != Some(ActorType::Person)
            && let Some(tied) = self.called(t, spot, span)
        {
            return Some(tied);
        }
        let mut told = spot.told.clone().unwrap_or_default();
        let named =
            kind.is_none_or(|k| k == ActorType::Person).then(|| names::name_in(t, self.g, span, &mut told)).flatten();
        match named {
            Some(name) if kind == Some(ActorType::Person) || told.person || self.like_person(t, name) => {
                Some(self.person(t, spot, name, told))
            }
            _ => Some(self.description(t, spot, span)),
        }
    }

    /// A short name that holds once the state was named ("the North").
    pub(super) fn short(&mut self, t: &Text, spot: &Spot, span: Span) -> Option<Tied> {
        if !(spot.span.start < span.start || spot.given) {
            return None;
        }
        let surface = span.of(t.text);
        let wanted = spot.kind.map(|k| k.0);
        let home = self.memory.home().map(|h| h.0.to_owned());
        let entries: Vec<&Entry> = match self.g.words.short(surface) {
            // A tagger that takes "the council" for a body settles the capital.
            [] if wanted == Some(ActorType::Body) => self.g.words.short(&capital(surface)),
            ids => ids,
        }
        .iter()
        .filter_map(|id| self.g.by_id(id))
        .filter(|e| match (wanted, e.kind) {
            (None, _) | (Some(ActorType::Group), _) => true,
            (Some(ActorType::Person | ActorType::Org), _) => false,
            (Some(ActorType::Body), k) => k == ActorType::Body,
            (Some(_), k) => k != ActorType::Body,
        })
        .collect();
        let rank = |e: &&&Entry| (self.memory.heard(&e.code), home.as_deref() == Some(&e.code));
        let first = entries.first()?;
        let best = entries.iter().rev().max_by_key(rank)?;
        // Where none of several was named the first is meant, save for the two Koreas.
        if self.memory.heard(&best.code) == 0 && matches!(first.code.as_str(), "PRK" | "KOR") && !self.korea() {
            return None;
        }
        let own = if best.kind == ActorType::Gov && home.as_deref() != Some(&best.code) { first } else { best };
        let kind = self.kind(spot, own.kind);
        let known = match own.kind {
            ActorType::State if kind != ActorType::State => {
                self.memory.add(surface, &own.code, kind, Strength::Context)
            }
            _ => self.memory.listed(own),
        };
        Some(Tied::new(known, Via::Alias, "a short name, read by what the document speaks of", kind))
    }

    /// Whether the document speaks of Korea.
    fn korea(&self) -> bool {
        self.memory.heard("PRK") + self.memory.heard("KOR") > 0
    }

    /// A full name or acronym that the text introduced, or a part of such a name ("the Council", "the firm").
    pub(super) fn called(&mut self, t: &Text, spot: &Spot, span: Span) -> Option<Tied> {
        let surface = span.of(t.text);
        let tie = |r: &Self, known: usize, rule| {
            let own = r.memory.known.get(known).map_or(ActorType::Org, |k| k.kind);
            Tied::new(known, Via::Coreference, rule, r.kind(spot, own))
        };
        if let Some(known) = self.memory.named(surface) {
            return Some(tie(self, known, "a name introduced before"));
        }
        let kind = spot.kind.map(|k| k.0);
        let definite = spot.span.start < span.start;
        let capital = surface.starts_with(char::is_uppercase);
        let single = t.range(span).len() == 1;
        if !(definite && single || capital) || t.hits_in(span).iter().any(|h| !h.hyphen) {
            return None;
        }
        let fits = |k: &Known| {
            let institution = matches!(k.kind, ActorType::Body | ActorType::Gov | ActorType::Org);
            let same = kind.is_none_or(|x| x == k.kind || (x == ActorType::Gov && k.kind == ActorType::Body));
            institution && same && k.name.len() > surface.len() && k.name.split(' ').nth(1).is_some()
        };
        if let Some(known) = self.memory.part(surface, fits) {
            return Some(tie(self, known, "a part of a name introduced before"));
        }
        let company = self.g.words.is(surface, Mark::Firm);
        if definite && company && kind.is_none_or(|k| k == ActorType::Org) {
            let known =
                self.memory.latest(|k, _| k.kind == ActorType::Org && k.name.starts_with(char::is_uppercase))?;
            return Some(tie(self, known, "the organisation spoken of last"));
        }
        None
    }

    /// A mention that is a known name and nothing else.
    pub(super) fn exact(&mut self, t: &Text, spot: &Spot, span: Span) -> Option<Tied> {
        let hit = t.hits_in(span).iter().copied().find(|h| h.span == span).or(spot.hit)?;
        let date = self.date.as_deref();
        let kind = spot.kind;
        let person = |e: &Entry| e.kind == ActorType::Person;
        let fits = |e: &Entry, form: Form| match kind {
            None => form != Form::Surname,
            Some((ActorType::Person, _)) => person(e) && form != Form::Surname,
            Some((ActorType::Org, _)) => !person(e) && e.kind != ActorType::State,
            Some(_) => !person(e),
        };
        let best = self.g.best(hit, date).filter(|u| fits(self.g.entry(u.0), u.1));
        let other = || self.g.uses(hit).iter().copied().find(|u| fits(self.g.entry(u.0), u.1));
        let (at, form) = best.or_else(other)?;
        let entry = self.g.entry(at);
        if form == Form::Surname {
            return None;
        }
        let (code, surface) = (entry.code.clone(), span.of(t.text));
        let (known, own) = match form {
            Form::People => (self.memory.add(surface, &code, ActorType::Group, Strength::Sure), ActorType::Group),
            Form::Metonym => (self.memory.listed(entry), ActorType::Gov),
            _ => (self.memory.listed(entry), entry.kind),
        };
        if person(entry) {
            self.introduce(known, &entry.name, &code);
            let mut told = names::before(t, self.g, span);
            told.or(names::after(t, self.g, span));
            self.learn(known, told);
        }
        let via = if form == Form::Name { Via::Name } else { Via::Alias };
        let metonym = form == Form::Metonym;
        Some(Tied { metonym, ..Tied::new(known, via, form.words(), self.kind(spot, own)) })
    }

    /// The type: the model's where it is sure, else the one that the rules know.
    pub(super) fn kind(&self, spot: &Spot, own: ActorType) -> ActorType {
        match spot.kind {
            Some((k, p)) if p >= 0.6 => k,
            _ => own,
        }
    }

    pub(super) fn note(&mut self, text: &str) {
        if !self.notes.iter().any(|n| n == text) {
            self.notes.push(text.to_owned());
        }
    }
}

/// The model's code where our own is weaker.
pub(super) fn vote(spot: &Spot, code: String, strength: Strength) -> (String, Strength) {
    match &spot.code {
        Some((c, p)) if *p > 1.0 => (c.clone(), Strength::Sure),
        Some((c, p)) if strength == Strength::Guess && *p >= 0.5 => (c.clone(), Strength::Guess),
        Some((c, p)) if strength == Strength::Context && *p >= 0.9 => (c.clone(), Strength::Context),
        _ => (code, strength),
    }
}

/// Without determiner and possessive ending.
pub(super) fn inner(t: &Text, span: Span) -> Span {
    let range = t.range(span);
    let mut from = range.start;
    while range.end > from + 1 && matches!(t.at(from), "the" | "The" | "THE" | "a" | "A" | "an" | "An") {
        from += 1;
    }
    match (t.tokens.get(from), range.end.checked_sub(1).and_then(|i| t.tokens.get(i))) {
        (Some(a), Some(b)) if a.span.start < b.span.end => Span::new(a.span.start, b.span.end),
        _ => span,
    }
}
