//! Datelines: a line of place and date, and the place, date and agency at the head of a paragraph.

use super::agencies;
use regex::Regex;
use std::sync::LazyLock;

/// Longest head of a paragraph that is looked at, in characters.
const HEAD: usize = 120;
/// Most words of a line that is a date line.
const LINE_WORDS: usize = 18;
/// Characters of a place, and of the state or country behind it, on a line of their own.
const PLACE_CHARS: std::ops::RangeInclusive<usize> = 3..=31;

/// Month names and their usual abbreviations, and days of the week.
const MONTH: &str = "(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?\
    |Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\\.?";
const WEEKDAY: &str = "(?:Mon|Tues?|Wed(?:nes)?|Thur?s?|Fri|Sat(?:ur)?|Sun)(?:day|\\.)?";
/// A day with its month, with or without the year, or a date in figures.
static DATE: LazyLock<String> = LazyLock::new(|| {
    format!(
        r"(?:(?:{WEEKDAY},?\s+)?(?:{MONTH}\s+[0-9]{{1,2}}(?:st|nd|rd|th)?(?:,?\s+[0-9]{{4}})?|[0-9]{{1,2}}(?:st|nd|rd|th)?\.?\s+(?:of\s+)?{MONTH}(?:,?\s+[0-9]{{4}})?|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|[0-9]{{1,2}}[./][0-9]{{1,2}}[./][0-9]{{2,4}}))"
    )
});
/// A place: capitalised words, with a state or country after commas, or several places with strokes between.
const PLACE: &str = r"\p{Lu}[\p{L}\p{M}.'’-]*(?:(?:\s|,\s|/|\s/\s)(?:de\s|of\s|the\s|al-)?\p{Lu}[\p{L}\p{M}.'’-]*)*";
const CAPITALS: &str = r"\p{Lu}[\p{Lu}\p{M}.'’-]{2,}(?:(?:\s|/|\s/\s)\p{Lu}[\p{Lu}\p{M}.'’-]*){0,3}(?:,\s\p{Lu}[\p{L}\p{M}.]*(?:\s\p{Lu}[\p{L}\p{M}.]*)?)?";
const DASH: &str = r"(?:\s*(?:--+|[—–―])\s*|\s+-\s+)";

/// The forms that a date or an agency makes certain, wherever they stand.
static CERTAIN: LazyLock<Regex> = LazyLock::new(|| {
    let date = &*DATE;
    let agency = format!(r"(?:{})(?:\s[\p{{L}}.]+)?", agencies::pattern());
    let end = format!(r"(?:{DASH}|:\s+)");
    let after = [
        // GENEVA, March 3 (NPI) --   May 25 (UPI) --   a date before it makes an agency of any name.
        format!(r"{date}[.,]?\s*\([^()]{{2,30}}\){end}"),
        // Tehran (IRNA) –   (Reuters) -
        format!(r"\({agency}\){end}"),
        // MOSCOW, May 25. /TASS/.
        format!(r"(?:{date}[.,]?\s*)?/{agency}/(?:\.?\s*{end}|\.?\s+)"),
    ]
    .join("|");
    let placed = [
        // Brussels, 3 March 2020 –   MOSCOW, May 25, Interfax –
        format!(r",?\s+(?:{after}|{date}(?:,?\s+{agency})?{end})"),
        // Tehran, IRNA –
        format!(r",\s+{agency}{DASH}"),
    ]
    .join("|");
    // The place once and not in every form: its letters are the costly part of the automaton. Last: March 3, 2020 –
    compile(&format!("^(?:{PLACE}(?:{placed})|{after}|{date}{DASH})"))
});
/// A place in capitals alone, which only the first paragraph may have: WASHINGTON — . Not with a colon, which as often
/// follows one who speaks.
static BARE: LazyLock<Regex> = LazyLock::new(|| compile(&format!(r"^{CAPITALS}(?:\s+\([^()]{{2,30}}\))?{DASH}")));
/// A place signed by an agency without a dash, which only the first paragraph may have: Washington (CNN) .
static SIGNED: LazyLock<Regex> = LazyLock::new(|| {
    let (agency, date) = (agencies::pattern(), &*DATE);
    compile(&format!(r"^(?:{PLACE},?\s*)?(?:{date}[.,]?\s*)?\((?:{agency})\)\s*"))
});

fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern")
}

/// How many bytes at the head of a paragraph are its dateline, white space behind it included. What follows must begin
/// a sentence. `first`: it is the article's first paragraph of running text, where the looser forms count too.
pub(super) fn length(paragraph: &str, first: bool) -> usize {
    let head = head(paragraph);
    let certain = CERTAIN.find(head).map(|m| m.end());
    let loose = || bare(head).or_else(|| SIGNED.find(head).map(|m| m.end()));
    let end = certain.or_else(|| first.then(loose).flatten());
    end.filter(|end| begins(&paragraph[*end..])).unwrap_or(0)
}

