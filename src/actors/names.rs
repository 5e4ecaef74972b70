//! Takes a person's name apart (titles, name) and reads what stands beside it: "Russian Foreign Minister X",
//! "X, the Y", "X (R-Tenn.)".

use super::entry::{Form, Gender};
use super::gazetteer::Gazetteer;
use super::text::{STARTERS, Text};
use super::words::{HeadClass, LONGEST_TITLE, Mark};
use crate::data::{ActorType, Span};

/// What words around or before a name tell of its bearer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub code: Option<String>,
    pub offices: Vec<String>,
    pub gender: Option<Gender>,
    /// Some form of address or title stood there: it is a person.
    pub person: bool,
    /// An expert, scholar or advocate.
    pub think: bool,
    /// Nouns that say what the bearer is ("trader", "miller").
    pub epithets: Vec<String>,
}

impl Told {
    fn code(&mut self, code: &str) {
        if self.code.is_none() && !code.is_empty() {
            self.code = Some(code.into());
        }
    }
    /// Takes over from `other` what is not known yet.
    pub fn or(&mut self, other: Told) {
        if self.code.is_none() {
            self.code = other.code;
        }
        if self.gender.is_none() {
            self.gender = other.gender;
        }
        self.offices.extend(other.offices);
        self.epithets.extend(other.epithets);
        self.person |= other.person;
        self.think |= other.think;
    }
}

/// Reads titles, forms of address, states and offices from token `i` on, up to token `end`; returns the token after
/// the last that was read.
pub(crate) fn titles(t: &Text, g: &Gazetteer, mut i: usize, end: usize, told: &mut Told) -> usize {
    while i < end {
        let token = t.tokens[i];
        let word = t.at(i);
        if !token.word {
            // Possessive ending, or a hyphen in "then-candidate".
            if matches!(word, "'" | "’" | "-") && i + 1 < end {
                i += 1;
                continue;
            }
            break;
        }
        if word == "s" && i > 0 && matches!(t.at(i - 1), "'" | "’") {
            i += 1;
            continue;
        }
        if let Some((n, title)) = title_at(t, g, i, end) {
            told.offices.push(title.office.clone());
            told.epithets.push(t.at(i + n - 1).to_lowercase());
            told.gender = told.gender.or(title.gender);
            told.person = true;
            if title.codes.len() == 1 {
                told.code(&title.codes[0]);
            }
            i += n;
            continue;
        }
        if let Some((gender, code)) = g.words.honorific(word) {
            told.gender = told.gender.or(*gender);
            told.epithets.push(word.trim_end_matches('.').to_lowercase());
            told.person = true;
            told.code(code);
            i += 1;
            continue;
        }
        let hit = t.hits_in(Span::new(token.span.start, token.span.start + 1)).first().copied();
        if let Some(hit) = hit {
            // "Putin adviser X", "Graham's spokesman X".
            let n = t.range(hit.span).len();
            let after = if hit.possessive { i + n + 2 } else { i + n };
            let owner = hit.possessive
                || t.tokens.get(after).is_some_and(|k| k.word && !k.capital) && title_at(t, g, after, end).is_some();
            if owner && after < end {
                if let Some((e, _)) = g.best(hit, None) {
                    told.code(&g.entry(e).code);
                }
                i += n;
                continue;
            }
            let person = g.uses(hit).iter().all(|u| g.entry(u.0).kind == ActorType::Person);
            let n = t.range(hit.span).len();
            let full_name = n > 1 && g.uses(hit).iter().any(|u| g.entry(u.0).kind == ActorType::Person);
            if !person && !full_name && i + n < end {
                if let Some((e, _)) = g.best(hit, None) {
                    told.code(&g.entry(e).code);
                }
                i += n;
                continue;
            }
        }
        // "Federal prosecutor X".
        if let Some(h) =
            g.words.word(word).and_then(|w| w.head.as_ref()).filter(|h| h.class == HeadClass::Modifier && i + 1 < end)
        {
            if h.code != "INTL" {
                told.code(&h.code);
            }
            i += 1;
            continue;
        }
        let complement = matches!(word, "to" | "for" | "in") && told.person;
        if g.words.is(word, Mark::Lead) || complement {
            i += 1;
            continue;
        }
        break;
    }
    i
}

