//! One pass over a text for every known name: leftmost-longest, on word boundaries, with the case that a name
//! demands ("US" is not "us", "Turkey" not "turkey").
//!
//! Names are looked up by their first word. That is as quick to run as an automaton on text cut into words, and, with
//! seven thousand names, thirty times as quick to build, which every start of the program pays for.

use super::entry::Form;
use crate::data::Span;
use rustc_hash::FxHashMap as HashMap;

/// A name and what it may stand for.
#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    /// Entries by index, most likely first.
    uses: Vec<(u32, Form)>,
}

/// A known name in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    /// Without the possessive ending.
    pub span: Span,
    pattern: u32,
    /// Followed by `'s` or `’s`, or by a bare apostrophe after s.
    pub possessive: bool,
    /// Part of a hyphenated word ("U.S.-led", "anti-Iran").
    pub hyphen: bool,
}

/// Finds names. Built once per gazetteer.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    /// First word in small letters → patterns, longest first.
    first: HashMap<String, Vec<u32>>,
    patterns: Vec<Pattern>,
}

impl Matcher {
    /// Builds from names in order of preference.
    pub fn new<'a>(names: impl Iterator<Item = (&'a str, u32, Form)>) -> Self {
        let mut index: HashMap<String, u32> = HashMap::with_capacity_and_hasher(8192, Default::default());
        let mut patterns: Vec<Pattern> = Vec::with_capacity(8192);
        let mut add = |text: String, entry: u32, form: Form| {
            let at = *index.entry(text).or_insert_with_key(|text| {
                patterns.push(Pattern { text: text.clone(), uses: Vec::with_capacity(1) });
                patterns.len() as u32 - 1
            });
            let Some(uses) = patterns.get_mut(at as usize).map(|p| &mut p.uses) else { return };
            if !uses.iter().any(|u| u.0 == entry) {
                uses.push((entry, form));
            }
        };
        for (name, entry, form) in names {
            let plain = super::id::fold(name);
            if name.contains('\'') {
                add(name.replace('\'', "’"), entry, form);
            }
            if plain != name {
                add(plain, entry, form);
            }
            add(name.to_owned(), entry, form);
        }
        let mut first: HashMap<String, Vec<u32>> =
            HashMap::with_capacity_and_hasher(patterns.len(), Default::default());
        for (i, p) in patterns.iter().enumerate() {
            first.entry(opening(&p.text).to_lowercase()).or_default().push(i as u32);
        }
        for all in first.values_mut() {
            all.sort_by_key(|i| std::cmp::Reverse(patterns.get(*i as usize).map_or(0, |p| p.text.len())));
        }
        Matcher { first, patterns }
    }

    /// All names in `text`, left to right, not overlapping.
    pub fn find(&self, text: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        let mut word = String::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|r| !r.is_empty()) {
            let run = opening(rest);
            if run.is_empty() {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
            word.clear();
            word.extend(run.chars().flat_map(char::to_lowercase));
            let hit = self.first.get(&word).and_then(|all| all.iter().find_map(|i| self.judge(text, at, *i)));
            at = match hit {
                Some(hit) => {
                    hits.push(hit);
                    hit.span.end.max(at + run.len())
                }
                None => at + run.len(),
            };
        }
        hits
    }

    /// Whether `pattern` stands at `start` as a name.
    fn judge(&self, text: &str, start: usize, pattern: u32) -> Option<Hit> {
        let name = self.patterns.get(pattern as usize)?.text.as_str();
        let end = start + name.len();
        let (before, surface, after) = (text.get(..start)?, text.get(start..end)?, text.get(end..)?);
        if !surface.eq_ignore_ascii_case(name) || !cased(name, surface) {
            return None;
        }
        if before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '@') {
            return None;
        }
        let mut ahead = after.chars();
        let (next, second, third) = (ahead.next(), ahead.next(), ahead.next());
        if next.is_some_and(char::is_alphanumeric) {
            return None;
        }
        let quote = matches!(next, Some('\'' | '’'));
        let ends = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        if quote && second.is_some_and(char::is_alphanumeric) && !(matches!(second, Some('s' | 'S')) && ends(third)) {
            return None;
        }
        let possessive = quote && (second == Some('s') || (surface.ends_with('s') && ends(second)));
        let hyphen = matches!(next, Some('-' | '–') if second.is_some_and(char::is_alphanumeric))
            || (before.ends_with(['-', '–']) && before.trim_end_matches(['-', '–']).ends_with(char::is_alphanumeric));
        Some(Hit { span: Span::new(start, end), pattern, possessive, hyphen })
    }

    /// What `hit` may stand for, most likely first.
    pub fn uses(&self, hit: Hit) -> &[(u32, Form)] {
        self.patterns.get(hit.pattern as usize).map_or(&[], |p| p.uses.as_slice())
    }

    /// Every pattern with its uses, for checks.
    pub fn names(&self) -> impl Iterator<Item = (&str, &[(u32, Form)])> {
        self.patterns.iter().map(|p| (p.text.as_str(), p.uses.as_slice()))
    }
}

/// The run of letters and digits at the head of `s`.
fn opening(s: &str) -> &str {
    let end = s.find(|c: char| !c.is_alphanumeric()).unwrap_or(s.len());
    s.get(..end).unwrap_or(s)
}

/// Whether `surface` has capitals wherever `name` has them. A name in capitals throughout must stand as it is.
fn cased(name: &str, surface: &str) -> bool {
    let capital = |c: char| c.is_uppercase();
    if !name.chars().any(char::is_lowercase) {
        return name == surface;
    }
    // Headlines in capitals are let through, short words excepted, which may be another word there.
    let shouted = !surface.chars().any(char::is_lowercase);
    if shouted {
        return name.len() > 4;
    }
    name.chars().zip(surface.chars()).all(|(n, s)| !capital(n) || capital(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let names = [("US", 0), ("Turkey", 1), ("Oman", 2), ("Iran", 3), ("People's Bank", 4), ("Irán Élysée", 5)];
        let m = Matcher::new(names.into_iter().map(|(n, i)| (n, i, Form::Name)));
        m.find(text).into_iter().map(|h| h.span.of(text).to_owned()).collect()
    }

    #[test]
    fn case_and_boundaries() {
        assert_eq!(found("Tell us why the US ate turkey in Turkey."), ["US", "Turkey"]);
        assert_eq!(found("A woman, a Roman, Oman’s man; Iran's and IRAN"), ["Oman", "Iran"]);
        assert_eq!(found("people's bank; People’s Bank and People's Bank"), ["People’s Bank", "People's Bank"]);
        assert_eq!(found("Iran Elysee"), ["Iran Elysee"]);
    }

    #[test]
    fn hyphens_and_possessives_are_told() {
        let m = Matcher::new([("Iran", 0, Form::Name)].into_iter());
        let hits = m.find("Iran-backed, anti-Iran, Iran's, Iran");
        let flags: Vec<_> = hits.iter().map(|h| (h.hyphen, h.possessive)).collect();
        assert_eq!(flags, [(true, false), (true, false), (false, true), (false, false)]);
    }
}
