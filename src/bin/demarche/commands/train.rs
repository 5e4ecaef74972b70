//! `demarche train`: candle on the CPU, or on a GPU where the build has one.

use crate::args::Train;
use demarche::error::{Error, Result};
use demarche::train::{Event, Options, Weights};
use demarche::{gold, train};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::process::ExitCode;

pub fn run(args: Train) -> Result<ExitCode> {
    let mut paragraphs = Vec::new();
    for f in &args.train {
        paragraphs.extend(gold::read(f)?);
    }
    let dev = args.dev.iter().map(|f| gold::read(f)).collect::<Result<Vec<_>>>()?;
    if args.epochs == 0 || args.tokens == 0 || !(0.0..1.0).contains(&args.dropout) {
        return Err(Error::Usage("--epochs and --tokens must be above 0, --dropout from 0 to below 1".into()));
    }
    let options = Options {
        base: args.base,
        out: args.out.clone(),
        epochs: args.epochs,
        lr: args.lr,
        head_lr: args.head_lr,
        tokens: args.tokens,
        context: args.context,
        freeze: args.freeze,
        dropout: args.dropout,
        class_weights: args.class_weights,
        weights: Weights::default(),
        seed: args.seed,
        max_steps: args.max_steps,
    };
    let names: Vec<String> = args.dev.iter().map(|p| p.display().to_string()).collect();
    let mut log = Log { bar: None, names };
    let best = train::train(&paragraphs, &dev, &options, &mut |e| log.tell(&e))?;
    eprintln!("best mean macro-F1 {best:.4}; weights in {}", args.out.join("best.safetensors").display());
    Ok(ExitCode::SUCCESS)
}

/// Tells the run's events on standard error.
struct Log {
    bar: Option<ProgressBar>,
    names: Vec<String>,
}

impl Log {
    fn say(&self, line: &str) {
        match &self.bar {
            Some(b) => b.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    fn tell(&mut self, e: &Event) {
        match e {
            Event::Start { paragraphs, steps, done, parameters } => {
                let resumed = if *done > 0 { format!(", going on after step {done}") } else { String::new() };
                eprintln!("{paragraphs} paragraphs, {steps} steps, {parameters} trainable numbers{resumed}");
                if std::io::stderr().is_terminal() {
                    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} steps, {per_sec}, {eta} left {msg}");
                    let bar = ProgressBar::new(*steps as u64).with_position(*done as u64);
                    self.bar = Some(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())));
                }
            }
            Event::Step { step, loss, seconds } => match &self.bar {
                Some(b) => {
                    b.set_position(*step as u64);
                    b.set_message(format!("loss {loss:.3}"));
                }
                None if step % 20 == 0 => eprintln!("step {step}  loss {loss:.3}  {seconds:.0} s"),
                None => {}
            },
            Event::Epoch { epoch, loss, dev, score, best } => {
                let kept = if *best { ", kept" } else { "" };
                self.say(&format!("epoch {epoch}  loss {loss:.4}  mean macro-F1 {score:.4}{kept}"));
                for (name, r) in self.names.iter().zip(dev.iter()) {
                    let (g, e) = (r.given.macro_f1, r.end_to_end.f1());
                    self.say(&format!("  {name}: given actors {g:.4}, end to end {e:.4}"));
                }
            }
        }
    }
}
