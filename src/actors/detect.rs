//! Actors by rule, where there is no tagger: known names that are no places or modifiers here, surnames of persons
//! introduced before, and descriptions that are almost certainly actors.

use super::describe;
use super::entry::Form;
use super::gazetteer::Gazetteer;
use super::matcher::Hit;
use super::memory::{Memory, Strength};
use super::mentions::{Cover, Spot, others};
use super::names;
use super::office;
use super::text::{STARTERS, Text};
use super::words::{HeadClass, Mark};
use crate::data::{ActorType, Span};

/// All spots of a text without a tagger, those that are almost certainly actors marked to be reported.
pub(crate) fn detect(t: &Text, g: &Gazetteer, m: &Memory, date: Option<&str>) -> Vec<Spot> {
    let mut spots = Vec::with_capacity(t.hits.len());
    others(t, g, &mut spots);
    for s in &mut spots {
        s.coded = match s.hit {
            Some(hit) => named(t, g, m, hit, date),
            None => true,
        };
    }
    let mut cover = Cover::of(t, &spots);
    shorts(t, g, &mut cover, &mut spots);
    families(t, g, m, &mut cover, &mut spots);
    spots.sort_by_key(|s| (s.span.start, s.span.end));
    let mut phrases = descriptions(t, g, m, &spots, date);
    phrases.extend(titles(t, g));
    phrases.sort_by_key(|s| (s.span.start, std::cmp::Reverse(s.span.end)));
    merge(spots, phrases)
}

/// Phrases and the names outside them; a phrase gives way to a name that reaches beyond it or is the same.
fn merge(names: Vec<Spot>, phrases: Vec<Spot>) -> Vec<Spot> {
    let mut kept: Vec<Spot> = Vec::with_capacity(phrases.len());
    let mut next = names.iter().peekable();
    for p in phrases {
        while next.next_if(|n| n.span.end <= p.span.start).is_some() {}
        let beyond = next
            .clone()
            .take_while(|n| n.span.start < p.span.end)
            .any(|n| !p.span.contains(n.span) || n.span == p.span);
        if !beyond && kept.last().is_none_or(|k| !k.span.overlaps(p.span)) {
            kept.push(p);
        }
    }
    let mut all = Vec::with_capacity(names.len() + kept.len());
    let mut phrase = kept.into_iter().peekable();
    for n in names {
        while let Some(p) = phrase.next_if(|p| p.span.end <= n.span.start) {
            all.push(p);
        }
        if phrase.peek().is_none_or(|p| !p.span.overlaps(n.span)) {
            all.push(n);
        }
    }
    all.extend(phrase);
    all
}

/// Titles that stand for their holder ("the president", "the Russian ambassador").
fn titles(t: &Text, g: &Gazetteer) -> Vec<Spot> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < t.tokens.len() {
        let Some((n, title)) = names::title_at(t, g, i, t.tokens.len()) else {
            i += 1;
            continue;
        };
        let end = i + n;
        let named = t.tokens.get(end).is_some_and(|k| k.capital && k.word && !STARTERS.contains(&t.at(end)));
        let more = names::title_at(t, g, end, t.tokens.len()).is_some() || t.at(end) == "-";
        let mut from = i;
        while from > 0 && i - from < 3 && t.hit_at(from - 1).is_some() {
            from -= 1;
        }
        let article = from > 0 && matches!(t.at(from - 1), "the" | "The");
        let appositive = t.at(end) == "," && t.tokens.get(end + 1).is_some_and(|k| k.capital);
        if article
            && !named
            && !more
            && !appositive
            && !office::vague(&title.office)
            && let (Some(a), Some(b)) = (t.tokens.get(from - 1), t.tokens.get(end - 1))
        {
            let span = Span::new(a.span.start, b.span.end);
            found.push(Spot { coded: true, kind: Some((ActorType::Person, 0.5)), ..Spot::own(span) });
        }
        i = end;
    }
    found
}

/// Whether a known name stands for an actor here.
fn named(t: &Text, g: &Gazetteer, m: &Memory, hit: Hit, date: Option<&str>) -> bool {
    let Some((e, form)) = g.best(hit, date) else { return false };
    let entry = g.entry(e);
    if hit.hyphen || part_of_name(t, g, hit) {
        return false;
    }
    let after = t.tokens.partition_point(|k| k.span.start < hit.span.end);
    match form {
        Form::Surname if modifies(t, g, hit, after) => false,
        Form::Surname => {
            let word = hit.span.of(t.text);
            let near = date.is_some_and(|d| entry.distance(d) <= 4) || m.of_family(word).is_some();
            near && g.words.given(word).is_none() && !(starts(t, hit) && g.words.is(word, Mark::Common))
        }
        Form::Adjective => false,
        Form::People => !modifies(t, g, hit, after),
        _ if entry.kind == ActorType::Person => !modifies(t, g, hit, after),
        _ if entry.kind == ActorType::Org => !modifies(t, g, hit, after) && !cited(t, hit),
        Form::Capital => !located(t, g, hit) && !modifies(t, g, hit, after) && acts(t, g, hit, after),
        _ => !(modifies(t, g, hit, after) || entry.kind == ActorType::State && located(t, g, hit)),
    }
}

