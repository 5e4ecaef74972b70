//! The known actors: shipped tables, users' files, and the lookups by name, surname, office and id.

use super::entry::{Entry, Form, Gender, Term, within};
use super::id;
use super::matcher::{Hit, Matcher};
use super::table::{self, UserActor};
use super::words::{self, Words};
use crate::data::{ActorType, Span};
use crate::error::Result;
use rustc_hash::FxHashMap as HashMap;
use std::path::Path;

/// Names of states, bodies, offices and office-holders, and the rules for reading them.
#[derive(Debug, Clone)]
pub struct Gazetteer {
    entries: Vec<Entry>,
    by_id: HashMap<String, u32>,
    /// Names in order of preference, kept for rebuilding with a user's file.
    names: Vec<(String, u32, Form)>,
    /// Bearers of a surname; `true` where the surname alone is a name of theirs ("Putin").
    surnames: HashMap<String, Vec<(u32, bool)>>,
    offices: HashMap<String, Vec<u32>>,
    matcher: Matcher,
    pub(crate) words: Words,
}

/// States that write the family name first.
const FAMILY_FIRST: [&str; 6] = ["CHN", "PRK", "KOR", "TWN", "VNM", "SGP"];

macro_rules! shipped {
    ($file:literal) => {
        (include_str!(concat!("../../models/actors/", $file)), concat!("models/actors/", $file))
    };
}

impl Gazetteer {
    /// The tables that come with the program.
    ///
    /// # Errors
    /// Only if the compiled-in tables are damaged.
    pub fn shipped() -> Result<Self> {
        let mut b =
            Builder { entries: Vec::with_capacity(2048), names: Vec::with_capacity(8192), ..Builder::default() };
        b.states()?;
        b.bodies()?;
        b.offices()?;
        b.holders()?;
        Ok(b.build(Words::shipped()?))
    }

    /// Adds a user's actors (CSV, or TOML with `[[actor]]` tables: id, name, aliases, code, type, from, to). A row
    /// with the id of a known actor, or with its very name where it gives no id, replaces it; its names win over
    /// all others.
    ///
    /// # Errors
    /// The file cannot be read, or a row has no name or an unknown type; file and line are named.
    pub fn with_file(self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let shown = path.display().to_string();
        let rows = table::user(path)?;
        let Gazetteer { entries, by_id, names, words, .. } = self;
        let mut b = Builder { entries, by_id, names: Vec::with_capacity(names.len() + rows.len() * 3) };
        for row in &rows {
            b.user(row, &shown)?;
        }
        let replaced: Vec<bool> = b.entries.iter().map(|e| e.own).collect();
        b.names.extend(names.into_iter().filter(|(_, e, _)| !replaced.get(*e as usize).copied().unwrap_or(false)));
        Ok(b.build(words))
    }

    /// All names of states and bodies, their peoples, adjectives, capitals and metonyms, with their codes, left to
    /// right: the places against which sanctions may be directed. Spans are bytes into `text`.
    pub fn places(&self, text: &str) -> Vec<(Span, String)> {
        let place = |hit: &Hit| {
            let entry = self.uses(*hit).iter().map(|u| self.entry(u.0)).find(|e| {
                matches!(e.kind, ActorType::State | ActorType::Body) || (e.kind == ActorType::Group && e.code == "INTL")
            })?;
            Some((hit.span, entry.code.clone()))
        };
        self.hits(text).iter().filter_map(place).collect()
    }

