//! Ties mentions to actors, paragraph by paragraph, in document order.

use super::detect;
use super::entry::Form;
use super::gazetteer::Gazetteer;
use super::identify::inner;
use super::memory::{Known, Memory, Ref};
use super::mentions::{self, Spot};
use super::text::{self, Text};
use crate::data::{Actor, ActorType, Candidate, GivenActor, Span, Via};
use std::collections::HashMap;

/// Reads one document from its beginning and says who is meant.
///
/// ```ignore
/// let mut r = Resolver::new(&gazetteer, Some("2016-05-03"));
/// r.read("Title");
/// let actors = r.paragraph("The president asked Congress to wait.", &[]);
/// ```
pub struct Resolver<'g> {
    pub(super) g: &'g Gazetteer,
    pub(super) date: Option<String>,
    pub(super) memory: Memory,
    /// Sentences in the text read last.
    last: u32,
    pub(super) notes: Vec<String>,
}

/// A mention tied to an actor of the memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tied {
    pub known: usize,
    pub via: Via,
    /// The rule in words.
    pub rule: &'static str,
    pub pronoun: bool,
    /// Named by what stands for it ("the Kremlin").
    pub metonym: bool,
    /// The type of this wording, where it is not the actor's own.
    pub kind: ActorType,
}

impl Tied {
    /// By a name or description: neither pronoun nor metonym.
    pub fn new(known: usize, via: Via, rule: &'static str, kind: ActorType) -> Self {
        Tied { known, via, rule, pronoun: false, metonym: false, kind }
    }

    /// The actor that a mention at `span` makes of `known`, to which it is tied.
    pub fn actor(&self, known: &Known, span: Span) -> Actor {
        Actor {
            name: known.name.clone(),
            id: known.id.clone(),
            code: known.code.clone(),
            kind: self.kind,
            mentions: vec![span],
            via: self.via,
        }
    }
}

impl<'g> Resolver<'g> {
    /// Begins a document of `date` (ISO 8601, as much of it as is known).
    pub fn new(gazetteer: &'g Gazetteer, date: Option<&str>) -> Self {
        let date = date.map(str::trim).filter(|d| d.get(..4).is_some_and(|y| y.bytes().all(|b| b.is_ascii_digit())));
        Resolver { g: gazetteer, date: date.map(Into::into), memory: Memory::default(), last: 0, notes: Vec::new() }
    }

    /// Reads title or context: nothing is reported, names introduced here are remembered.
    pub fn read(&mut self, text: &str) {
        let t = self.begin(text);
        if self.memory.paragraph == 1 {
            self.title(&t);
        }
        let mut spots = detect::detect(&t, self.g, &self.memory, self.date.as_deref());
        spots.iter_mut().for_each(|s| s.coded = false);
        self.tie(&t, &spots);
    }

    /// The actors of a paragraph, in text order. `candidates` come from a tagger, spans in bytes into `text`; where
    /// there are none, actors are found by rule.
    pub fn paragraph(&mut self, text: &str, candidates: &[Candidate]) -> Vec<Actor> {
        self.paragraph_and_pronouns(text, candidates).0
    }

    /// As [`Resolver::paragraph`], and beside it the actors for whom only a pronoun stands that the tagger passed over:
    /// coders take those for actors who hold a position and no others.
    pub fn paragraph_and_pronouns(&mut self, text: &str, candidates: &[Candidate]) -> (Vec<Actor>, Vec<Actor>) {
        let t = self.begin(text);
        let spots = self.spots(&t, candidates);
        let tied = self.tie(&t, &spots);
        (self.gather(&t, &spots, &tied), self.passed(&spots, &tied))
    }

