//! The view for a person: each paragraph, then who in it wants what, with the words that show it.

use super::{Sink, written};
use crate::data::{Scored, ScoredActor, ScoredParagraph, Stance, Voice};
use crate::error::Result;
use anstyle::{AnsiColor, Style};
use std::io::Write;
use textwrap::{Options, wrap};

/// Writes the readable view.
pub struct TerminalSink<'w> {
    out: Box<dyn Write + Send + 'w>,
    colour: bool,
    width: usize,
    first: bool,
}

impl<'w> TerminalSink<'w> {
    /// Onto `out`, `width` columns wide.
    pub fn new(out: Box<dyn Write + Send + 'w>, colour: bool, width: usize) -> Self {
        TerminalSink { out, colour, width: width.clamp(40, 120), first: true }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    fn paragraph(&mut self, s: &Scored, p: &ScoredParagraph) -> Result<()> {
        let number = format!("{:>4}  ", p.index);
        let text: String = p.span.of(&s.document.text).split_whitespace().collect::<Vec<_>>().join(" ");
        let options = Options::new(self.width).initial_indent(&number).subsequent_indent("      ");
        for line in wrap(&text, options) {
            written(writeln!(self.out, "{line}"))?;
        }
        for a in p.actors.iter().filter(|a| a.stance != Stance::None) {
            self.position(s, p, a)?;
        }
        let silent: Vec<String> =
            p.actors.iter().filter(|a| a.stance == Stance::None).map(|a| shown(s, p, a)).collect();
        if !silent.is_empty() {
            let line = format!("no position: {}", silent.join("; "));
            let options = Options::new(self.width).initial_indent("      ").subsequent_indent("        ");
            for l in wrap(&line, options) {
                let l = self.paint(Style::new().dimmed(), &l);
                written(writeln!(self.out, "{l}"))?;
            }
        }
        written(writeln!(self.out))
    }

    fn position(&mut self, s: &Scored, p: &ScoredParagraph, a: &ScoredActor) -> Result<()> {
        let colour = match a.stance {
            Stance::Ease => AnsiColor::Green,
            Stance::Maintain => AnsiColor::Yellow,
            Stance::Tighten => AnsiColor::Red,
            Stance::None => AnsiColor::White,
        };
        let label = self.paint(Style::new().bold().fg_color(Some(colour.into())), &format!("{:<8}", a.stance.as_str()));
        let sure = format!("{:.2}{}", a.p[a.stance.index()], if a.abstained { "?" } else { " " });
        let code = if a.actor.code == "-" { String::new() } else { format!(" [{}]", a.actor.code) };
        let against = if p.targets.is_empty() { String::new() } else { format!("  (target {})", p.targets.join(", ")) };
        let claim = if a.voice == Some(Voice::Claim) { ", by another's account" } else { "" };
        let who = self.paint(Style::new().bold(), &shown(s, p, a));
        written(writeln!(self.out, "      {label} {sure} {who}{code}{claim}{against}"))?;
        if let Some(e) = a.evidence {
            let words = e.shifted(p.span.start).of(&s.document.text).split_whitespace().collect::<Vec<_>>().join(" ");
            let options =
                Options::new(self.width).initial_indent("               ").subsequent_indent("               ");
            for l in wrap(&format!("“{words}”"), options) {
                let l = self.paint(Style::new().italic(), &l);
                written(writeln!(self.out, "{l}"))?;
            }
        }
        Ok(())
    }
}

/// The actor's name, with the words of the paragraph where they are others.
fn shown(s: &Scored, p: &ScoredParagraph, a: &ScoredActor) -> String {
    let name = &a.actor.name;
    match a.actor.mentions.first().map(|m| m.shifted(p.span.start).of(&s.document.text)) {
        Some(words) if !name.contains(words) && !words.contains(name.as_str()) => format!("{words} ({name})"),
        _ => name.clone(),
    }
}

impl Sink for TerminalSink<'_> {
    fn document(&mut self, s: &Scored) -> Result<()> {
        if !std::mem::take(&mut self.first) {
            written(writeln!(self.out))?;
        }
        let shown: Vec<&ScoredParagraph> = s
            .paragraphs
            .iter()
            .filter(|p| p.about >= 0.5 || p.actors.iter().any(|a| a.stance != Stance::None))
            .collect();
        let head = s.document.title.as_deref().unwrap_or(&s.document.id);
        let head = self.paint(Style::new().bold().underline(), head);
        let (n, all) = (shown.len(), s.paragraphs.len());
        written(writeln!(self.out, "{head}  ({n} of {all} paragraphs speak of sanctions)\n"))?;
        for p in shown {
            self.paragraph(s, p)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        written(self.out.flush())
    }
}