/// Whether a known name is so certainly an actor that it is added to what a tagger found: it speaks.
pub(crate) fn sure(t: &Text, g: &Gazetteer, m: &Memory, hit: Hit, date: Option<&str>) -> bool {
    let full = g.best(hit, date).is_some_and(|(e, form)| {
        matches!(form, Form::Name | Form::Alias)
            && matches!(g.entry(e).kind, ActorType::State | ActorType::Person | ActorType::Body)
    });
    full && super::mentions::role(t, g, t.range(hit.span)).1 && named(t, g, m, hit, date)
}

fn starts(t: &Text, hit: Hit) -> bool {
    let i = t.token_at(hit.span.start);
    i == 0 || t.tokens.get(i - 1).zip(t.tokens.get(i)).is_none_or(|(a, b)| a.sentence != b.sentence)
}

/// Whether capitals beside it make it part of a longer name ("Jim Jordan", "Washington Post").
fn part_of_name(t: &Text, g: &Gazetteer, hit: Hit) -> bool {
    let i = t.token_at(hit.span.start);
    let after = t.tokens.partition_point(|k| k.span.start < hit.span.end);
    let follows = g.words.is(t.at(after), Mark::Outlet);
    let first_name =
        i > 0 && t.tokens.get(i - 1).is_some_and(|k| k.capital && k.word && k.span.end + 1 == hit.span.start) && {
            let w = t.at(i - 1);
            w.len() == 2 && w.ends_with('.') || w == "New" && !matches!(hit.span.of(t.text), "Delhi")
        };
    follows || first_name
}

/// Whether the name only modifies what follows ("Iran deal", "U.S. sanctions").
fn modifies(t: &Text, g: &Gazetteer, hit: Hit, after: usize) -> bool {
    if hit.possessive {
        return false;
    }
    let Some(next) = t.tokens.get(after) else { return false };
    let gap = next.span.start.saturating_sub(hit.span.end);
    let word = t.at(after);
    if !next.word || gap != 1 {
        return word == "-";
    }
    if next.capital {
        return !STARTERS.contains(&word);
    }
    if g.words.is(word, Mark::Function) || word.ends_with("ly") {
        return false;
    }
    if g.words.word(word).is_some_and(|w| w.speech || w.auxiliary || w.pronoun.is_some()) {
        return false;
    }
    // "U.S." and "EU" are adjectives as often as not; after them only a sure verb counts.
    let acronym = !hit.span.of(t.text).chars().any(char::is_lowercase);
    if acronym {
        return !word.ends_with("ed");
    }
    let verb = word.ends_with("ed")
        || (word.ends_with('s') && !word.ends_with("ss") && !plural_noun(g, word))
        || word.ends_with("ing");
    !verb
}

fn plural_noun(g: &Gazetteer, word: &str) -> bool {
    g.words.head(word).is_some() || g.words.is(word, Mark::Noun)
}

/// Whether the name is where something happens ("in Vienna").
fn located(t: &Text, g: &Gazetteer, hit: Hit) -> bool {
    let i = t.token_at(hit.span.start);
    let before = |n: usize| if i >= n { t.at(i - n) } else { "" };
    let travel = |w: &str| g.words.is(w, Mark::Travel);
    if matches!(before(1), "to" | "from") && (travel(before(2)) || travel(before(3)))
        || (before(1) == "of" && before(2) == "out")
    {
        return true;
    }
    // "Krun, Germany,".
    let town =
        before(1) == "," && i >= 2 && t.tokens.get(i - 2).is_some_and(|k| k.capital && t.hit_at(i - 2).is_none());
    if town && matches!(t.at(t.tokens.partition_point(|k| k.span.start < hit.span.end)), "," | "." | "(" | ")") {
        return true;
    }
    let place = |w: &str| g.words.is(w, Mark::Place);
    place(before(1)) || (before(1) == "the" && place(before(2)))
}

/// Whether the name is the subject of a verb or has something ("Tehran said", "Moscow's envoy").
fn acts(t: &Text, g: &Gazetteer, hit: Hit, after: usize) -> bool {
    let word = t.at(after);
    let i = t.token_at(hit.span.start);
    hit.possessive
        || g.words.word(word).is_some_and(|w| w.speech || w.auxiliary)
        || (word.ends_with("ed") || word.ends_with('s')) && word.len() > 3 && !plural_noun(g, word)
        || i > 0
            && matches!(
                t.at(i - 1),
                "by" | "with" | "against" | "on" | "that" | "and" | "between" | "pressure" | "urged" | "told"
            )
        || word == "to" && t.tokens.get(after + 1).is_some_and(|k| k.word && !k.capital)
}

/// Whether an outlet is only the source ("told CNN").
fn cited(t: &Text, hit: Hit) -> bool {
    let i = t.token_at(hit.span.start);
    i > 0 && matches!(t.at(i - 1), "told" | "to" | "by" | "with")
}