/// The longest title that begins at token `i`, with its length in tokens.
pub(crate) fn title_at<'g>(
    t: &Text,
    g: &'g Gazetteer,
    i: usize,
    end: usize,
) -> Option<(usize, &'g super::words::Title)> {
    if !g.words.opens_title(t.at(i)) {
        return None;
    }
    let mut phrase = String::with_capacity(32);
    let mut best = None;
    for n in 1..=LONGEST_TITLE.min(end.saturating_sub(i)) {
        let token = t.tokens.get(i + n - 1)?;
        if !token.word && t.at(i + n - 1) != "'" {
            break;
        }
        if n > 1 {
            phrase.push(' ');
        }
        phrase.push_str(&t.at(i + n - 1).to_lowercase());
        if let Some(title) = g.words.title(&phrase) {
            best = Some((n, title));
        }
    }
    best
}

/// A small word inside a name ("de", "bin", "al").
fn particle(g: &Gazetteer, word: &str) -> bool {
    g.words.is(word, Mark::Particle) || word.starts_with("al-") || word.starts_with("el-")
}

/// What stands before `span` in the same noun phrase, or before a comma ("Iran's foreign minister, X").
pub(crate) fn before(t: &Text, g: &Gazetteer, span: Span) -> Told {
    let end = t.token_at(span.start);
    let mut told = Told::default();
    let stretch = |end: usize| {
        let mut i = end;
        while i > 0 && end - i < 9 {
            let (token, word) = (t.tokens[i - 1], t.at(i - 1));
            let ending = matches!(word, "'" | "’") || (word == "s" && i > 1 && matches!(t.at(i - 2), "'" | "’"));
            let title_word = g.words.in_title(&word.to_lowercase());
            // "White House counsel | X": a noun or two that no title has.
            let noun = end - i < 2 && token.word && !token.capital && word.len() > 3 && !verb_like(g, word);
            let title_word = title_word || noun;
            let allowed = token.word
                && (token.capital
                    || title_word
                    || g.words.is(word, Mark::Lead)
                    || (end > i && matches!(word, "to" | "for")));
            if !(allowed || ending)
                || (token.capital && STARTERS.contains(&word) && !matches!(word, "The" | "A" | "An"))
            {
                break;
            }
            i -= 1;
        }
        i
    };
    let from = stretch(end);
    if from < end {
        read_run(t, g, from, end, &mut told);
    }
    // "NPR's | X": of an outlet or firm that the gazetteer does not know.
    if end > 2 && t.at(end - 1) == "s" && matches!(t.at(end - 2), "'" | "’") && told.code.is_none() {
        let owner = t.tokens.get(end - 3).filter(|k| k.capital && k.word);
        if owner.is_some() && t.hit_at(end - 3).is_none() {
            told.think = true;
        }
    }
    // "the trader | X", "an interpreter, | X".
    let noun = if end > 0 && t.at(end - 1) == "," { end.wrapping_sub(2) } else { end.wrapping_sub(1) };
    if t.tokens.get(noun).is_some_and(|k| k.word && !k.capital && k.span.len() > 3) {
        let word = t.at(noun);
        if !verb_like(g, word) && !g.words.is(word, Mark::Lead) {
            told.epithets.push(word.to_owned());
            if g.words.word(word).is_some_and(|w| w.think) {
                told.think = true;
            }
        }
    }
    if told.offices.is_empty() && end > 1 && t.at(end - 1) == "," {
        let from = stretch(end - 1);
        let mut early = Told::default();
        read_run(t, g, from, end - 1, &mut early);
        // Only a noun phrase that ends in a title is an apposition.
        let last_title =
            (1..=3).any(|n| end > from + n && title_at(t, g, end - 1 - n, end - 1).is_some_and(|(m, _)| m == n));
        if last_title {
            told.or(early);
        }
    }
    told
}

