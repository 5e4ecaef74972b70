//! What the encoder reads: `[CLS] title [SEP] context [SEP] paragraph [SEP]`. The title's first and the context's last
//! tokens are enough to know who "he" is; a long paragraph is read in overlapping windows, never cut.

use super::config::Kind;
use crate::data::Span;
use crate::error::{Error, Result};
use tokenizers::Tokenizer;

/// How much of each part is read, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Lengths {
    /// First tokens of the title.
    pub title: usize,
    /// Last tokens of the context.
    pub context: usize,
    /// Tokens of one window of the paragraph.
    pub paragraph: usize,
}

/// One sequence for the encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Token ids, special ones included.
    pub ids: Vec<u32>,
    /// Where the paragraph's tokens begin in `ids`.
    pub start: usize,
    /// Bytes of each paragraph token in the paragraph's text.
    pub offsets: Vec<Span>,
}

impl Input {
    /// 0 before the paragraph, 1 from it on.
    pub fn kinds(&self) -> Vec<u32> {
        (0..self.ids.len()).map(|i| u32::from(i >= self.start)).collect()
    }

    /// Indices into `offsets` of the tokens that share a byte with `span`.
    pub fn tokens_of(&self, span: Span) -> std::ops::Range<usize> {
        let first = self.offsets.partition_point(|o| o.end <= span.start);
        let last = first + self.offsets[first..].partition_point(|o| o.start < span.end);
        first..last
    }
}

/// A tokenised text that paragraphs of one document share.
#[derive(Debug, Clone, Default)]
pub struct Pieces {
    ids: Vec<u32>,
    offsets: Vec<Span>,
}

impl Pieces {
    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.ids.len()
    }
    /// Bytes of each token in its text. After [`Pieces::append`] they belong to several texts and mean nothing.
    pub fn offsets(&self) -> &[Span] {
        &self.offsets
    }
    /// Add the tokens of the text that follows.
    pub fn append(&mut self, next: &Pieces) {
        self.ids.extend_from_slice(&next.ids);
        self.offsets.extend_from_slice(&next.offsets);
    }
    /// Drop the first `n` tokens.
    pub fn drop_first(&mut self, n: usize) {
        self.ids.drain(..n.min(self.ids.len()));
        self.offsets.drain(..n.min(self.offsets.len()));
    }
    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// Tokenises and composes.
pub struct Composer {
    tokenizer: Tokenizer,
    cls: u32,
    sep: u32,
    mask: &'static str,
    lengths: Lengths,
}

/// Longest text given to the tokenizer in one piece; beyond it the text is cut at white space, which WordPiece treats
/// as a boundary anyway.
const PIECE: usize = 1 << 16;

impl Composer {
    /// From a `tokenizer.json`.
    ///
    /// # Errors
    /// The file is no tokenizer, or lacks the special tokens of its kind.
    pub fn new(tokenizer: &[u8], kind: Kind, lengths: Lengths) -> Result<Self> {
        let mut tokenizer = Tokenizer::from_bytes(tokenizer)
            .map_err(|e| Error::model("tokenizer.json", format!("not a tokenizer that can be read ({e})")))?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|e| Error::model("tokenizer.json", e.to_string()))?;
        let (cls, sep, mask) = match kind {
            Kind::Bert => ("[CLS]", "[SEP]", "[MASK]"),
            Kind::MpNet => ("<s>", "</s>", "<mask>"),
        };
        let id = |t: &str| {
            tokenizer.token_to_id(t).ok_or_else(|| {
                Error::model("tokenizer.json", format!("has no token {t}, needed for this kind of model"))
            })
        };
        let (cls, sep) = (id(cls)?, id(sep)?);
        Ok(Composer { tokenizer, cls, sep, mask, lengths })
    }

    /// The lengths in force.
    pub fn lengths(&self) -> Lengths {
        self.lengths
    }

    /// The word by which the base model was taught to know a word that it is not shown.
    pub fn mask(&self) -> &'static str {
        self.mask
    }

    /// Tokens of a text with their bytes.
    ///
    /// # Errors
    /// The tokenizer's own.
    pub fn pieces(&self, text: &str) -> Result<Pieces> {
        let mut out = Pieces::default();
        let mut from = 0;
        while from < text.len() {
            let to = cut(text, from);
            let part = self
                .tokenizer
                .encode(&text[from..to], false)
                .map_err(|e| Error::Compute(format!("the tokenizer failed: {e}")))?;
            out.ids.extend_from_slice(part.get_ids());
            out.offsets.extend(part.get_offsets().iter().map(|&(s, e)| Span::new(from + s, from + e)));
            from = to;
        }
        Ok(out)
    }

    /// The sequences of one paragraph: one, or overlapping windows (half a window apart) where it is long.
    pub fn compose(&self, title: &Pieces, context: &Pieces, paragraph: &Pieces) -> Vec<Input> {
        let l = self.lengths;
        let title = &title.ids[..title.len().min(l.title)];
        let context = &context.ids[context.len() - context.len().min(l.context)..];
        let n = paragraph.len();
        let stride = (l.paragraph / 2).max(1);
        let mut windows = Vec::new();
        let mut from = 0;
        loop {
            let to = (from + l.paragraph).min(n);
            let mut ids = Vec::with_capacity(title.len() + context.len() + to - from + 4);
            ids.push(self.cls);
            ids.extend_from_slice(title);
            ids.push(self.sep);
            ids.extend_from_slice(context);
            ids.push(self.sep);
            let start = ids.len();
            ids.extend_from_slice(&paragraph.ids[from..to]);
            ids.push(self.sep);
            windows.push(Input { ids, start, offsets: paragraph.offsets[from..to].to_vec() });
            if to == n {
                return windows;
            }
            from += stride;
        }
    }
}

/// Where to end the piece that begins at `from`: the text's end, or the last white space within [`PIECE`].
fn cut(text: &str, from: usize) -> usize {
    if text.len() - from <= PIECE {
        return text.len();
    }
    let end = (from + 1..=from + PIECE).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(text.len());
    text[from..end].rfind(char::is_whitespace).filter(|&i| i > 0).map_or(end, |i| from + i)
}
