//! The small words of the trade, read from `titles.csv` and `words.csv`: titles with their offices, nouns that head
//! descriptions, pronouns, forms of address, given names, verbs of speech.

use super::entry::Gender;
use super::table;
use crate::data::ActorType;
use crate::error::Result;
use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

/// A title such as "foreign minister".
#[derive(Debug, Clone)]
pub(crate) struct Title {
    pub office: String,
    pub gender: Option<Gender>,
    /// Codes whose office it always is ("secretary of state": USA); empty where any state's.
    pub codes: Vec<String>,
    /// Codes that do not have it (`!USA`: "foreign minister").
    pub not: Vec<String>,
}

/// What a single word is, beyond its dictionary meaning.
#[derive(Debug, Clone, Default)]
pub(crate) struct Word {
    /// Heads a description.
    pub head: Option<Head>,
    /// Says that an organisation or expert outside states is meant.
    pub think: bool,
    pub speech: bool,
    pub auxiliary: bool,
    pub pronoun: Option<Pronoun>,
    /// Bit set of [`Mark`]s.
    marks: u32,
}

/// A noun that heads a description.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub kind: ActorType,
    pub class: HeadClass,
    /// The code that it carries of itself; empty where none.
    pub code: String,
}

/// How the code of a description comes from its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadClass {
    /// From the state named with it ("Iranian officials").
    Role,
    /// Of no state, whatever is named with it ("Chinese companies").
    Plain,
    /// Many states ("European countries", "U.S. allies").
    Many,
    /// A modifier that tells the state ("congressional").
    Modifier,
}

/// Further uses of a word, one class each in `words.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// May stand before titles and names.
    Lead,
    /// Stands inside names ("bin").
    Particle,
    /// Heads no noun phrase.
    Verb,
    /// No part of a person's name ("Street").
    Thing,
    /// Counts what follows ("dozens of").
    Quantity,
    /// Ends the head of a noun phrase.
    Preposition,
    /// Forces that a state may back without their speaking for it.
    Backed,
    /// Spoken of states at which others look.
    Target,
    /// Spoken of states under sanctions.
    Condemned,
    /// Of several states where none is told.
    Joint,
    /// Of no state where none is told.
    Nobody,
    /// A small word after which no noun phrase goes on.
    Function,
    /// A plural noun, no verb.
    Noun,
    /// Makes the name of an outlet or a road.
    Outlet,
    /// A journey or stay.
    Travel,
    /// Before the name of a place.
    Place,
    /// Always an actor.
    Certain,
    /// Stands between determiner and head noun.
    Premodifier,
    /// A surname that is a common word.
    Common,
    /// A company.
    Firm,
    /// A sanction.
    Measure,
}

impl Mark {
    /// The class of `words.csv`.
    fn parse(class: &str) -> Option<Self> {
        Some(match class {
            "lead" => Mark::Lead,
            "particle" => Mark::Particle,
            "verb" => Mark::Verb,
            "thing" => Mark::Thing,
            "quantity" => Mark::Quantity,
            "prep" => Mark::Preposition,
            "backed" => Mark::Backed,
            "target" => Mark::Target,
            "condemned" => Mark::Condemned,
            "joint" => Mark::Joint,
            "nobody" => Mark::Nobody,
            "function" => Mark::Function,
            "noun" => Mark::Noun,
            "outlet" => Mark::Outlet,
            "travel" => Mark::Travel,
            "place" => Mark::Place,
            "certain" => Mark::Certain,
            "premodifier" => Mark::Premodifier,
            "common" => Mark::Common,
            "firm" => Mark::Firm,
            "measure" => Mark::Measure,
            _ => return None,
        })
    }
}

/// Person and number of a pronoun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pronoun {
    He,
    She,
    They,
    It,
    I,
    We,
}

/// All word lists.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    titles: HashMap<String, Title>,
    /// The first words of titles, in small letters and with a capital.
    title_first: HashSet<String>,
    /// All words that stand in titles.
    title_words: HashSet<String>,
    words: HashMap<String, Word>,
    honorifics: HashMap<String, (Option<Gender>, String)>,
    given: HashMap<String, Option<Gender>>,
    /// Short names that hold once the state was named ("the North").
    short: HashMap<String, Vec<String>>,
    /// Words that tell of which state or body a text speaks ("CFSP").
    hints: HashMap<String, String>,
    /// Parts of states ("Ohio").
    regions: HashMap<String, String>,
}

/// Words in the longest title.
pub(crate) const LONGEST_TITLE: usize = 6;