    /// Exactly the caller's actors, in the caller's order, with code, id, type and name filled in. Spans are bytes
    /// into `text`.
    pub fn given(&mut self, text: &str, actors: &[GivenActor]) -> Vec<Actor> {
        let t = self.begin(text);
        let first = |a: &GivenActor| a.mentions.first().copied().unwrap_or(Span::new(0, 0));
        let mut spots: Vec<Spot> = actors.iter().map(|a| Spot::given(first(a), a.code.as_deref())).collect();
        mentions::others(&t, self.g, &mut spots);
        let tied = self.tie(&t, &spots);
        let one = |a: &GivenActor| {
            let at = spots.iter().position(|s| s.given && s.span == first(a))?;
            let tied = tied.get(at).copied().flatten()?;
            let k = self.memory.known.get(tied.known)?;
            Some((k.clone(), tied))
        };
        actors.iter().map(|a| filled(a, one(a), first(a).of(text))).collect()
    }

    /// What was assumed, in words; empty where nothing was.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    pub(crate) fn begin<'t>(&mut self, text: &'t str) -> Text<'t> {
        let t = Text::new(text, self.g);
        self.memory.begin(self.last);
        self.last = t.tokens.last().map_or(0, |k| k.sentence + 1);
        for hit in &t.hits {
            if let Some((e, _)) = self.g.best(*hit, self.date.as_deref()) {
                self.memory.hear(&self.g.entry(e).code);
            }
        }
        for hint in t.tokens.iter().filter_map(|k| self.g.words.hint(k.span.of(text))) {
            self.memory.hear(hint);
        }
        t
    }

    /// The first text of a document names the institution that speaks or the state that it is about.
    fn title(&mut self, t: &Text) {
        for hit in &t.hits {
            let Some((e, form)) = self.g.best(*hit, self.date.as_deref()) else { continue };
            let e = self.g.entry(e);
            let weight = match (e.kind, form) {
                (ActorType::Gov, _) | (_, Form::Metonym) => 3.0,
                (ActorType::State, Form::Adjective) => 1.0,
                _ => 0.0,
            };
            self.memory.lean(&e.code, weight);
            if weight > 2.0 && self.memory.voice.is_none() {
                self.memory.voice = Some(e.code.clone());
            }
        }
        self.speech(t);
    }

    /// Reads a line above the text that is not part of it ("Statement by the Permanent Representative of Singapore"): it may
    /// say whose the first person is.
    pub fn heading(&mut self, text: &str) {
        let t = Text::new(text, self.g);
        self.speech(&t);
    }

    /// Whose speech a heading announces: of the state or body, or of the person's, that is named first after "by" or "from".
    fn speech(&mut self, t: &Text) {
        const KINDS: [&str; 9] = [
            "statement",
            "statements",
            "remarks",
            "address",
            "speech",
            "intervention",
            "explanation",
            "letter",
            "declaration",
        ];
        let Some(kind) = (0..t.tokens.len()).find(|i| KINDS.contains(&t.at(*i).to_lowercase().as_str())) else {
            return;
        };
        let by = (kind + 1..(kind + 16).min(t.tokens.len())).find(|i| matches!(t.at(*i), "by" | "from" | "By" | "BY"));
        let Some(by) = by.or_else(|| (t.at(kind + 1) == "of").then_some(kind + 1)) else { return };
        let from = t.tokens[by].span.end;
        let owner = t.hits.iter().filter(|h| h.span.start >= from).find_map(|h| self.g.best(*h, self.date.as_deref()));
        if let Some(code) = owner.map(|(e, _)| self.g.entry(e).code.clone()).filter(|c| c != "-") {
            self.memory.voice = Some(code);
        }
    }

    pub(crate) fn spots(&self, t: &Text, candidates: &[Candidate]) -> Vec<Spot> {
        let mut spots = if candidates.is_empty() {
            detect::detect(t, self.g, &self.memory, self.date.as_deref())
        } else {
            self.tagged(t, candidates)
        };
        mentions::pronouns(t, self.g, &mut spots);
        spots
    }

    /// The candidates of a tagger, put right, and the known names around them.
    fn tagged(&self, t: &Text, candidates: &[Candidate]) -> Vec<Spot> {
        let mut spots: Vec<Spot> = Vec::with_capacity(candidates.len() + t.hits.len());
        let mut sorted: Vec<&Candidate> = candidates.iter().collect();
        sorted.sort_by_key(|c| (c.span.start, std::cmp::Reverse(c.span.end)));
        for c in sorted {
            let span = mentions::edges(t, c.span).map(|s| mentions::grown(t, self.g, s));
            if let Some(span) = span.filter(|s| !mentions::modifies(t, self.g, *s)) {
                // Edges that grew into each other: the first keeps the name.
                if spots.last().is_none_or(|s| s.span != span) {
                    spots.push(Spot::candidate(c, span));
                }
            }
        }
        mentions::others(t, self.g, &mut spots);
        for s in spots.iter_mut().filter(|s| !s.given) {
            s.coded = s.hit.is_some_and(|h| detect::sure(t, self.g, &self.memory, h, self.date.as_deref()));
        }
        spots
    }

    /// Ties every spot, in text order, and remembers it.
    pub(crate) fn tie(&mut self, t: &Text, spots: &[Spot]) -> Vec<Option<Tied>> {
        spots.iter().map(|s| self.one(t, s)).collect()
    }

    fn one(&mut self, t: &Text, spot: &Spot) -> Option<Tied> {
        let tied = self.identify(t, spot)?;
        let range = t.range(spot.span);
        if let Some(acronym) = acronym(t, range.end) {
            self.memory.call(acronym, tied.known);
        }
        if self
            .memory
            .known
            .get(tied.known)
            .is_some_and(|k| !k.listed && k.kind != ActorType::Person && proper(&k.name))
        {
            self.memory.call(inner(t, spot.span).of(t.text), tied.known);
        }
        let token = t.tokens.get(range.start)?;
        let (subject, speaker) = mentions::role(t, self.g, range.clone());
        let weak = spot.hit.is_some_and(|h| h.hyphen || self.g.best(h, None).is_some_and(|u| u.1 == Form::Adjective));
        self.memory.mention(Ref {
            known: tied.known,
            paragraph: self.memory.paragraph,
            sentence: self.memory.sentences + token.sentence,
            subject: subject && !weak,
            speaker,
            quoted: token.quoted,
        });
        if weak || subject {
            return Some(tied);
        }
        if let Some(code) =
            self.memory.known.get(tied.known).filter(|k| k.kind == ActorType::State).map(|k| k.code.clone())
            && text::against(t, self.g, range.start)
        {
            self.memory.target(&code);
        }
        Some(tied)
    }

    /// Actors of the reported spots. A person, a state, a body and a branch of government is one actor however it is
    /// worded; what the gazetteer does not know, a metonym and a group are one actor per wording.
    fn gather(&self, t: &Text, spots: &[Spot], tied: &[Option<Tied>]) -> Vec<Actor> {
        let mut actors: Vec<Actor> = Vec::new();
        let mut by_wording: HashMap<(usize, String), usize> = HashMap::new();
        let mut first: HashMap<(usize, bool), usize> = HashMap::new();
        let words = |s: &Spot| wording(inner(t, s.span).of(t.text));
        for (spot, tied) in spots.iter().zip(tied) {
            let Some(tied) = tied.as_ref().filter(|_| spot.coded) else { continue };
            let Some(k) = self.memory.known.get(tied.known) else { continue };
            let institution = matches!(tied.kind, ActorType::State | ActorType::Body | ActorType::Gov);
            let one = k.kind == ActorType::Person || k.listed && institution && !tied.metonym;
            let key = (tied.known, words(spot));
            let joined = first.get(&(tied.known, true)).filter(|_| one || tied.pronoun);
            let joined = joined.or_else(|| first.get(&(tied.known, false)).filter(|_| tied.pronoun));
            let at = by_wording.get(&key).or(joined).copied().unwrap_or(actors.len());
            by_wording.entry(key).or_insert(at);
            first.entry((tied.known, one)).or_insert(at);
            match actors.get_mut(at) {
                Some(a) => a.mentions.push(spot.span),
                None => actors.push(tied.actor(k, spot.span)),
            }
        }
        // Further places where the paragraph has the same known name standing alone.
        for (spot, tied) in spots.iter().zip(tied) {
            let Some(tied) = tied.as_ref().filter(|_| !spot.coded && spot.hit.is_some_and(|h| !h.hyphen)) else {
                continue;
            };
            if let Some(a) = by_wording.get(&(tied.known, words(spot))).and_then(|at| actors.get_mut(*at)) {
                a.mentions.push(spot.span);
            }
        }
        for a in &mut actors {
            a.mentions.sort();
        }
        actors
    }

    /// Actors of the pronouns that were passed over, but for those that a mention of the paragraph stands for, and for
    /// pronouns of unknown meaning after a person: it is likely that person.
    fn passed(&self, spots: &[Spot], tied: &[Option<Tied>]) -> Vec<Actor> {
        let both = || spots.iter().zip(tied).filter_map(|(s, t)| Some((s, t.as_ref()?)));
        let mut actors: Vec<(usize, Actor)> = Vec::new();
        for (spot, t) in both().filter(|(s, _)| s.passed) {
            let Some(k) = self.memory.known.get(t.known) else { continue };
            let open = t.via == Via::Model;
            let person =
                |s: &Spot, o: &Tied| open && o.kind == ActorType::Person && s.span.start < spot.span.start && s.coded;
            if both().any(|(s, o)| s.coded && o.known == t.known || person(s, o)) {
                continue;
            }
            match actors.iter_mut().find(|(known, _)| *known == t.known) {
                Some((_, a)) => a.mentions.push(spot.span),
                None => actors.push((t.known, t.actor(k, spot.span))),
            }
        }
        actors.into_iter().map(|(_, a)| a).collect()
    }

    pub(crate) fn known(&self, at: usize) -> Option<&Known> {
        self.memory.known.get(at)
    }

    pub(crate) fn date(&self) -> Option<&str> {
        self.date.as_deref()
    }
}

