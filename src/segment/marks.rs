//! Furniture that its own form tells, wherever it stands: the patterns of `marks.txt`, and the few rules that no pattern
//! says.

use super::{agencies, dateline, shape};
use crate::data::ParagraphKind;
use regex::{Regex, RegexSet};
use std::sync::LazyLock;

/// Longest line or block that is looked at, in bytes; what is longer is running text, or an address.
const LONGEST: usize = 2000;
/// Longest byline, in words.
const BYLINE_WORDS: usize = 16;
/// Longest caption that only an agency in brackets tells, in words.
const SIGNED_WORDS: usize = 30;
/// Words of a byline that are not capitalised.
const BYLINE_LINKS: &str = "in for with of the at to from and by reporting additional editing writing edited written \
                            compiled translated translation de da del der van von al el bin la le";

/// The sections of `marks.txt`.
static MARKS: LazyLock<Vec<Section>> = LazyLock::new(|| sections(include_str!("marks.txt")));

struct Section {
    name: &'static str,
    most_words: usize,
    patterns: RegexSet,
}

fn sections(file: &'static str) -> Vec<Section> {
    let agency = format!("(?:{})", agencies::pattern());
    let signed = format!(r"{agency}(?:\s(?i:photos?|images?|pictures|pool|file|news agency))?");
    let mut found: Vec<(&str, usize, Vec<String>)> = Vec::new();
    for line in file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let head = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')).and_then(|l| l.split_once(' '));
        match head.and_then(|(name, words)| Some((name, words.parse().ok()?))) {
            Some((name, words)) => found.push((name, words, Vec::new())),
            None => {
                if let Some((_, _, patterns)) = found.last_mut() {
                    patterns.push(line.replace("{agency}", &agency).replace("{signed}", &signed));
                }
            }
        }
    }
    let compile = |patterns| RegexSet::new(patterns).expect("marks.txt has valid patterns");
    found.into_iter().map(|(name, most_words, p)| Section { name, most_words, patterns: compile(p) }).collect()
}

/// Whether a section of `marks.txt` claims a block.
fn is_marked(section: &str, block: &str) -> bool {
    let words = shape::words(block);
    let bare = block.trim_matches(|c: char| !c.is_alphanumeric());
    let claims = |set: &RegexSet| set.is_match(block) || (bare.len() < block.len() && set.is_match(bare));
    MARKS.iter().any(|s| s.name == section && words <= s.most_words && claims(&s.patterns))
}

/// What a single line is by itself: sure enough to take it off the block it stands in.
pub(super) fn of_line(line: &str) -> Option<ParagraphKind> {
    if !line.contains(char::is_alphanumeric) {
        return Some(ParagraphKind::Furniture);
    }
    if is_address(line) {
        Some(ParagraphKind::Link)
    } else if shape::has_heading_mark(line) {
        Some(ParagraphKind::Headline)
    } else if line.len() > LONGEST {
        None
    } else if dateline::is_line(line) {
        Some(ParagraphKind::Dateline)
    } else if is_byline(line) {
        Some(ParagraphKind::Byline)
    } else if is_furniture(line) {
        Some(ParagraphKind::Furniture)
    } else {
        None
    }
}

/// What a whole block is by itself; `last` says that it is the article's last.
pub(super) fn of_block(block: &str, last: bool) -> Option<ParagraphKind> {
    if block.len() > LONGEST {
        None
    } else if is_byline(block) {
        Some(ParagraphKind::Byline)
    } else if is_furniture(block) {
        Some(ParagraphKind::Furniture)
    } else {
        caption(block, last)
    }
}

/// A caption, by its photo credit.
pub(super) fn caption(block: &str, last: bool) -> Option<ParagraphKind> {
    (block.len() <= LONGEST && is_caption(block, last)).then_some(ParagraphKind::Caption)
}

/// The word "by" that some pages leave on a line of its own.
pub(super) fn is_bare_by(line: &str) -> bool {
    line.trim_end_matches(':').eq_ignore_ascii_case("by")
}

/// Whether it is a label with nothing behind it, which heads a block of contacts: "Contact:", "Press contacts".
pub(super) fn is_label(line: &str) -> bool {
    is_marked("contact", line) || line.ends_with([':', '：']) && is_marked("label", line)
}

/// An address and nothing else: a page's, an image's, or Markdown's image or link around one.
fn is_address(line: &str) -> bool {
    const ADDRESS: &str = concat!(
        r"(?i)^(?:[-*]\s+)?(?:",
        r"<?(?:https?://|www\.)\S+>?",
        r"|\S+\.(?:jpe?g|png|gif|webp|svg|avif|tiff?|bmp)(?:\?\S*)?",
        r"|!\[[^\]]*\]\([^)]*\)",
        r"|\[[^\]]*\]\(\s*(?:https?:|/|#)[^)]*\)",
        r"|\[!\[[^\]]*\]\([^)]*\)\]\([^)]*\)",
        r")$"
    );
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| Regex::new(ADDRESS).expect("a constant pattern"));
    PATTERN.is_match(line)
}

fn is_caption(block: &str, last: bool) -> bool {
    static SIGNED: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = format!(r"[(\[](?:{})(?:\s(?i:photos?|images?|file))?[)\]]$", agencies::pattern());
        Regex::new(&pattern).expect("a constant pattern")
    });
    // "(Reuters)" alone signs captions, but closes articles too.
    is_marked("caption", block) || (!last && shape::words(block) <= SIGNED_WORDS && SIGNED.is_match(block))
}

/// Who wrote or edited it: "By Jane Doe", "Jane Doe, Staff writer", "Reporting by Jane Doe; editing by John Roe".
fn is_byline(line: &str) -> bool {
    const ROLE: &str =
        r"(?i)\b(?:writer|reporter|correspondent|editor|columnist|contributor|journalist|bureau chief|staff)s?\b";
    const CREDITS: &str =
        r"(?i)^\(?(?:additional\s+)?(?:reporting|writing|edit(?:ing|ed)|written|compiled|translat(?:ed|ion))\s+by\b";
    static PATTERNS: LazyLock<[Regex; 2]> =
        LazyLock::new(|| [ROLE, CREDITS].map(|p| Regex::new(p).expect("a constant pattern")));
    let [role, credits] = &*PATTERNS;
    if is_bare_by(line) || is_marked("byline", line) {
        return true;
    }
    let links: Vec<&str> = BYLINE_LINKS.split(' ').collect();
    if credits.is_match(line) {
        return shape::all_names(line.trim_end_matches(['.', ')']), &links);
    }
    if shape::words(line) > BYLINE_WORDS || shape::ends_sentence(line) {
        return false;
    }
    // The name ends at a comma, bar or dash; behind it stand roles, outlets and dates.
    let (name, after) = match line.find([',', '|', '·', '•', '–', '—', '(']).or_else(|| line.find(" - ")) {
        Some(at) => (line[..at].trim(), &line[at..]),
        None => (line, ""),
    };
    match name.split_once([' ', ':']).filter(|(by, _)| by.eq_ignore_ascii_case("by")) {
        Some((_, who)) => shape::all_names(who, &links),
        None => shape::is_name(name) && role.is_match(after),
    }
}

/// Buttons, calls to subscribe, references to other pages, rights, contacts, and the marks of press releases.
fn is_furniture(line: &str) -> bool {
    is_marked("furniture", line)
        || is_marked("label", line)
        || (!shape::ends_sentence(line) && is_marked("reach", line))
}
