//! What a document has told so far: who was introduced, who was mentioned where, which states it is about.

use super::entry::{Entry, Gender};
use super::id;
use crate::data::ActorType;
use rustc_hash::FxHashMap as HashMap;

/// How well a code is founded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// What the document is mostly about.
    Guess,
    /// Told by the neighbourhood.
    Context,
    /// Named outright.
    Sure,
}

/// An actor of the document.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub id: String,
    pub name: String,
    pub code: String,
    pub kind: ActorType,
    pub gender: Option<Gender>,
    pub strength: Strength,
    /// What a given name's ending suggests, where nothing is known.
    pub lean: Option<Gender>,
    /// Offices that the text gave.
    pub offices: Vec<String>,
    /// Nouns by which the text introduced it ("the trader X", "X, a miller").
    pub epithets: Vec<String>,
    /// Whether the gazetteer knows it.
    pub listed: bool,
    pub count: u32,
}

/// One mention, of whatever wording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ref {
    pub known: usize,
    pub paragraph: u32,
    /// Sentence of the document.
    pub sentence: u32,
    /// Subject of a verb, as far as word order shows.
    pub subject: bool,
    /// Subject of a verb of speech.
    pub speaker: bool,
    pub quoted: bool,
}

/// The document's actors and mentions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    pub known: Vec<Known>,
    by_id: HashMap<String, usize>,
    /// Full names and acronyms.
    by_name: HashMap<String, usize>,
    /// Family names in small letters, latest bearer.
    by_family: HashMap<String, usize>,
    /// Given names, latest bearer.
    by_given: HashMap<String, usize>,
    pub refs: Vec<Ref>,
    /// Weight of each code: persons and institutions count, states that are merely named count little.
    weights: Vec<(String, f32)>,
    targets: Vec<(String, u32)>,
    /// How often each state or body was named, the present text included.
    heard: HashMap<String, u32>,
    /// The state whose institution the title names: first persons speak for it.
    pub voice: Option<String>,
    pub paragraph: u32,
    /// Sentences before the present text.
    pub sentences: u32,
}

/// How much older evidence still counts at each new paragraph.
const FADE: f32 = 0.8;

impl Memory {
    /// Begins a text; `sentences` is how many the last one had.
    pub fn begin(&mut self, sentences: u32) {
        self.paragraph += 1;
        self.sentences += sentences;
        for w in &mut self.weights {
            w.1 *= FADE;
        }
    }

    /// The known actor for a gazetteer entry.
    pub fn listed(&mut self, e: &Entry) -> usize {
        if let Some(at) = self.by_id.get(&e.id) {
            return *at;
        }
        self.put(Known {
            id: e.id.clone(),
            name: e.name.clone(),
            code: e.code.clone(),
            kind: e.kind,
            gender: e.gender,
            strength: Strength::Sure,
            lean: None,
            offices: Vec::new(),
            epithets: Vec::new(),
            listed: true,
            count: 0,
        })
    }

    /// A new actor, or the one with its id.
    pub fn add(&mut self, name: &str, code: &str, kind: ActorType, strength: Strength) -> usize {
        let id = id::id(code, name);
        if let Some(at) = self.by_id.get(&id) {
            return *at;
        }
        self.put(Known {
            id,
            name: name.into(),
            code: code.into(),
            kind,
            gender: None,
            strength,
            lean: None,
            offices: Vec::new(),
            epithets: Vec::new(),
            listed: false,
            count: 0,
        })
    }

    fn put(&mut self, known: Known) -> usize {
        self.by_id.insert(known.id.clone(), self.known.len());
        self.known.push(known);
        self.known.len() - 1
    }

    /// Corrects the code of an actor that was only guessed, or less well founded than now.
    pub fn recode(&mut self, at: usize, code: &str, strength: Strength) {
        let Some(k) = self.known.get_mut(at) else { return };
        if k.listed || k.strength >= strength {
            return;
        }
        k.strength = strength;
        if k.code != code {
            k.code = code.into();
            k.id = id::id(code, &k.name);
            self.by_id.insert(k.id.clone(), at);
        }
    }

    /// Remembers a full name or acronym.
    pub fn call(&mut self, name: &str, at: usize) {
        self.by_name.insert(name.to_owned(), at);
    }

    /// Remembers a family name.
    pub fn family(&mut self, name: &str, at: usize) {
        self.by_family.insert(key(name), at);
    }