    /// How many actors are known.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn hits(&self, text: &str) -> Vec<Hit> {
        self.matcher.find(text)
    }

    pub(crate) fn uses(&self, hit: Hit) -> &[(u32, Form)] {
        self.matcher.uses(hit)
    }

    pub(crate) fn entry(&self, index: u32) -> &Entry {
        &self.entries[index as usize]
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Entry> {
        self.by_id.get(id).map(|i| self.entry(*i))
    }

    /// The use of `hit` that fits `date` best: an own entry first, then one that existed then, then the first.
    pub(crate) fn best(&self, hit: Hit, date: Option<&str>) -> Option<(u32, Form)> {
        let uses = self.uses(hit);
        if uses.len() < 2 {
            return uses.first().copied();
        }
        let rank = |(i, _): (u32, Form)| {
            let e = self.entry(i);
            let fits = date.is_none_or(|d| e.valid(d));
            let far = if e.kind == ActorType::Person { date.map_or(0, |d| e.distance(d)) } else { 0 };
            // In its time a state that is gone comes first ("Belgrade" of 1993), else last.
            let gone = !e.to.is_empty() && e.terms.is_empty();
            (!e.own, !fits, gone != date.is_some(), far)
        };
        uses.iter().copied().min_by_key(|u| rank(*u))
    }

    /// Persons with this surname.
    pub(crate) fn surname(&self, name: &str) -> &[(u32, bool)] {
        self.surnames.get(name).map_or(&[], Vec::as_slice)
    }

    /// The person who held `office` of `code` on `date`; `None` where several did, as deputies and spokesmen do, or as
    /// far as a date of a year alone tells. On the day of a change it is the one who came.
    pub(crate) fn holder(&self, code: &str, office: &str, date: &str) -> Option<u32> {
        let holders = self.offices.get(&format!("{code}:{office}"))?;
        let all: Vec<u32> = holders.iter().copied().filter(|i| self.entry(*i).held(office, date)).collect();
        let stays = |i: &u32| {
            let mut terms = self.entry(*i).terms.iter().filter(|t| t.office == office && within(date, &t.from, &t.to));
            terms.any(|t| t.to.is_empty() || t.to.as_str() > date)
        };
        match all.as_slice() {
            [only] => Some(*only),
            _ => {
                let mut staying = all.iter().copied().filter(stays);
                let first = staying.next()?;
                staying.next().is_none().then_some(first)
            }
        }
    }

    /// Whether the tables know any holder of `office` of `code`.
    pub(crate) fn has_office(&self, code: &str, office: &str) -> bool {
        self.offices.contains_key(&format!("{code}:{office}"))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &[(u32, Form)])> {
        self.matcher.names()
    }
}

#[derive(Default)]
struct Builder {
    entries: Vec<Entry>,
    by_id: HashMap<String, u32>,
    names: Vec<(String, u32, Form)>,
}

impl Builder {
    fn put(&mut self, entry: Entry) -> u32 {
        if let Some(at) = self.by_id.get(&entry.id).copied() {
            if entry.own {
                self.entries[at as usize] = entry;
                return at;
            }
            // The same state under another name (Rhodesia): an entry of its own with the same id.
            self.entries.push(entry);
            return self.entries.len() as u32 - 1;
        }
        let at = self.entries.len() as u32;
        self.by_id.insert(entry.id.clone(), at);
        self.entries.push(entry);
        at
    }

    fn name(&mut self, names: impl IntoIterator<Item = impl AsRef<str>>, entry: u32, form: Form) {
        self.names.extend(names.into_iter().map(|n| (n.as_ref().to_owned(), entry, form)));
    }

    fn states(&mut self) -> Result<()> {
        let (text, path) = shipped!("states.csv");
        let columns = ["code", "name", "aliases", "demonyms", "people", "capital", "metonyms", "from", "to"];
        table::csv(text, path, &columns, |_, c| {
            let &[code, name, aliases, demonyms, people, capital, metonyms, from, to] = c else { return Ok(()) };
            let at = self.put(entry(code, name, code, ActorType::State, from, to));
            self.name([name], at, Form::Name);
            self.name(table::list(aliases), at, Form::Alias);
            self.name(table::list(demonyms), at, Form::Adjective);
            self.name(table::list(people), at, Form::People);
            self.name(table::list(capital), at, Form::Capital);
            self.name(table::list(metonyms), at, Form::Metonym);
            Ok(())
        })
    }

    fn bodies(&mut self) -> Result<()> {
        let (text, path) = shipped!("bodies.csv");
        table::csv(text, path, &["code", "name", "aliases", "demonyms", "type"], |line, c| {
            let &[code, name, aliases, demonyms, kind] = c else { return Ok(()) };
            let at = self.put(entry(code, name, code, known(kind, path, line)?, "", ""));
            self.name([name], at, Form::Name);
            self.name(table::list(aliases), at, Form::Alias);
            self.name(table::list(demonyms), at, Form::Adjective);
            if code == "EU" {
                self.name(["Europeans"], at, Form::People);
            }
            Ok(())
        })
    }

    fn offices(&mut self) -> Result<()> {
        let (text, path) = shipped!("offices.csv");
        table::csv(text, path, &["id", "name", "aliases", "code", "type"], |line, c| {
            let &[id, name, aliases, code, kind] = c else { return Ok(()) };
            let at = self.put(entry(id, name, code, known(kind, path, line)?, "", ""));
            self.name([name], at, Form::Name);
            self.name(table::list(aliases), at, Form::Alias);
            Ok(())
        })
    }