/// Short names with their article ("the North", "the House").
fn shorts(t: &Text, g: &Gazetteer, cover: &mut Cover, spots: &mut Vec<Spot>) {
    let korea = |h: &Hit| g.uses(*h).iter().any(|u| matches!(g.entry(u.0).code.as_str(), "PRK" | "KOR"));
    let peninsula = t.hits.iter().any(korea);
    for i in 1..t.tokens.len() {
        let next = t.tokens.get(i + 1).is_some_and(|n| n.capital && n.word && !STARTERS.contains(&t.at(i + 1)));
        let Some(k) = t.tokens.get(i).filter(|k| k.capital && !next) else { continue };
        let Some(code) = g.words.short(t.at(i)).first().filter(|_| matches!(t.at(i - 1), "the" | "The")) else {
            continue;
        };
        let told = !matches!(code.as_str(), "PRK" | "KOR") || peninsula;
        let from = t.tokens.get(i - 1).map_or(k.span.start, |a| a.span.start);
        let span = Span::new(from, k.span.end);
        if told && cover.take(t, span) {
            spots.push(Spot { coded: true, ..Spot::own(span) });
        }
    }
}

/// Surnames of persons introduced before.
fn families(t: &Text, g: &Gazetteer, m: &Memory, cover: &mut Cover, spots: &mut Vec<Spot>) {
    // Family names of this very text, with the place where they were first given.
    let mut here: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for s in spots.iter() {
        let words = t.range(s.span);
        if words.len() > 1 {
            here.entry(t.at(words.end - 1)).or_insert(s.span.end);
        }
    }
    for (i, k) in t.tokens.iter().enumerate() {
        if !(k.word && k.capital) || cover.has(i) || k.span.len() < 3 {
            continue;
        }
        let word = t.at(i);
        let before = here.get(word).is_some_and(|end| *end < k.span.start);
        let next_name = t.tokens.get(i + 1).is_some_and(|n| n.capital && n.word);
        let given = g.words.given(word).is_some() && !before;
        if (before || m.of_family(word).is_some())
            && !next_name
            && !given
            && !STARTERS.contains(&word)
            && cover.take(t, k.span)
        {
            spots.push(Spot { coded: true, kind: Some((ActorType::Person, 0.5)), ..Spot::own(k.span) });
        }
    }
}

/// Descriptions with a name in them ("Iranian officials"), and the few that always are actors ("lawmakers").
fn descriptions(t: &Text, g: &Gazetteer, m: &Memory, names: &[Spot], date: Option<&str>) -> Vec<Spot> {
    let mut found = Vec::new();
    for (i, k) in t.tokens.iter().enumerate() {
        if !k.word {
            continue;
        }
        let word = t.at(i);
        let Some(head) = g.words.head(word).filter(|h| h.class != HeadClass::Plain) else { continue };
        let mut from = i;
        while from > 0 && i - from < 6 && premodifier(t, g, from - 1) {
            from -= 1;
        }
        // Names that begin further left belong to the phrase whole.
        let mut span = Span::new(t.tokens[from].span.start, k.span.end);
        if let Some(h) = t.hit_at(from).filter(|h| h.span.start < span.start) {
            span.start = h.span.start;
        }
        let mut tail = i + 1;
        if t.tokens.get(tail).is_some_and(|n| n.word && n.span.start == k.span.end + 1)
            && !matches!(head.class, HeadClass::Many)
        {
            let word = t.at(tail);
            let plain = t.tokens.get(tail).is_some_and(|n| !n.capital);
            let goes_on = g.words.is(word, Mark::Function)
                || word.ends_with("ly")
                || word.ends_with("ed")
                || g.words.word(word).is_some_and(|w| w.speech || w.auxiliary || w.pronoun.is_some())
                || head.kind == ActorType::Group
                || (word.ends_with('s') && !plural_noun(g, word));
            if plain && !goes_on {
                tail = usize::MAX;
            }
        }
        if tail == usize::MAX {
            continue;
        }
        let article = from > 0 && matches!(t.at(from - 1), "the" | "The");
        let named = t.hits_in(span).iter().any(|h| h.span.end <= k.span.start || h.span == k.span);
        let certain =
            g.words.is(word, Mark::Certain) || article && from == i && matches!(word, "government" | "regime");
        let powers = head.class == HeadClass::Many && word == "powers";
        if !(named || certain || powers) {
            continue;
        }
        let whole = names.iter().any(|s| s.hit.is_some() && s.span == span);
        if whole || !certain && describe::code(t, g, m, span, head.kind, date).strength == Strength::Guess {
            continue;
        }
        found.push(Spot { coded: true, kind: Some((head.kind, 0.5)), ..Spot::own(span) });
    }
    found
}

/// Whether token `i` may stand before a head noun inside its phrase.
fn premodifier(t: &Text, g: &Gazetteer, i: usize) -> bool {
    let Some(k) = t.tokens.get(i) else { return false };
    let word = t.at(i);
    if !k.word {
        return false;
    }
    let hit = t.hit_at(i).is_some_and(|h| !h.hyphen && !h.possessive);
    hit || g.words.is(word, Mark::Premodifier)
        || g.words.word(word).is_some_and(|w| w.head.as_ref().is_some_and(|h| h.class == HeadClass::Modifier))
}
