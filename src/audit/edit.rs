//! Words put in the place of others, and where everything else went.

use crate::data::Span;

/// An edited text, and how its bytes moved.
pub(crate) struct Edited {
    pub text: String,
    /// Old span, new span.
    moves: Vec<(Span, Span)>,
}

impl Edited {
    /// `text` with each span, in order and apart, put as the word beside it.
    pub fn new(text: &str, words: impl IntoIterator<Item = (Span, impl AsRef<str>)>) -> Self {
        let (mut out, mut last, mut moves) = (String::with_capacity(text.len()), 0, Vec::new());
        for (span, word) in words {
            out.push_str(&text[last..span.start]);
            let at = out.len();
            out.push_str(word.as_ref());
            moves.push((span, Span::new(at, out.len())));
            last = span.end;
        }
        out.push_str(&text[last..]);
        Edited { text: out, moves }
    }

    /// Where an old span lies now; one that cuts a changed word takes in the whole of it.
    pub fn span(&self, old: Span) -> Span {
        Span::new(self.at(old.start, false), self.at(old.end, true))
    }

    fn at(&self, i: usize, end: bool) -> usize {
        let (mut from, mut to) = (0, 0);
        for (old, new) in &self.moves {
            if i <= old.start {
                break;
            }
            if i < old.end {
                return if end { new.end } else { new.start };
            }
            (from, to) = (old.end, new.end);
        }
        to + (i - from)
    }
}