impl Words {
    /// The lists compiled in.
    pub fn shipped() -> Result<Self> {
        let mut w = Words::default();
        table::csv(
            include_str!("../../models/actors/titles.csv"),
            "models/actors/titles.csv",
            &["phrase", "office", "gender", "code"],
            |_, c| {
                let &[phrase, office, gender, code] = c else { return Ok(()) };
                let not = table::list(code).filter_map(|c| c.strip_prefix('!')).map(Into::into).collect();
                let codes = table::list(code).filter(|c| !c.starts_with('!')).map(Into::into).collect();
                let first = phrase.split(' ').next().unwrap_or(phrase);
                w.title_first.extend([first.to_owned(), capital(first), first.to_uppercase()]);
                w.title_words.extend(phrase.split(' ').map(Into::into));
                w.titles
                    .insert(phrase.into(), Title { office: office.into(), gender: Gender::parse(gender), codes, not });
                Ok(())
            },
        )?;
        let path = "models/actors/words.csv";
        let columns = ["word", "class", "code", "type", "gender"];
        table::csv(include_str!("../../models/actors/words.csv"), path, &columns, |line, c| {
            let &[word, class, code, kind, gender] = c else { return Ok(()) };
            let head = |class| Head { kind: kind_of(kind).unwrap_or(ActorType::Group), class, code: code.into() };
            let entry =
                |w: &mut Words, word: &str, set: &dyn Fn(&mut Word)| set(w.words.entry(word.into()).or_default());
            match class {
                "role" => entry(&mut w, word, &|e| e.head = Some(head(HeadClass::Role))),
                "plain" => entry(&mut w, word, &|e| e.head = Some(head(HeadClass::Plain))),
                "many" => entry(&mut w, word, &|e| e.head = Some(head(HeadClass::Many))),
                "adjective" => entry(&mut w, word, &|e| e.head = Some(head(HeadClass::Modifier))),
                "think" => entry(&mut w, word, &|e| e.think = true),
                "speech" => entry(&mut w, word, &|e| e.speech = true),
                "aux" => entry(&mut w, word, &|e| e.auxiliary = true),
                "pronoun" => {
                    let pronoun = match gender {
                        "m" => Pronoun::He,
                        "f" => Pronoun::She,
                        "p" => Pronoun::They,
                        "1" => Pronoun::I,
                        "1p" => Pronoun::We,
                        _ => Pronoun::It,
                    };
                    entry(&mut w, word, &|e| e.pronoun = Some(pronoun));
                }
                "honorific" => {
                    w.honorifics.insert(word.into(), (Gender::parse(gender), code.into()));
                }
                "short" => {
                    w.short.insert(word.into(), table::list(code).map(Into::into).collect());
                }
                "region" => {
                    w.regions.insert(word.into(), code.into());
                }
                "hint" => {
                    w.hints.insert(word.into(), code.into());
                }
                "given" => {
                    w.given.insert(word.into(), Gender::parse(gender));
                }
                other if Mark::parse(other).is_some() => {
                    let bit = Mark::parse(other).map_or(0, |m| 1 << m as u32);
                    entry(&mut w, word, &|e| e.marks |= bit);
                }
                other => {
                    let reason = format!("class `{other}`; expected role, plain, many, adjective, think, …");
                    return Err(table::wrong(path, line, reason));
                }
            }
            Ok(())
        })?;
        Ok(w)
    }

    /// A title by its words in small letters, one blank between them.
    pub fn title(&self, phrase: &str) -> Option<&Title> {
        self.titles.get(phrase)
    }

    /// Whether some title begins with `word`.
    pub fn opens_title(&self, word: &str) -> bool {
        self.title_first.contains(word) || word.contains('-') && self.title_first.contains(&word.to_lowercase())
    }

    /// Whether some title has this word, in small letters.
    pub fn in_title(&self, word: &str) -> bool {
        self.title_words.contains(word)
    }

    /// What `word` is, as written or in small letters.
    pub fn word(&self, word: &str) -> Option<&Word> {
        if let Some(w) = self.words.get(word) {
            return Some(w);
        }
        if word.chars().next().is_some_and(char::is_uppercase) {
            let lower = word.to_lowercase();
            // "US" is no pronoun; "Us", "WE" are.
            return self.words.get(&lower).filter(|w| w.pronoun.is_none() || word != "US");
        }
        None
    }

    /// Gender and code that a form of address tells.
    pub fn honorific(&self, word: &str) -> Option<&(Option<Gender>, String)> {
        self.honorifics.get(word)
    }

    /// The gender of a given name: `None` where it is no given name, `Some(None)` where it is either's.
    pub fn given(&self, word: &str) -> Option<Option<Gender>> {
        self.given.get(word).copied()
    }

    /// The ids that a short name may stand for, likeliest first.
    pub fn short(&self, word: &str) -> &[String] {
        self.short.get(word).map_or(&[], Vec::as_slice)
    }

    /// The state to which a region belongs.
    pub fn region(&self, word: &str) -> Option<&str> {
        self.regions.get(word).map(String::as_str)
    }

    /// The code of which a word tells.
    pub fn hint(&self, word: &str) -> Option<&str> {
        self.hints.get(word).map(String::as_str)
    }

    /// The noun that heads a description.
    pub fn head(&self, word: &str) -> Option<&Head> {
        self.word(word)?.head.as_ref().filter(|h| h.class != HeadClass::Modifier)
    }

    /// Whether `word`, as written or in small letters, has the mark.
    pub fn is(&self, word: &str, mark: Mark) -> bool {
        self.word(word).is_some_and(|w| w.marks & (1 << mark as u32) != 0)
    }

    /// Whether it is a verb of speech.
    pub fn speech(&self, word: &str) -> bool {
        self.word(word).is_some_and(|w| w.speech)
    }

    /// The pronoun that `word` is.
    pub fn pronoun(&self, word: &str) -> Option<Pronoun> {
        self.word(word)?.pronoun
    }
}

/// With its first letter in upper case.
pub(super) fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// A type by its name in tables.
pub(crate) fn kind_of(s: &str) -> Option<ActorType> {
    ActorType::ALL.into_iter().find(|k| k.as_str() == s)
}