/// Whether a word in small letters is a verb or another word that heads no noun phrase.
fn verb_like(g: &Gazetteer, word: &str) -> bool {
    g.words.word(word).is_some_and(|w| w.speech || w.auxiliary || w.pronoun.is_some())
        || word.ends_with("ed")
        || word.ends_with("ing")
        || word.ends_with("ly")
        || g.words.is(word, Mark::Verb)
}

/// Reads `from..end`, skipping words that tell nothing.
fn read_run(t: &Text, g: &Gazetteer, from: usize, end: usize, told: &mut Told) {
    let mut i = from;
    while i < end {
        i = titles_all(t, g, i, end, told) + 1;
    }
}

/// As [`titles`], but takes a state or office at the very end too.
fn titles_all(t: &Text, g: &Gazetteer, i: usize, end: usize, told: &mut Told) -> usize {
    let next = titles(t, g, i, end, told);
    if next < end {
        let span = Span::new(t.tokens[next].span.start, t.tokens[end - 1].span.end);
        if let Some(hit) = t.hits_in(span).first().filter(|h| h.span.start == span.start) {
            let n = t.range(hit.span).len();
            if let Some((e, form)) = g.best(*hit, None)
                && next + n >= end
                && (form != Form::Surname || hit.possessive)
            {
                told.code(&g.entry(e).code);
                return end;
            }
        }
    }
    next
}