    /// Remembers a given name.
    pub fn given(&mut self, name: &str, at: usize) {
        self.by_given.insert(key(name), at);
    }

    pub fn of_given(&self, name: &str) -> Option<usize> {
        self.by_given.get(&key(name)).copied()
    }

    /// The latest-introduced actor of `kinds` whose name begins with the words of `name`, or has them as its head.
    pub fn part(&self, name: &str, fits: impl Fn(&Known) -> bool) -> Option<usize> {
        let wanted = name.to_lowercase();
        let matches = |k: &Known| {
            let whole = k.name.to_lowercase();
            let begins = whole.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with(' '));
            begins || whole.split(' ').any(|w| w == wanted)
        };
        let recent = self.refs.iter().rev().take(120).map(|r| r.known);
        recent.into_iter().find(|at| self.known.get(*at).is_some_and(|k| fits(k) && matches(k)))
    }

    /// How often the state or body `code` was named, the present text included.
    pub fn heard(&self, code: &str) -> u32 {
        self.heard.get(code).copied().unwrap_or(0)
    }

    /// Counts a name of `code`.
    pub fn hear(&mut self, code: &str) {
        match self.heard.get_mut(code) {
            Some(n) => *n += 1,
            None => {
                self.heard.insert(code.to_owned(), 1);
            }
        }
    }

    /// Makes the document's home the likelier.
    pub fn lean(&mut self, code: &str, weight: f32) {
        if !is_state(code) {
            return;
        }
        match self.weights.iter_mut().find(|w| w.0 == code) {
            Some(w) => w.1 += weight,
            None => self.weights.push((code.to_owned(), weight)),
        }
    }

    /// Counts `code` as a target of sanctions.
    pub fn target(&mut self, code: &str) {
        match self.targets.iter_mut().find(|t| t.0 == code) {
            Some(t) => t.1 += 1,
            None => self.targets.push((code.into(), 1)),
        }
    }

    /// The state that sanctions are most often said to be against.
    pub fn main_target(&self) -> Option<&str> {
        let mut best: Option<&(String, u32)> = None;
        for t in &self.targets {
            if best.is_none_or(|b| t.1 > b.1) {
                best = Some(t);
            }
        }
        best.map(|b| b.0.as_str())
    }

    pub fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub fn of_family(&self, name: &str) -> Option<usize> {
        self.by_family.get(&key(name)).copied()
    }

    /// Records a mention.
    pub fn mention(&mut self, r: Ref) {
        let Some(k) = self.known.get_mut(r.known) else { return };
        k.count += 1;
        let weight = match k.kind {
            ActorType::Person | ActorType::Gov => 1.0,
            ActorType::Group => 0.5,
            ActorType::State => 0.2,
            ActorType::Body | ActorType::Org => 0.2,
        };
        let code = k.code.clone();
        self.lean(&code, weight);
        self.refs.push(r);
    }

    /// The state that the document's persons and institutions mostly belong to, with its share.
    pub fn home(&self) -> Option<(&str, f32)> {
        let total: f32 = self.weights.iter().map(|w| w.1).sum();
        let mut best: Option<&(String, f32)> = None;
        for w in &self.weights {
            if best.is_none_or(|b| w.1 > b.1) {
                best = Some(w);
            }
        }
        best.map(|b| (b.0.as_str(), b.1 / total.max(1e-6)))
    }

    /// All states of the document, heaviest first.
    pub fn homes(&self) -> Vec<&str> {
        let mut all: Vec<&(String, f32)> = self.weights.iter().collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all.into_iter().map(|w| w.0.as_str()).collect()
    }

    /// The latest mention that `fits`.
    pub fn latest(&self, fits: impl Fn(&Known, &Ref) -> bool) -> Option<usize> {
        self.refs.iter().rev().take(80).find(|r| self.known.get(r.known).is_some_and(|k| fits(k, r))).map(|r| r.known)
    }
}

fn key(name: &str) -> String {
    id::fold(name).to_lowercase()
}

/// Codes of bodies that look like a state's.
const BODIES: [&str; 23] = [
    "ADB", "BIS", "CIS", "COE", "EAC", "G20", "G77", "GCC", "ICC", "ICJ", "ILO", "IMF", "IMO", "LON", "OAS", "OAU",
    "OIC", "PIF", "RIO", "SCO", "WEU", "WHO", "WTO",
];

/// Whether a code is a state's, not a body's or none.
pub(crate) fn is_state(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) && !BODIES.contains(&code)
}
