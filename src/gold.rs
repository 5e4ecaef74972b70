//! Coded paragraphs: what training learns from and evaluation measures against.

use crate::data::{ActorType, CodePoints, Document, GivenActor, Role, Span, Stance, Voice};
use crate::error::{Error, Origin, Result};
use serde::Deserialize;
use std::io::BufRead;
use std::path::Path;

/// One coded paragraph. Offsets are bytes into `text`.
#[derive(Debug, Clone)]
pub struct GoldParagraph {
    /// Id.
    pub id: String,
    /// Kind of text, `news` where the data names none.
    pub genre: String,
    /// Headline.
    pub title: Option<String>,
    /// ISO 8601.
    pub date: Option<String>,
    /// Text before the paragraph.
    pub context: Option<String>,
    /// The paragraph.
    pub text: String,
    /// Whether it speaks of sanctions, where coded.
    pub about: Option<bool>,
    /// Codes of the targets, where coded.
    pub targets: Option<Vec<String>>,
    /// Its actors.
    pub actors: Vec<GoldActor>,
    /// Whether a person coded it; else a model found its actors, perhaps not all, and judged them.
    pub coded: bool,
    /// File and line.
    pub origin: Origin,
}

/// One coded actor.
#[derive(Debug, Clone)]
pub struct GoldActor {
    /// Bytes into the paragraph; the first is the one that was coded.
    pub mentions: Vec<Span>,
    /// Code.
    pub code: String,
    /// Kind.
    pub kind: ActorType,
    /// Label.
    pub stance: Stance,
    /// Probabilities to learn from in the label's place, order of [`Stance::ALL`].
    pub soft: Option<[f32; 4]>,
    /// Full identity where known.
    pub name: Option<String>,
    /// Words that show the stance, where coded.
    pub evidence: Option<Span>,
    /// Roles, where coded.
    pub roles: Option<Vec<Role>>,
    /// Voice, where coded.
    pub voice: Option<Voice>,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    genre: Option<String>,
    title: Option<String>,
    date: Option<String>,
    context: Option<String>,
    text: String,
    rel: Option<u8>,
    targets: Option<Vec<String>>,
    actors: Vec<LineActor>,
    #[serde(default = "yes")]
    coded: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct LineActor {
    start: usize,
    end: usize,
    #[serde(default)]
    mentions: Vec<[usize; 2]>,
    code: String,
    #[serde(rename = "type")]
    kind: ActorType,
    stance: Stance,
    soft: Option<[f32; 4]>,
    name: Option<String>,
    evidence: Option<[usize; 2]>,
    roles: Option<Vec<Role>>,
    voice: Option<Voice>,
}

/// Read coded paragraphs (JSON Lines as in `docs/data-format.md`).
///
/// # Errors
/// Names the file and line of the first record that is not a coded paragraph: a measure over part of the gold would
/// be another measure.
pub fn read(path: &Path) -> Result<Vec<GoldParagraph>> {
    let file = std::fs::File::open(path).map_err(|e| Error::io(path, e))?;
    let shown = path.display().to_string();
    let mut out = Vec::new();
    for (i, line) in std::io::BufReader::new(file).lines().enumerate() {
        let line = line.map_err(|e| Error::io(path, e))?;
        if !line.trim().is_empty() {
            out.push(paragraph(&line, Origin::line(shown.clone(), i + 1))?);
        }
    }
    if out.is_empty() {
        return Err(Error::Input { at: Origin::file(shown), reason: "no coded paragraph in it".into() });
    }
    Ok(out)
}

fn paragraph(line: &str, at: Origin) -> Result<GoldParagraph> {
    let fault = |reason: String| Error::Input { at: at.clone(), reason };
    let l: Line = serde_json::from_str(line).map_err(|e| fault(format!("not a coded paragraph: {e}")))?;
    let points = CodePoints::new(&l.text);
    let span = |[s, e]: [usize; 2]| match (points.byte(s), points.byte(e)) {
        (Some(a), Some(b)) if a < b => Ok(Span::new(a, b)),
        _ => Err(fault(format!("span [{s}, {e}] does not lie in the text of {} code points", points.at(l.text.len())))),
    };
    let actors = l
        .actors
        .iter()
        .map(|a| {
            let first = span([a.start, a.end])?;
            let mut mentions = a.mentions.iter().map(|&m| span(m)).collect::<Result<Vec<_>>>()?;
            mentions.retain(|&m| m != first);
            mentions.insert(0, first);
            Ok(GoldActor {
                mentions,
                code: a.code.clone(),
                kind: a.kind,
                stance: a.stance,
                soft: a.soft.map(probabilities).transpose().map_err(&fault)?,
                name: a.name.clone(),
                evidence: a.evidence.map(span).transpose()?,
                roles: a.roles.clone(),
                voice: a.voice,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(GoldParagraph {
        id: l.id,
        genre: l.genre.unwrap_or_else(|| "news".into()),
        title: l.title.filter(|t| !t.is_empty()),
        date: l.date.filter(|t| !t.is_empty()),
        context: l.context.filter(|t| !t.is_empty()),
        text: l.text,
        about: l.rel.map(|r| r != 0),
        targets: l.targets,
        actors,
        coded: l.coded,
        origin: at,
    })
}

/// What can be read as probabilities: none below 0, their sum 1.
fn probabilities(p: [f32; 4]) -> std::result::Result<[f32; 4], String> {
    let sum: f32 = p.iter().sum();
    let right = p.iter().all(|x| *x >= 0.0) && (sum - 1.0).abs() < 0.01;
    if right { Ok(p.map(|x| x / sum)) } else { Err(format!("soft {p:?} is no distribution: it must sum to 1")) }
}

impl GoldParagraph {
    /// The paragraph as input: with its actors given, or to be found.
    pub fn document(&self, given: bool) -> Document {
        let actor = |a: &GoldActor| GivenActor { mentions: a.mentions.clone(), code: None, name: None };
        Document {
            id: self.id.clone(),
            title: self.title.clone(),
            date: self.date.clone(),
            context: self.context.clone(),
            text: self.text.clone(),
            actors: given.then(|| self.actors.iter().map(actor).collect()),
            article: false,
            origin: self.origin.clone(),
            ..Document::default()
        }
    }
}
