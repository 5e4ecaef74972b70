//! The whole way from documents to scores. The result for a document depends on that document alone: not on the
//! number of threads, the size of a chunk, or its neighbours.

mod context;
mod score;
mod targets;

use crate::actors::{Gazetteer, Resolver};
use crate::data::{Candidate, Document, Paragraph, ParagraphKind, Scored, ScoredParagraph, Span};
use crate::encoder::input::{Composer, Input, Pieces};
use crate::error::Result;
use crate::segment;
use crate::stance::calibration::Calibration;
use crate::stance::engine::{Encoded, Engine};
use crate::stance::mentions;
use crate::store::Model;
use context::Context;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// What the user may choose about scoring.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Mark as abstained what is less probable than this; 0 marks nothing.
    pub abstain: f32,
}

/// A loaded model with everything it needs.
pub struct Pipeline {
    engine: Engine,
    composer: Composer,
    codes: Vec<String>,
    calibration: Calibration,
    gazetteer: Gazetteer,
    options: Options,
}

/// One document on its way: what is known before the encoder has run.
struct Prepared {
    document: Document,
    title: Option<String>,
    /// Lines above the first running paragraph.
    headings: Vec<Span>,
    /// The running paragraphs.
    bodies: Vec<Paragraph>,
    /// For each body: its tokens, and its windows as indices into the chunk's sequences.
    windows: Vec<(Pieces, Vec<usize>)>,
    /// For each body: where places stand before it, in tokens of the sequence.
    before: Vec<Vec<(std::ops::Range<usize>, String)>>,
}

impl Pipeline {
    /// Put a model, with its [`Model::composer`], and a gazetteer to work.
    pub fn new(model: &Model, engine: Engine, composer: Composer, gazetteer: Gazetteer, options: Options) -> Self {
        let (codes, calibration) = (model.config.codes.clone(), model.calibration.clone());
        Pipeline::from_parts(engine, composer, codes, calibration, gazetteer, options)
    }

    /// The same from parts, for a model that is not stored yet.
    pub fn from_parts(
        engine: Engine,
        composer: Composer,
        codes: Vec<String>,
        calibration: Calibration,
        gazetteer: Gazetteer,
        options: Options,
    ) -> Self {
        Pipeline { engine, composer, codes, calibration, gazetteer, options }
    }

    /// The calibration in force.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// The actors known.
    pub fn gazetteer(&self) -> &Gazetteer {
        &self.gazetteer
    }

