//! What the gazetteer knows of one actor, and in which forms it is named.

use crate::data::ActorType;

/// One known actor.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub id: String,
    pub name: String,
    pub code: String,
    pub kind: ActorType,
    pub gender: Option<Gender>,
    /// Offices held; empty for what is no person.
    pub terms: Vec<Term>,
    /// When the actor existed, ISO dates, empty where open.
    pub from: String,
    pub to: String,
    /// Whether a user's file brought it.
    pub own: bool,
}

/// One term of office.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    pub office: String,
    pub from: String,
    pub to: String,
}

/// Grammatical gender, where known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gender {
    Male,
    Female,
}

impl Gender {
    pub fn parse(s: &str) -> Option<Self> {
        match s {
            "m" => Some(Gender::Male),
            "f" => Some(Gender::Female),
            _ => None,
        }
    }
}

/// By which kind of name a hit names its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The full name.
    Name,
    /// Another full name, acronym or short form.
    Alias,
    /// The people ("Iranians").
    People,
    /// The adjective ("Iranian").
    Adjective,
    /// The capital ("Tehran").
    Capital,
    /// Palace, street or quarter that stands for the government.
    Metonym,
    /// A single name of a person ("Putin").
    Surname,
}

impl Form {
    /// The form in words, for explanations.
    pub fn words(self) -> &'static str {
        match self {
            Form::Name => "full name",
            Form::Alias => "other name",
            Form::People => "name of the people",
            Form::Adjective => "adjective",
            Form::Capital => "capital",
            Form::Metonym => "metonym",
            Form::Surname => "surname",
        }
    }
}

impl Entry {
    /// Whether it existed, and where it is a person whether he or she was in some office, on `date`.
    pub fn valid(&self, date: &str) -> bool {
        within(date, &self.from, &self.to)
    }
    /// Whether the person held `office` on `date`.
    pub fn held(&self, office: &str, date: &str) -> bool {
        self.terms.iter().any(|t| t.office == office && within(date, &t.from, &t.to))
    }
    /// Years between `date` and the nearest term (0 inside one); 15 where no term is known.
    pub fn distance(&self, date: &str) -> i32 {
        let Some(year) = year(date) else { return 0 };
        let far = |t: &Term| {
            if within(date, &t.from, &t.to) {
                return 0;
            }
            let before = year_or(&t.from, year) - year;
            let after = year - year_or(&t.to, year);
            before.max(after).max(1)
        };
        self.terms.iter().filter(|t| !(t.from.is_empty() && t.to.is_empty())).map(far).min().unwrap_or(15)
    }
}

/// Whether `date` lies in `[from, to]`, compared as far as the shorter of two dates goes; empty is open.
pub(crate) fn within(date: &str, from: &str, to: &str) -> bool {
    let cut = |a: &str, b: &str| {
        let n = a.len().min(b.len());
        (a.get(..n).unwrap_or(a).to_owned(), b.get(..n).unwrap_or(b).to_owned())
    };
    let after = from.is_empty() || {
        let (d, f) = cut(date, from);
        d >= f
    };
    let before = to.is_empty() || {
        let (d, t) = cut(date, to);
        d <= t
    };
    after && before
}

fn year(date: &str) -> Option<i32> {
    date.get(..4)?.parse().ok()
}

fn year_or(date: &str, other: i32) -> i32 {
    year(date).unwrap_or(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_dates_compare_as_far_as_they_go() {
        assert!(within("2016-05", "2016-05-12", ""));
        assert!(within("2016", "2013-03-14", "2017"));
        assert!(!within("2026-01-01", "2009-01-20", "2017-01-20"));
        assert!(within("1990-01-01", "", ""));
    }
}
