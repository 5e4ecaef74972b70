//! Mentions that refer without a name: pronouns, offices, descriptions.

use super::describe;
use super::entry::Gender;
use super::gazetteer::family_name;
use super::identify::vote;
use super::memory::{Known, Ref, Strength};
use super::mentions::Spot;
use super::office;
use super::person::NO_DATE;
use super::pronoun;
use super::resolve::{Resolver, Tied};
use super::text::Text;
use super::words::Pronoun;
use crate::data::{ActorType, Span, Via};

impl Resolver<'_> {
    pub(super) fn pronoun(&mut self, t: &Text, spot: &Spot, p: Pronoun, i: usize) -> Tied {
        let says = self.g.words.speech(t.at(i + 1)) || i > 0 && self.g.words.speech(t.at(i - 1)) && t.at(i + 1) != "to";
        let place = pronoun::place(t, &self.memory, i, says);
        let speaker = || pronoun::ahead(t, self.g, &self.memory, i);
        let found = match p {
            // The author's own "I" is nobody of the text.
            Pronoun::I | Pronoun::We if !place.quoted => None,
            Pronoun::I | Pronoun::We => speaker().or_else(|| pronoun::antecedent(&self.memory, p, place)),
            _ => pronoun::antecedent(&self.memory, p, place),
        };
        let kind = spot.kind.map(|k| k.0);
        let rule = "a pronoun, tied to the nearest mention that agrees with it";
        if let Some(at) = found {
            let k = self.memory.known.get(at).cloned();
            // "we" in an official's mouth is the state or government spoken for.
            if let (Pronoun::We, Some(k)) = (p, k)
                && kind.is_some_and(|x| x != ActorType::Person)
                && k.code != "-"
            {
                let known = match self.g.by_id(&k.code) {
                    Some(e) => self.memory.listed(e),
                    None => at,
                };
                let kind = self.kind(spot, k.kind);
                return Tied { pronoun: true, ..Tied::new(known, Via::Coreference, rule, kind) };
            }
            if let Some(k) = self.memory.known.get_mut(at).filter(|k| k.gender.is_none() && k.kind == ActorType::Person)
            {
                k.gender = match p {
                    Pronoun::He => Some(Gender::Male),
                    Pronoun::She => Some(Gender::Female),
                    _ => None,
                };
            }
            let own = self.memory.known.get(at).map_or(ActorType::Person, |k| k.kind);
            return Tied { pronoun: true, ..Tied::new(at, Via::Coreference, rule, self.kind(spot, own)) };
        }
        let own = match p {
            Pronoun::He | Pronoun::She | Pronoun::I => ActorType::Person,
            Pronoun::It => ActorType::State,
            _ => ActorType::Group,
        };
        let first_person = matches!(p, Pronoun::I | Pronoun::We);
        let (code, strength) = match (&self.memory.voice, self.memory.home()) {
            (Some(voice), _) if first_person => (voice.clone(), Strength::Context),
            _ if p == Pronoun::I || kind == Some(ActorType::Org) => ("-".to_owned(), Strength::Guess),
            (_, Some((home, _))) => (home.to_owned(), Strength::Guess),
            (_, None) => ("-".to_owned(), Strength::Guess),
        };
        let (code, strength) = vote(spot, code, strength);
        let kind = self.kind(spot, own);
        let known = self.memory.add(t.at(i), &code, kind, strength);
        Tied { pronoun: true, ..Tied::new(known, Via::Model, "a pronoun without an antecedent", kind) }
    }

    /// A description: an office resolved to its holder, or an actor of its own.
    pub(super) fn description(&mut self, t: &Text, spot: &Spot, span: Span) -> Tied {
        let head = describe::head(t, self.g, span);
        let office = office::read(t, self.g, spot.span);
        let own = match (&office, head) {
            (Some(_), _) => ActorType::Person,
            (None, Some((_, h))) => h.kind,
            (None, None) => ActorType::Org,
        };
        let kind = self.kind(spot, own);
        let coded = describe::code(t, self.g, &self.memory, span, kind, self.date.as_deref());
        let (code, strength) = vote(spot, coded.code, coded.strength);
        if kind == ActorType::Person
            && let Some(office) = office
        {
            match office::holder(&self.memory, self.g, &office, &code, strength, self.date.as_deref()) {
                office::Held::Told(known) => {
                    let rule = "the office of a person introduced before";
                    return Tied::new(known, Via::Coreference, rule, kind);
                }
                office::Held::Listed(at) => {
                    let e = self.g.entry(at);
                    let known = self.memory.listed(e);
                    self.introduce(known, &e.name, &e.code);
                    return Tied::new(known, Via::Title, "the office's holder on that date", kind);
                }
                office::Held::NoDate => self.note(NO_DATE),
                office::Held::Nobody => {}
            }
        }
        if kind == ActorType::Person
            && spot.span.start < span.start
            && t.text[spot.span.start..].to_lowercase().starts_with("the")
        {
            let last = describe::last_noun(t, self.g, span);
            let fits = |k: &Known, _: &Ref| k.kind == ActorType::Person && k.epithets.contains(&last);
            if let Some(known) = self.memory.latest(fits) {
                let rule = "the noun by which a person was introduced";
                return Tied::new(known, Via::Coreference, rule, kind);
            }
        }
        let name = self.display(t, span, &code, head.map(|(i, _)| t.at(i)));
        let known = self.memory.add(&name, &code, kind, strength);
        let via = if spot.given { Via::Model } else { Via::Alias };
        Tied::new(known, via, coded.rule, kind)
    }

    /// The name of a description: its words, a government by its head where the text or the date tells.
    pub(super) fn display(&self, t: &Text, span: Span, code: &str, head: Option<&str>) -> String {
        let surface = span.of(t.text);
        let head = head.unwrap_or("").to_lowercase();
        if head == "administration" || head == "administrations" && surface.len() < 20 {
            let person = t.hits_in(span).iter().find_map(|h| {
                let (e, _) = self.g.best(*h, self.date.as_deref())?;
                Some(self.g.entry(e)).filter(|e| e.kind == ActorType::Person)
            });
            let bare = t.range(span).len() <= 2;
            let held = || {
                self.date
                    .as_deref()
                    .filter(|_| bare)
                    .and_then(|d| self.g.holder(code, "president", d))
                    .map(|i| self.g.entry(i))
            };
            if let Some(e) = person.or_else(held) {
                let family = family_name(&e.name, &e.code).unwrap_or(&e.name);
                return format!("{family} administration");
            }
        }
        surface.to_owned()
    }
}