    /// What stands for a word that the model is not shown.
    pub fn mask(&self) -> &'static str {
        self.composer.mask()
    }

    /// Score documents; the answers stand in the same order. An error on one document leaves the others alone.
    pub fn score(&self, documents: Vec<Document>) -> Vec<Result<Scored>> {
        // Identical sequences (wire copy is everywhere) are encoded once.
        let mut sequences: Vec<Input> = Vec::new();
        let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
        let prepared: Vec<Result<Prepared>> = documents
            .into_par_iter()
            .map(|d| self.prepare(d))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|p| {
                p.map(|(mut p, inputs)| {
                    for (body, windows) in p.windows.iter_mut().zip(inputs) {
                        body.1 = windows
                            .into_iter()
                            .map(|input| match known.get(&input.ids) {
                                Some(&i) if sequences[i].offsets == input.offsets => i,
                                _ => {
                                    known.insert(input.ids.clone(), sequences.len());
                                    sequences.push(input);
                                    sequences.len() - 1
                                }
                            })
                            .collect();
                    }
                    p
                })
            })
            .collect();
        let encoded = self.engine.encode(sequences);
        prepared.into_par_iter().with_max_len(1).map(|p| self.finish(p?, &encoded)).collect()
    }

    /// Split a document and compose its sequences: per body, its windows.
    fn prepare(&self, document: Document) -> Result<(Prepared, Vec<Vec<Input>>)> {
        let blocks = segment::paragraphs(&document);
        let headline = blocks.iter().find(|b| b.kind == ParagraphKind::Headline).map(|b| b.span.of(&document.text));
        let title = document.title.clone().or_else(|| headline.map(str::to_string));
        let title_pieces = self.composer.pieces(title.as_deref().unwrap_or(""))?;
        let mut context = Context::new(self.composer.lengths());
        context.title(&title_pieces, &self.gazetteer.places(title.as_deref().unwrap_or("")));
        if let Some(c) = &document.context {
            context.push(&self.composer.pieces(c)?, &self.gazetteer.places(c));
        }
        let above = blocks.iter().take_while(|b| b.kind != ParagraphKind::Body);
        let headings = above.map(|b| b.span).collect();
        let bodies: Vec<Paragraph> = blocks.into_iter().filter(|b| b.kind == ParagraphKind::Body).collect();
        let (mut windows, mut before, mut inputs) = (Vec::new(), Vec::new(), Vec::new());
        for b in &bodies {
            let text = b.span.of(&document.text);
            let pieces = self.composer.pieces(text)?;
            inputs.push(self.composer.compose(&title_pieces, context.pieces(), &pieces));
            before.push(context.places());
            context.push(&pieces, &self.gazetteer.places(text));
            windows.push((pieces, Vec::new()));
        }
        Ok((Prepared { document, title, headings, bodies, windows, before }, inputs))
    }

    fn finish(&self, p: Prepared, encoded: &[Result<Encoded>]) -> Result<Scored> {
        let mut resolver = Resolver::new(&self.gazetteer, p.document.date.as_deref());
        for text in [&p.title, &p.document.context].into_iter().flatten() {
            resolver.read(text);
        }
        for line in &p.headings {
            resolver.heading(line.of(&p.document.text));
        }
        let mut paragraphs = Vec::with_capacity(p.bodies.len());
        let mut given_left = p.document.actors.as_ref().map(|a| (0..a.len()).collect::<Vec<_>>());
        for (index, ((body, (_, windows)), before)) in p.bodies.iter().zip(&p.windows).zip(&p.before).enumerate() {
            let text = body.span.of(&p.document.text);
            let windows: Vec<&Encoded> = windows
                .iter()
                .map(|&i| encoded[i].as_ref().map_err(|e| crate::error::Error::Compute(e.to_string())))
                .collect::<Result<_>>()?;
            let mut passed = Vec::new();
            let actors = match &p.document.actors {
                Some(given) => {
                    let left = given_left.get_or_insert_default();
                    let last = index + 1 == p.bodies.len();
                    let here: Vec<_> = left
                        .extract_if(.., |&mut i| {
                            last || given[i].mentions.first().is_none_or(|m| m.start < body.span.end)
                        })
                        .map(|i| context::into_paragraph(&given[i], body.span))
                        .collect();
                    resolver.given(text, &here)
                }
                None => {
                    let (actors, pronouns) = resolver.paragraph_and_pronouns(text, &self.candidates(text, &windows)?);
                    passed = pronouns;
                    actors
                }
            };
            let scored = self.actors_and_pronouns(text, &windows, actors, passed)?;
            paragraphs.push(ScoredParagraph {
                index,
                span: body.span,
                about: windows.iter().map(|w| w.about).fold(0.0, f32::max),
                targets: targets::targets(&self.gazetteer, text, &windows, before, self.calibration.target),
                actors: scored,
            });
        }
        let mut notes = resolver.notes().to_vec();
        let languages: BTreeSet<&str> =
            p.bodies.iter().filter_map(|b| segment::language::foreign(b.span.of(&p.document.text))).collect();
        if !languages.is_empty() {
            let languages = Vec::from_iter(languages).join(", ");
            notes.push(format!("text in {languages}: the models read English only, its scores mean little"));
        }
        Ok(Scored { document: p.document, paragraphs, notes })
    }

    /// The model's mentions with its view of their type and code.
    fn candidates(&self, text: &str, windows: &[&Encoded]) -> Result<Vec<Candidate>> {
        let mut out: Vec<Candidate> = Vec::new();
        for (i, w) in windows.iter().enumerate() {
            let own = context::authority(i, windows.len(), w.input.offsets.len(), self.composer.lengths().paragraph);
            let found =
                mentions::decode(text, &w.input.offsets[own.clone()], &w.mention[own], self.calibration.mention);
            let spans: Vec<_> = found.iter().map(|f| f.0).collect();
            for ((span, confidence), s) in found.into_iter().zip(self.engine.spans(w, &spans)?) {
                let best =
                    |v: &[f32]| v.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
                let (k, kp) = best(&s.kind);
                let (c, cp) = best(&s.code);
                let code = self.codes.get(c).filter(|c| c.as_str() != "?").map(|c| (c.clone(), cp));
                out.push(Candidate { span, confidence, kind: (crate::data::ActorType::ALL[k], kp), code });
            }
        }
        Ok(out)
    }
}
