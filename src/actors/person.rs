//! Persons by name: full names, surnames of those introduced before, surnames of known office-holders of the time.

use super::entry::{Entry, Form, Gender};
use super::gazetteer::family_name;
use super::identify::vote;
use super::memory::Strength;
use super::mentions::{self, Spot};
use super::names::{self, Told};
use super::resolve::{Resolver, Tied};
use super::text::Text;
use crate::data::{ActorType, Span, Via};

/// What is said where a date would have told who is meant.
pub(super) const NO_DATE: &str = "no date: a surname is tied to an office-holder only where one alone bears it, an office only where the \
                       text names the person";

/// The share of a document's persons and institutions from which on an unknown person is taken for one of that state.
const HOME: f32 = 0.5;

/// Who bears a surname.
pub(super) enum Bearer {
    One(u32),
    /// Several, all of this code.
    Some(String),
    None,
}

impl Resolver<'_> {
    /// Whether a run of capitals of unknown type is a person's name.
    pub(super) fn like_person(&self, t: &Text, name: Span) -> bool {
        let range = t.range(name);
        self.g.words.given(t.at(range.start)).is_some()
            || !self.g.surname(t.at(range.end.saturating_sub(1))).is_empty()
            || self.memory.of_family(t.at(range.end.saturating_sub(1))).is_some()
    }

    pub(super) fn introduce(&mut self, known: usize, full: &str, code: &str) {
        self.memory.call(full, known);
        let first = full.split(' ').next().unwrap_or(full);
        // A western given name stands first whatever the state.
        let order = if self.g.words.given(first).is_some() { "" } else { code };
        match family_name(full, order) {
            Some(family) => {
                self.memory.family(family, known);
                let other = if family == first { full.rsplit(' ').next().unwrap_or(full) } else { first };
                self.memory.given(other, known);
            }
            None => self.memory.family(full, known),
        }
        // "von der Leyen", "Ben Salim".
        let rests = full.match_indices(' ').map(|(i, _)| &full[i + 1..]);
        for rest in rests.filter(|r| r.contains(' ')) {
            self.memory.family(rest, known);
        }
    }

    pub(super) fn learn(&mut self, known: usize, told: Told) {
        let Some(k) = self.memory.known.get_mut(known) else { return };
        if k.gender.is_none() {
            k.gender = told.gender;
        }
        for o in told.offices {
            if !k.offices.contains(&o) {
                k.offices.push(o);
            }
        }
        for e in told.epithets {
            if !k.epithets.contains(&e) {
                k.epithets.push(e);
            }
        }
    }

    /// A person by name.
    pub(super) fn person(&mut self, t: &Text, spot: &Spot, name: Span, inside: Told) -> Tied {
        let full = name.of(t.text);
        let range = t.range(name);
        let mut told = inside;
        told.or(names::before(t, self.g, spot.span));
        told.or(names::after(t, self.g, spot.span));
        let tie = |known, via, rule| Tied::new(known, via, rule, ActorType::Person);
        // The full name inside a longer span ("Foreign Minister Wang Yi").
        let inside = t.hits_in(name).iter().copied().find(|h| h.span == name);
        if let Some((at, form)) = inside.and_then(|h| {
            let uses = self.g.uses(h);
            let best = self.g.best(h, self.date.as_deref()).filter(|u| self.g.entry(u.0).kind == ActorType::Person);
            best.or_else(|| uses.iter().copied().find(|u| self.g.entry(u.0).kind == ActorType::Person))
        }) && form != Form::Surname
        {
            let e = self.g.entry(at);
            let known = self.memory.listed(e);
            self.introduce(known, &e.name, &e.code);
            self.learn(known, told);
            let via = if form == Form::Name { Via::Name } else { Via::Alias };
            return tie(known, via, form.words());
        }
        if let Some(known) = self.memory.named(full) {
            self.better(known, &told);
            self.learn(known, told);
            return tie(known, Via::Name, "a name introduced before");
        }
        let last = titled(t.at(range.end.saturating_sub(1)));
        let single = range.len() == 1;
        let family = if single { self.memory.of_family(&last) } else { self.memory.of_family(full) };
        if let Some(known) = family.filter(|k| self.agrees(*k, &told)) {
            self.better(known, &told);
            self.learn(known, told);
            return tie(known, Via::Coreference, "the surname of a person introduced before");
        }
        let mut shared = None;
        if single {
            match self.surname(&last, &told) {
                Bearer::One(at) => {
                    let e = self.g.entry(at);
                    let known = self.memory.listed(e);
                    self.introduce(known, &e.name, &e.code);
                    self.learn(known, told);
                    return tie(known, Via::Alias, "the surname of a known office-holder of that time");
                }
                Bearer::Some(code) => shared = Some(code),
                Bearer::None => {}
            }
            if let Some(known) = self.memory.of_given(&last).filter(|k| self.agrees(*k, &told)) {
                self.learn(known, told);
                return tie(known, Via::Coreference, "the given name of a person introduced before");
            }
        }
        // One who is only quoted, with no office, speaks for no state.
        let speaks = mentions::role(t, self.g, t.range(spot.span)).1;
        let (code, strength) = match (&told.code, told.think) {
            _ if shared.is_some() => (shared.unwrap_or_default(), Strength::Sure),
            (Some(c), _) => (c.clone(), Strength::Context),
            (None, true) => ("-".to_owned(), Strength::Context),
            (None, false) => match self.memory.home() {
                Some((c, share)) if share >= if speaks { 2.0 } else { HOME } || !told.offices.is_empty() => {
                    (c.to_owned(), Strength::Guess)
                }
                _ => ("-".to_owned(), Strength::Guess),
            },
        };
        let (code, strength) = vote(spot, code, strength);
        let known = self.memory.add(full, &code, ActorType::Person, strength);
        if told.gender.is_none() && !single {
            told.gender = self.g.words.given(t.at(range.start)).flatten();
        }
        if !single {
            let lean = if t.at(range.start).ends_with('a') { Gender::Female } else { Gender::Male };
            if let Some(k) = self.memory.known.get_mut(known) {
                k.lean = Some(lean).filter(|l| *l == Gender::Female);
            }
        }
        self.introduce(known, full, &code);
        self.learn(known, told);
        tie(known, if spot.given { Via::Model } else { Via::Name }, "a name that the text introduces")
    }

    /// Takes a better-founded code.
    pub(super) fn better(&mut self, known: usize, told: &Told) {
        if let Some(code) = &told.code {
            self.memory.recode(known, code, Strength::Context);
        }
    }

    pub(super) fn agrees(&self, known: usize, told: &Told) -> bool {
        let Some(k) = self.memory.known.get(known) else { return false };
        k.gender.is_none() || told.gender.is_none() || k.gender == told.gender
    }

    /// A known person by surname, by what the text tells and the date.
    pub(super) fn surname(&mut self, name: &str, told: &Told) -> Bearer {
        let fits = |e: &Entry| told.gender.is_none() || e.gender.is_none() || e.gender == told.gender;
        let mut all: Vec<(u32, bool)> =
            self.g.surname(&super::id::fold(name)).iter().copied().filter(|b| fits(self.g.entry(b.0))).collect();
        // What the text tells of the state narrows; it may be misread, so it never excludes all.
        if let Some(code) = &told.code {
            if all.iter().any(|b| self.g.entry(b.0).code == *code) {
                all.retain(|b| self.g.entry(b.0).code == *code);
            } else if !all.iter().any(|b| b.1) {
                return Bearer::None;
            }
        }
        if let Some(d) = self.date.clone() {
            let alone = all.iter().filter(|b| b.1).count() == 1;
            all.retain(|b| self.g.entry(b.0).distance(&d) <= if b.1 { if alone { 500 } else { 30 } } else { 8 });
            let rank = |b: &(u32, bool)| {
                let far = self.g.entry(b.0).distance(&d);
                (far > 8, !b.1, far)
            };
            return all.into_iter().min_by_key(rank).map_or(Bearer::None, |b| Bearer::One(b.0));
        }
        if all.iter().any(|b| b.1) {
            all.retain(|b| b.1);
        }
        if let [only] = all.as_slice() {
            return Bearer::One(only.0);
        }
        let Some(first) = all.first().map(|b| self.g.entry(b.0).code.clone()) else { return Bearer::None };
        self.note(NO_DATE);
        if all.iter().all(|b| self.g.entry(b.0).code == first) { Bearer::Some(first) } else { Bearer::None }
    }
}

/// `KISLYAK` as `Kislyak`; other words as they are.
fn titled(word: &str) -> String {
    if word.len() < 4 || word.chars().any(char::is_lowercase) {
        return word.to_owned();
    }
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_string() + &chars.as_str().to_lowercase())
}