/// What stands after `span`: an apposition, or a party and state in brackets.
pub(crate) fn after(t: &Text, g: &Gazetteer, span: Span) -> Told {
    let mut told = Told::default();
    let i = t.tokens.partition_point(|k| k.span.start < span.end);
    let mark = t.at(i);
    if matches!(mark, "writes" | "write")
        || span.start > 0 && matches!(t.at(t.token_at(span.start).saturating_sub(1)), "writes" | "write")
    {
        told.think = true;
        told.person = true;
        return told;
    }
    if matches!(mark, "of" | "at" | "from" | "with") {
        // "Bruce Riedel of the Brookings Institution".
        let until = (i + 7).min(t.tokens.len());
        let run = (i + 1..until).take_while(|k| {
            t.tokens.get(*k).is_some_and(|k| k.capital) || matches!(t.at(*k), "the" | "of" | "for" | "and")
        });
        let named =
            run.clone().take(3).find_map(|k| t.hit_at(k)).and_then(|h| g.best(h, None)).map(|(e, _)| g.entry(e));
        if run.into_iter().any(|k| g.words.word(t.at(k)).is_some_and(|w| w.think)) {
            told.think = true;
            told.person = true;
            told.code("-");
        } else if let Some(e) = named.filter(|e| mark == "of" && e.kind != ActorType::Person) {
            // "Ayman Safadi of Jordan".
            told.code(&e.code);
        }
        return told;
    }
    if !matches!(mark, "," | "(" | "—" | "–") {
        return told;
    }
    let first = t.at(i + 1);
    let party = matches!(first, "R" | "D" | "I") && matches!(t.at(i + 2), "-" | "–" | "—");
    if party || first.len() > 2 && (first.starts_with("R-") || first.starts_with("D-") || first.starts_with("I-")) {
        told.code("USA");
        told.person = true;
        return told;
    }
    // "Name, 77, a retired clerk": nobody's official.
    let age = first.len() == 2 && first.bytes().all(|b| b.is_ascii_digit()) && matches!(t.at(i + 2), "," | ")");
    if age {
        told.think = true;
        told.person = true;
        told.code("-");
        return told;
    }
    // A byline at the end: "Name, The Outlet".
    let rest = i + 1..t.tokens.len();
    if mark == ","
        && (1..5).contains(&rest.len())
        && rest.clone().all(|k| t.tokens.get(k).is_some_and(|k| k.word && k.capital))
    {
        told.think = true;
        told.person = true;
        told.code("-");
        return told;
    }
    let until = (i + 1..(i + 24).min(t.tokens.len()))
        .find(|k| matches!(t.at(*k), "," | ")" | "—" | "–" | "." | ";" | "”" | "\"" | "“"))
        .unwrap_or((i + 24).min(t.tokens.len()));
    if until <= i + 1 {
        return told;
    }
    let whole = Span::new(t.tokens[i + 1].span.start, t.tokens[until - 1].span.end);
    let opens = matches!(
        first,
        "the"
            | "a"
            | "an"
            | "one"
            | "who"
            | "whose"
            | "former"
            | "then"
            | "head"
            | "chief"
            | "top"
            | "senior"
            | "another"
            | "its"
            | "their"
    ) || title_at(t, g, i + 1, until).is_some()
        || !t.hits_in(Span::new(whole.start, whole.start + 1)).is_empty()
        || t.tokens.get(i + 1).is_some_and(|k| k.capital);
    if !opens {
        return told;
    }
    let mut role = false;
    if matches!(first, "a" | "an" | "the" | "another" | "its" | "their") {
        for k in i + 2..until.min(i + 8) {
            if !t.tokens.get(k).is_some_and(|k| k.word)
                || matches!(t.at(k), "of" | "in" | "from" | "at" | "who" | "for" | "to" | "with" | "on")
            {
                break;
            }
            told.epithets.push(t.at(k).to_lowercase());
        }
    }
    let epithets = told.epithets.clone();
    for k in i + 1..until.min(i + 13) {
        if role && matches!(t.at(k), "who" | "whose" | "that" | "which") {
            break;
        }
        if k == i + 1 && matches!(first, "who" | "whose") {
            continue;
        }
        // A verb of speech before any "who": a clause, not an apposition.
        if g.words.speech(t.at(k)) && !role_before_speech(t, k) {
            return Told::default();
        }
        if let Some((_, title)) = title_at(t, g, k, until) {
            if !role {
                told.epithets.push(t.at(k).to_lowercase());
                told.gender = told.gender.or(title.gender);
                if title.codes.len() == 1 {
                    told.code(&title.codes[0]);
                }
            }
            told.offices.push(title.office.clone());
            role = true;
        }
        let w = g.words.word(t.at(k));
        if w.is_some_and(|w| w.think) {
            told.think = true;
            role = true;
        }
        if w.is_some_and(|w| w.head.as_ref().is_some_and(|h| h.kind == ActorType::Person)) {
            role = true;
        }
        if matches!(t.at(k), "Democrat" | "Republican") {
            told.code("USA");
            role = true;
        }
    }
    if !role {
        return Told { epithets, ..Told::default() };
    }
    told.person = true;
    if told.think {
        told.code("-");
    }
    for hit in t.hits_in(whole) {
        if let Some((e, _)) = g.best(*hit, None) {
            let e = g.entry(e);
            if e.kind != ActorType::Person && e.code != "INTL" {
                told.code(&e.code);
            }
        }
    }
    told
}

/// Whether the verb of speech at `k` belongs to a relative clause ("who said").
fn role_before_speech(t: &Text, k: usize) -> bool {
    k > 0 && matches!(t.at(k - 1), "who" | "that" | "which" | "so-called")
}

