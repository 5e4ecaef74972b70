//! From text to blocks (runs of lines), and from blocks to pieces: lines that are furniture by themselves leave the
//! block they are glued to.

use super::{marks, shape};
use crate::data::{ParagraphKind, Span};

/// A block, or a line that was taken off one.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub span: Span,
    /// What it is, once that is told.
    pub kind: Option<ParagraphKind>,
    /// Whether it stands right under the address of an image, with no blank line between.
    pub under_image: bool,
    /// Whether it is several lines, each with a heading's form: a list of other pages, of names.
    pub listed: bool,
}

/// The blocks of `text`, each as the spans of its lines: without white space around them, none empty.
pub(super) fn split(text: &str) -> Vec<Vec<Span>> {
    let mut blocks: Vec<Vec<Span>> = Vec::new();
    let (mut gap, mut gaps) = (true, false);
    for line in lines(text) {
        let span = shape::trim(text, line);
        if span.is_empty() {
            gap = true;
        } else if gap || blocks.is_empty() {
            gaps |= !blocks.is_empty();
            blocks.push(vec![span]);
            gap = false;
        } else if let Some(block) = blocks.last_mut() {
            block.push(span);
        }
    }
    match gaps {
        true => blocks,
        false => blocks.into_iter().flatten().map(|line| vec![line]).collect(),
    }
}

/// The lines of `text` with their ends left out: LF, CR, CRLF, form feed, and Unicode's line and paragraph separators.
fn lines(text: &str) -> impl Iterator<Item = Span> {
    let ends =
        text.char_indices().filter(|(_, c)| matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}'));
    let mut start = 0;
    // CRLF would give an empty line of its own, which is a blank line that is not there.
    let mut after_cr = None;
    ends.map(|(at, c)| (at, Some(c))).chain(std::iter::once((text.len(), None))).filter_map(move |(at, end)| {
        let glued = end == Some('\n') && after_cr == Some(at);
        let line = Span::new(start, at);
        start = at + end.map_or(0, char::len_utf8);
        after_cr = (end == Some('\r')).then_some(start);
        (!glued).then_some(line)
    })
}

/// From the first line's start to the last line's end.
pub(super) fn cover(lines: &[Span]) -> Span {
    match (lines.first(), lines.last()) {
        (Some(first), Some(last)) => Span::new(first.start, last.end),
        _ => Span::new(0, 0),
    }
}

/// The pieces of an article's blocks, with what they are where their own form tells it.
pub(super) fn pieces(text: &str, blocks: &[Vec<Span>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut blocks = blocks;
    if let Some((matter, rest)) = front_matter(text, blocks) {
        pieces.push(Piece { span: matter, kind: Some(ParagraphKind::Furniture), under_image: false, listed: false });
        blocks = rest;
    }
    for (i, block) in blocks.iter().enumerate() {
        unglue(text, block, i + 1 == blocks.len(), &mut pieces);
    }
    pieces
}

/// Markdown's front matter: everything from a first line `---` to the next.
fn front_matter<'b>(text: &str, blocks: &'b [Vec<Span>]) -> Option<(Span, &'b [Vec<Span>])> {
    let rule = |line: &Span| line.of(text) == "---";
    let first = blocks.first()?;
    let close = blocks.iter().position(|b| b.last().is_some_and(rule) && cover(b) != cover(&first[..1]))?;
    let field = blocks.iter().flatten().nth(1).is_some_and(|line| line.of(text).contains(':'));
    (rule(first.first()?) && field)
        .then(|| (Span::new(cover(first).start, cover(&blocks[close]).end), &blocks[close + 1..]))
}

/// Takes lines that are furniture by themselves off the head and the tail of a block; what is left stays one piece.
fn unglue(text: &str, block: &[Span], last: bool, pieces: &mut Vec<Piece>) {
    let mut rest = block;
    let mut image = false;
    // A contact block: its label on the first line, then names, numbers and addresses.
    if block.len() > 1
        && marks::is_label(block[0].of(text))
        && block.iter().all(|line| !shape::ends_sentence(line.of(text)))
    {
        pieces.push(Piece {
            span: cover(block),
            kind: Some(ParagraphKind::Furniture),
            under_image: false,
            listed: false,
        });
        return;
    }
    while let [line, below @ ..] = rest {
        if below.is_empty() {
            break;
        }
        let kind =
            marks::of_line(line.of(text)).or_else(|| is_title_line(text, rest).then_some(ParagraphKind::Headline));
        let Some(kind) = kind else { break };
        image |= kind == ParagraphKind::Link;
        // A headline by its shape is left for the rules of place, which know what follows.
        let kind = Some(kind).filter(|k| *k != ParagraphKind::Headline || shape::has_heading_mark(line.of(text)));
        pieces.push(Piece { span: *line, kind, under_image: false, listed: false });
        rest = below;
    }
    let mut tail = Vec::new();
    while let [above @ .., line] = rest {
        let kind = if above.is_empty() { None } else { marks::of_line(line.of(text)) };
        if kind.is_none() {
            break;
        }
        tail.push(Piece { span: *line, kind, under_image: false, listed: false });
        rest = above;
    }
    let span = cover(rest);
    let kind = match rest {
        [line] => marks::of_line(line.of(text)).or_else(|| marks::caption(line.of(text), last)),
        _ => marks::of_block(span.of(text), last),
    };
    let listed = rest.len() > 1 && rest.iter().all(|line| shape::is_heading(line.of(text)));
    pieces.push(Piece { span, kind, under_image: image, listed });
    pieces.extend(tail.into_iter().rev());
}

/// Whether a block's first line is a title set on the text below it: it has a heading's form, and is so short that
/// wrapping would have drawn the next word up.
fn is_title_line(text: &str, block: &[Span]) -> bool {
    let [first, second, ..] = block else { return false };
    let (line, below) = (first.of(text), second.of(text));
    let width = block.iter().map(|l| l.of(text).chars().count()).max().unwrap_or(0);
    let word = below.split_whitespace().next().map_or(0, |w| w.chars().count());
    let short = (line.chars().count() + 1 + word) * 5 < width * 4;
    let fresh = below.chars().find(|c| c.is_alphanumeric()).is_some_and(|c| !c.is_lowercase());
    shape::has_heading_mark(line) || shape::is_heading(line) && (marks::of_line(below).is_some() || (short && fresh))
}