    fn holders(&mut self) -> Result<()> {
        let (text, path) = shipped!("holders.csv");
        let columns = ["id", "name", "aliases", "code", "gender", "office", "from", "to"];
        table::csv(text, path, &columns, |_, c| {
            let &[id, name, aliases, code, gender, office, from, to] = c else { return Ok(()) };
            let at = match self.by_id.get(id) {
                Some(at) => *at,
                None => {
                    let mut e = entry(id, name, code, ActorType::Person, "", "");
                    e.gender = Gender::parse(gender);
                    let at = self.put(e);
                    self.name([name], at, Form::Name);
                    for alias in table::list(aliases) {
                        let form = if alias.contains([' ', '.']) { Form::Alias } else { Form::Surname };
                        self.name([alias], at, form);
                    }
                    at
                }
            };
            let terms = &mut self.entries[at as usize].terms;
            terms.push(Term { office: office.into(), from: from.into(), to: to.into() });
            Ok(())
        })
    }

    fn user(&mut self, row: &UserActor, path: &str) -> Result<()> {
        if row.name.is_empty() {
            return Err(table::wrong(path, row.line, "a row without a name; give one".into()));
        }
        let kind = if row.kind.is_empty() { ActorType::Person } else { known(&row.kind, path, row.line)? };
        let code = if row.code.is_empty() { "-" } else { &row.code };
        let same = |e: &&Entry| e.name == row.name && e.kind == kind && (row.code.is_empty() || e.code == row.code);
        let id = if row.id.is_empty() {
            self.entries.iter().find(same).map_or_else(|| id::id(code, &row.name), |e| e.id.clone())
        } else {
            row.id.clone()
        };
        let mut e = entry(&id, &row.name, code, kind, &row.from, &row.to);
        e.own = true;
        e.gender = Gender::parse(&row.gender);
        if kind == ActorType::Person {
            e.terms.push(Term { office: row.office.clone(), from: row.from.clone(), to: row.to.clone() });
            (e.from, e.to) = (String::new(), String::new());
        }
        let at = self.put(e);
        self.name([&row.name], at, Form::Name);
        self.name(&row.aliases, at, Form::Alias);
        Ok(())
    }

    fn build(self, words: Words) -> Gazetteer {
        let Builder { entries, by_id, names } = self;
        let matcher = Matcher::new(names.iter().map(|(n, e, f)| (n.as_str(), *e, *f)));
        let mut surnames: HashMap<String, Vec<(u32, bool)>> =
            HashMap::with_capacity_and_hasher(2048, Default::default());
        let mut add = |name: &str, at: u32, alone: bool| {
            let all = surnames.entry(id::fold(name)).or_default();
            match all.iter_mut().find(|b| b.0 == at) {
                Some(bearer) => bearer.1 |= alone,
                None => all.push((at, alone)),
            }
        };
        for (name, at, form) in &names {
            let Some(e) = entries.get(*at as usize).filter(|e| e.kind == ActorType::Person) else { continue };
            match form {
                Form::Surname => add(name, *at, true),
                Form::Name | Form::Alias => {
                    if let Some(family) = family_name(name, &e.code) {
                        add(family, *at, false);
                    }
                }
                _ => {}
            }
        }
        let mut offices: HashMap<String, Vec<u32>> = HashMap::with_capacity_and_hasher(1024, Default::default());
        for (at, e) in entries.iter().enumerate() {
            for term in e.terms.iter().filter(|t| !t.office.is_empty()) {
                let all = offices.entry(format!("{}:{}", e.code, term.office)).or_default();
                if all.last() != Some(&(at as u32)) {
                    all.push(at as u32);
                }
            }
        }
        Gazetteer { entries, by_id, names, surnames, offices, matcher, words }
    }
}

/// The family name in a full name; `None` where the name is one word.
pub(crate) fn family_name<'n>(name: &'n str, code: &str) -> Option<&'n str> {
    let mut words = name.split_whitespace().filter(|w| !matches!(*w, "Jr." | "Jr" | "Sr." | "II" | "III"));
    let (first, last) = (words.next()?, words.next_back()?);
    Some(if FAMILY_FIRST.contains(&code) { first } else { last })
}

fn entry(id: &str, name: &str, code: &str, kind: ActorType, from: &str, to: &str) -> Entry {
    Entry {
        id: id.into(),
        name: name.into(),
        code: code.into(),
        kind,
        gender: None,
        terms: Vec::new(),
        from: from.into(),
        to: to.into(),
        own: false,
    }
}

fn known(kind: &str, path: &str, line: usize) -> Result<ActorType> {
    words::kind_of(kind).ok_or_else(|| {
        table::wrong(path, line, format!("type `{kind}`; expected state, body, gov, person, group or org"))
    })
}