/// Where the name proper begins in `span`, after titles; `None` where nothing is left or it is no name.
pub(crate) fn name_in(t: &Text, g: &Gazetteer, span: Span, told: &mut Told) -> Option<Span> {
    let range = t.range(span);
    let mut i = titles(t, g, range.start, range.end, told);
    // What is left is a state or office ("spokesman for the | Foreign Ministry"): no name.
    if i > range.start
        && let Some(k) = t.tokens.get(i)
    {
        let rest = t.hits_in(Span::new(k.span.start, k.span.start + 1)).first();
        if rest.is_some_and(|h| {
            h.span.end >= span.end && !g.uses(*h).iter().any(|u| g.entry(u.0).kind == ActorType::Person)
        }) {
            return None;
        }
    }
    if i >= range.end {
        // "King" or "Judge" alone may be a surname; the last word is tried.
        i = range.end.checked_sub(1)?;
        let alone = range.len() == 1 && t.tokens.get(i).is_some_and(|k| k.capital);
        if !alone {
            return None;
        }
    }
    let first = t.tokens.get(i)?;
    let of = i > range.start && matches!(t.at(i - 1), "of" | "in" | "for" | "to" | "from" | "the" | "at" | "with");
    if !(first.word && (first.capital || particle(g, t.at(i)))) || of {
        return None;
    }
    let mut end = i;
    while end < range.end {
        let (token, word) = (t.tokens[end], t.at(end));
        let dot = word == "." && end + 1 < range.end;
        if token.word && (token.capital || particle(g, word)) || dot {
            end += 1;
            continue;
        }
        break;
    }
    // What is left over must be a possessive ending or an apposition.
    let rest = t.at(end);
    if end < range.end && !matches!(rest, "'" | "’" | "," | "(") {
        return None;
    }
    Some(Span::new(first.span.start, t.tokens.get(end.checked_sub(1)?)?.span.end))
}

/// Names of persons that the gazetteer need not know: runs of capitals with a form of address, a given name or a
/// verb of speech beside them. Returns the spans of the names proper.
pub(crate) fn find(t: &Text, g: &Gazetteer) -> Vec<(Span, Told)> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < t.tokens.len() {
        let token = t.tokens[i];
        if !(token.word && token.capital) {
            i += 1;
            continue;
        }
        let mut end = i;
        while end < t.tokens.len() && end - i < 14 {
            let (k, word) = (t.tokens[end], t.at(end));
            let joins = particle(g, word) && t.tokens.get(end + 1).is_some_and(|n| n.capital) && end > i;
            if k.word && (k.capital || joins) {
                end += 1;
            } else {
                break;
            }
        }
        let mut start = i;
        let opens = i == 0 || t.tokens[i - 1].sentence != token.sentence || matches!(t.at(i - 1), "“" | "\"");
        if opens && STARTERS.contains(&t.at(i)) {
            start += 1;
        }
        if start < end
            && let Some(f) = name_run(t, g, start, end)
        {
            found.push(f);
        }
        i = end.max(i + 1);
    }
    found
}

fn name_run(t: &Text, g: &Gazetteer, start: usize, end: usize) -> Option<(Span, Told)> {
    let mut told = Told::default();
    let i = titles(t, g, start, end, &mut told);
    if i >= end || end - i > 4 {
        return None;
    }
    let mut i = i;
    // Furniture before a known surname ("Advertisement Trump").
    if !told.person && g.words.given(t.at(i)).is_none() && end - i > 1 {
        let last = t.tokens[end - 1].span;
        if t.hits_in(last).iter().any(|h| h.span == last) {
            i = end - 1;
        }
    }
    let span = Span::new(t.tokens[i].span.start, t.tokens[end - 1].span.end);
    // A known name inside decides for itself.
    if t.hits_in(span).iter().any(|h| g.uses(*h).iter().any(|u| u.1 != Form::Surname)) {
        return None;
    }
    let first = t.at(i);
    let given = g.words.given(first);
    let spoken = (end..end + 2).any(|k| g.words.speech(t.at(k))) && !matches!(t.at(end), "," | ".");
    let words = end - i;
    let thing = (i..end).any(|k| {
        let w = t.at(k);
        g.words.word(w).is_some_and(|w| w.head.is_some() || w.think || w.pronoun.is_some())
            || w.len() < 2
            || g.words.is(w, Mark::Thing)
    });
    let beside = told.person && i > start;
    if thing && !beside {
        return None;
    }
    let likely = beside
        || (given.is_some() && words >= 2)
        || (spoken && words >= 2)
        || (words == 2 && {
            let a = after(t, g, span);
            a.person && !a.epithets.is_empty()
        });
    if !likely {
        return None;
    }
    if told.gender.is_none() {
        told.gender = given.flatten();
    }
    Some((span, told))
}