/// A wording made comparable: without dots, in small letters.
fn wording(s: &str) -> String {
    s.chars().filter(|c| *c != '.').flat_map(char::to_lowercase).collect()
}

/// The acronym in brackets at token `i` ("… Agency (KCIA)").
fn acronym<'t>(t: &Text<'t>, i: usize) -> Option<&'t str> {
    let word = t.at(i + 1);
    let capitals = (2..9).contains(&word.len()) && word.chars().all(|c| c.is_uppercase() || c == '.' || c == '-');
    (t.at(i) == "(" && t.at(i + 2) == ")" && capitals).then_some(word)
}

/// Whether a name of several words is a proper one ("Halcyon Lithography", not "Iranian officials").
fn proper(name: &str) -> bool {
    name.contains(' ')
        && name.rsplit(' ').next().is_some_and(|w| w.starts_with(char::is_uppercase))
        && name.starts_with(char::is_uppercase)
}

fn filled(a: &GivenActor, found: Option<(Known, Tied)>, surface: &str) -> Actor {
    let (known, kind) = match found {
        Some((k, t)) => (Some(k), t.kind),
        None => (None, ActorType::Group),
    };
    let given = |s: &Option<String>| s.clone().filter(|s| !s.trim().is_empty());
    let code = given(&a.code).or_else(|| known.as_ref().map(|k| k.code.clone())).unwrap_or_else(|| "-".into());
    let name = given(&a.name).or_else(|| known.as_ref().map(|k| k.name.clone())).unwrap_or_else(|| surface.to_owned());
    let id = match &known {
        Some(k) if k.code == code && k.name == name => k.id.clone(),
        _ => super::id::id(&code, &name),
    };
    Actor { name, id, code, kind, mentions: a.mentions.clone(), via: Via::Given }
}