/// Whether a paragraph is headed by capitals and a dash. Where several are, they are entries of a list, not datelines.
pub(super) fn has_label(paragraph: &str) -> bool {
    BARE.is_match(head(paragraph))
}

fn bare(head: &str) -> Option<usize> {
    BARE.find(head).filter(|m| !is_body_or_speaker(m.as_str())).map(|m| m.end())
}

fn head(paragraph: &str) -> &str {
    paragraph.char_indices().nth(HEAD).map_or(paragraph, |(end, _)| &paragraph[..end])
}

fn begins(rest: &str) -> bool {
    let mut chars = rest.trim_start_matches(['"', '\'', '“', '‘', '«', '„', '(', '[']).chars();
    chars.next().is_some_and(|c| c.is_alphanumeric() && !c.is_lowercase())
}

/// Whether capitals at the head of a paragraph are an international body ("NATO — …") or one who speaks
/// ("MR. PRICE — …"), not a place.
fn is_body_or_speaker(head: &str) -> bool {
    const BODIES: &str = "AFRICAN UNION|ASEAN|BRICS|CARICOM|CSTO|EAEU|ECOWAS|EUROPEAN UNION|GCC|IAEA|ICC|IMF|NATO|OAS|\
                          OFAC|OIC|OPEC|OSCE|SADC|UNICEF|UNSC|WHO";
    const SPEAKERS: &str = "MR|MRS|MS|DR|SEN|REP|GEN|SECRETARY|PRESIDENT|QUESTION|ANSWER|MODERATOR|MINISTER|AMBASSADOR";
    let name = head.trim_end_matches(|c: char| !c.is_alphanumeric());
    let word = name.split(|c: char| !c.is_alphabetic()).next().unwrap_or(name);
    BODIES.split('|').any(|body| body == name) || SPEAKERS.split('|').any(|speaker| speaker == word)
}

/// Whether a line is nothing but places, dates, times and the words around them, with a date or a time at least, or a
/// place as datelines write it: OTTAWA, Ontario.
pub(super) fn is_line(line: &str) -> bool {
    static DATED: LazyLock<Regex> =
        LazyLock::new(|| compile(&format!(r"(?i)(?:^|[\s(,|:·•/–—-])(?:{}|\d{{1,2}}[:.]\d{{2}}(?:\W|$))", *DATE)));
    static PLACED: LazyLock<Regex> = LazyLock::new(|| compile(r"^\p{Lu}[\p{Lu} .'’-]+,\s\p{Lu}[\p{L}. ]+$"));
    static PART: LazyLock<Regex> = LazyLock::new(|| {
        let time = r"\d{1,2}[:.h]\d{2}(?::\d{2})?(?:[ap]\.?m\.?)?";
        let figures = r"\d{1,4}(?:st|nd|rd|th)?|\d{4}-\d{2}-\d{2}\S*|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d+-min";
        let zone = "[ap]\\.?m\\.?|[ECMP]?[SD]?T|GMT|UTC|BST|CES?T|MSK|IST|JST|KST|EES?T|EAT|AES?T";
        let words = "of|on|at|in|the|local|time|hrs?|hours?|minutes?|mins?|ago|read|published|updated|posted|modified|\
                     issued|released|created|last|first|date|dated|as";
        compile(&format!(r"(?i)^(?:{MONTH}|{WEEKDAY}|{time}|{figures}|{zone}|{words})$"))
    });
    if line.split_whitespace().count() > LINE_WORDS {
        return false;
    }
    if !DATED.is_match(line) {
        let fits = |part: &str| PLACE_CHARS.contains(&part.trim_start().chars().count());
        return line.split_whitespace().count() <= 5 && line.split(',').all(fits) && PLACED.is_match(line);
    }
    // Places stand before the date, where a line begins.
    let (mut places, mut dated) = (0, false);
    let place = |word: &str| {
        word.starts_with(char::is_uppercase) && word.chars().all(|c| c.is_alphabetic() || "'’.-/".contains(c))
    };
    line.split(|c: char| c.is_whitespace() || ",|()[]·•;–—".contains(c)).filter(|w| !w.is_empty()).all(|word| {
        let word = word.trim_end_matches(['.', ':']);
        let part = !word.contains(char::is_alphanumeric) || PART.is_match(word);
        dated |= part && word.contains(|c: char| c.is_ascii_digit());
        places += usize::from(!part);
        part || (!dated && places <= 4 && place(word))
    })
}
