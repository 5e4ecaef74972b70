//! Web pages: the main text, told from navigation and advertisements by `dom_smoothie` (Mozilla's Readability), with
//! title and date from the page's metadata.

use super::fence::fenced;
use super::{Event, Options, bytes, date, record, skipped};
use crate::data::Document;
use crate::error::Origin;
use dom_smoothie::{Config, Readability, TextMode};
use encoding_rs::Encoding;
use std::io::Read;

/// What is never running text, whatever the page.
const CLUTTER: &str = "figure, figcaption, picture, video, audio, iframe, form, button, nav, dialog, template";
/// Deepest nesting that is parsed, as in browsers. Parsers need time with its square, and stack.
const DEEPEST: usize = 512;
/// Elements that end without an end tag, or have none.
const UNCLOSED: [&str; 32] = [
    "area", "base", "body", "br", "col", "colgroup", "dd", "dt", "embed", "head", "hr", "html", "img", "input", "li",
    "link", "meta", "optgroup", "option", "p", "param", "rp", "rt", "source", "tbody", "td", "tfoot", "th", "thead",
    "tr", "track", "wbr",
];
/// What else is left out where the main text cannot be told and the whole page is taken.
const FRAME: &str = "script, style, noscript, header, footer, aside, head, select";
/// Elements and attributes in which pages give their date, best first.
const DATES: [(&str, &str); 8] = [
    ("meta[property='article:published_time']", "content"),
    ("[itemprop='datePublished']", "content"),
    ("[itemprop='datePublished']", "datetime"),
    ("meta[name='dcterms.date'], meta[name='DC.date.issued'], meta[name='dc.date']", "content"),
    ("meta[name='date'], meta[name='pubdate'], meta[name='publish-date']", "content"),
    ("article time[datetime]", "datetime"),
    ("main time[datetime]", "datetime"),
    ("time[datetime]", "datetime"),
];

pub(super) fn events(reader: impl Read, path: &str, options: &Options) -> Vec<Event> {
    let at = Origin::file(path);
    let bytes = match bytes::whole(reader, path, options) {
        Ok(bytes) => bytes,
        Err(error) => return vec![Event::Skipped(error)],
    };
    let declared = declared(&bytes);
    let (page, guessed) = match bytes::decode(bytes, declared) {
        Ok(decoded) => decoded,
        Err(reason) => return vec![skipped(at, reason)],
    };
    if nesting(&page) > DEEPEST {
        return vec![skipped(at, format!("the page's elements are nested over {DEEPEST} deep: save it as text"))];
    }
    let Some(page) = fenced(|| Page::read(&page)) else {
        return vec![skipped(at, "the page's HTML could not be made out: save it as text")];
    };
    if page.text.trim().is_empty() {
        return vec![skipped(at, "the page has no text")];
    }
    let mut notices: Vec<String> = guessed.into_iter().collect();
    if !page.main {
        notices.push("no main text could be told from the rest: the whole page's text is read".into());
    }
    let date = page.date.as_deref().and_then(date::iso);
    if let (None, Some(written)) = (&date, &page.date) {
        notices.push(record::not_iso(written));
    }
    let document = Document {
        id: record::made_id(&at),
        title: Some(page.title).filter(|t| !t.trim().is_empty()),
        date,
        text: page.text,
        article: true,
        origin: at.clone(),
        ..Document::default()
    };
    let notices = notices.into_iter().map(|text| Event::Notice { at: at.clone(), text });
    notices.chain([Event::Document(document)]).collect()
}

/// How deep a page's elements are nested, about: tags are counted, not parsed.
fn nesting(html: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let (end, tag) = match rest.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, rest),
        };
        let length = tag.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = tag[..length].to_ascii_lowercase();
        if !tag.starts_with(|c: char| c.is_ascii_alphabetic()) || UNCLOSED.contains(&name.as_str()) {
            continue;
        }
        // What stands in a script is no tag; nor are its strings.
        if !end && matches!(name.as_str(), "script" | "style") {
            rest = rest.find("</").map_or("", |close| &rest[close..]);
        }
        depth = if end { depth.saturating_sub(1) } else { depth + 1 };
        deepest = deepest.max(depth);
    }
    deepest
}

/// The encoding that the page's first kilobyte declares.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
    let label = head.split("charset=").nth(1)?.trim_start_matches(['"', '\'', ' ']);
    let end = label.find(|c: char| !c.is_ascii_alphanumeric() && !"-_:.".contains(c)).unwrap_or(label.len());
    Encoding::for_label(&label.as_bytes()[..end])
}

struct Page {
    title: String,
    date: Option<String>,
    /// Paragraphs with blank lines between, headings marked as in Markdown.
    text: String,
    /// Whether the main text was told from the rest.
    main: bool,
}

impl Page {
    fn read(html: &str) -> Page {
        let config = Config { text_mode: TextMode::Formatted, ..Config::default() };
        let mut whole = Readability::from(html);
        whole.config = config;
        whole.doc.select(CLUTTER).remove();
        let date = DATES.iter().find_map(|(selector, attribute)| {
            let value = whole.doc.select(selector).iter().find_map(|s| s.attr(attribute))?;
            Some(value.trim().to_owned()).filter(|v| !v.is_empty())
        });
        match whole.parse() {
            Ok(article) => {
                let text = formatted(&whole, "#readability-page-1");
                let date = article.published_time.filter(|d| date::iso(d).is_some()).or(date);
                Page { title: article.title, date, text, main: true }
            }
            Err(_) => {
                // Parsing consumed the document; begin again.
                let rest = Readability::from(html);
                let title = rest.get_article_title().to_string();
                rest.doc.select(CLUTTER).remove();
                rest.doc.select(FRAME).remove();
                Page { title, date, text: formatted(&rest, "body"), main: false }
            }
        }
    }
}

/// The text of what `root` selects: a blank line after each block, list item and table row; `## ` before headings,
/// which tells them from short paragraphs later on.
fn formatted(page: &Readability, root: &str) -> String {
    for heading in page.doc.select("h1, h2, h3, h4, h5, h6").nodes() {
        let text = heading.text();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match text.is_empty() {
            true => heading.remove_from_parent(),
            false => heading.set_text(format!("## {text}").as_str()),
        }
    }
    page.doc.select("li, tr, dt, dd").rename("p");
    page.doc.select(root).formatted_text().trim().to_owned()
}
