//! Text and Markdown: the whole file is one article, its text kept as it is.

use super::{Event, Options, bytes, record, skipped};
use crate::data::Document;
use crate::error::Origin;
use std::io::Read;

pub(super) fn events(reader: impl Read, path: &str, options: &Options) -> Vec<Event> {
    let at = Origin::file(path);
    let bytes = match bytes::whole(reader, path, options) {
        Ok(bytes) => bytes,
        Err(error) => return vec![Event::Skipped(error)],
    };
    let (text, notice) = match bytes::decode(bytes, None) {
        Ok(decoded) => decoded,
        Err(reason) => return vec![skipped(at, reason)],
    };
    if text.trim().is_empty() {
        return vec![skipped(at, "nothing but white space")];
    }
    let document =
        Document { id: record::made_id(&at), text, article: true, origin: at.clone(), ..Document::default() };
    notice.map(|text| Event::Notice { at, text }).into_iter().chain([Event::Document(document)]).collect()
}
