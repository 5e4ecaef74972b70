//! Arguments as typed.

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Who wants sanctions eased, kept or tightened, paragraph by paragraph.
#[derive(Debug, Parser)]
#[command(name = "demarche", version, about, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Score files, folders or standard input
    Score(Score),
    /// Measure a model against coded paragraphs
    Eval(Eval),
    /// Ask whether a model judges by what is said: rename the states, mask the evidence
    Audit(Audit),
    /// Train a model on coded paragraphs
    #[command(visible_alias = "fit")]
    Train(Train),
    /// The actors: what is found in a text, and whether an actors file is right
    #[command(subcommand)]
    Actors(Actors),
    /// The models: what they are, and how they are installed
    #[command(subcommand)]
    Model(ModelCommand),
    /// Print the JSON Schema of a record
    Schema {
        /// Which record
        #[arg(long, value_enum, default_value_t = Rows::Actor)]
        rows: Rows,
    },
}

/// Choice of model and how it is run.
#[derive(Debug, Clone, ClapArgs)]
pub struct ModelChoice {
    /// `compact` (in the binary), `accurate`, or a model folder
    #[arg(long, short, default_value = "compact", value_name = "NAME|DIR")]
    pub model: String,
    /// How to compute: the int8 kernels, or candle in f32 (the reference)
    #[arg(long, value_enum, default_value_t = EngineName::Auto)]
    pub engine: EngineName,
    /// Threads; 0 takes every core
    #[arg(long, short = 'j', default_value_t = 0, value_name = "N")]
    pub threads: usize,
    /// Your own actors (CSV or TOML), added to the gazetteer or overriding it
    #[arg(long, value_name = "FILE")]
    pub actors: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// The fastest there is for this model and machine
    Auto,
    /// The int8 kernels
    Int8,
    /// candle in f32
    Candle,
}

#[derive(Debug, ClapArgs)]
pub struct Score {
    /// Files, folders, or `-` for standard input (JSON Lines, or as --input-format says)
    #[arg(value_name = "PATH|-", required = true)]
    pub paths: Vec<String>,
    /// What one row of the output is
    #[arg(long, value_enum, default_value_t = Rows::Actor)]
    pub rows: Rows,
    /// How the output is written [default: terminal at a terminal, else jsonl]
    #[arg(long, short, value_enum)]
    pub format: Option<Format>,
    /// Write the output to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Read every input as this format, whatever its ending
    #[arg(long, value_enum)]
    pub input_format: Option<InputFormat>,
    /// The field or column that holds the text
    #[arg(long, default_value = "text", value_name = "NAME")]
    pub text_field: String,
    /// The field or column that holds the id
    #[arg(long, default_value = "id", value_name = "NAME")]
    pub id_field: String,
    /// Mark labels less probable than this as abstained
    #[arg(long, default_value_t = 0.0, value_name = "P")]
    pub abstain: f32,
    /// Write what is needed to repeat the run to this file
    #[arg(long, value_name = "FILE")]
    pub provenance: Option<PathBuf>,
    /// Longest line or file to read, in MiB
    #[arg(long, default_value_t = 16, value_name = "MIB")]
    pub max_record: usize,
    /// No progress bar, no closing summary
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub model: ModelChoice,
}

#[derive(Debug, ClapArgs)]
pub struct Eval {
    /// Coded paragraphs (JSON Lines)
    #[arg(value_name = "GOLD", required = true)]
    pub gold: Vec<PathBuf>,
    /// How the figures are written
    #[arg(long, short, value_enum, default_value_t = EvalFormat::Table)]
    pub format: EvalFormat,
    #[command(flatten)]
    pub model: ModelChoice,
}

#[derive(Debug, ClapArgs)]
pub struct Audit {
    /// Files, folders, or `-`: whatever `score` reads; actors that come with a record are taken as they are
    #[arg(value_name = "PATH|-", required = true)]
    pub paths: Vec<String>,
    /// How the figures are written; JSON names every label that turned
    #[arg(long, short, value_enum, default_value_t = EvalFormat::Table)]
    pub format: EvalFormat,
    /// Labels that turned to show in the table
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub show: usize,
    /// Decides which state takes the place of which, and which random words are masked
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub model: ModelChoice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvalFormat {
    /// Tables for a person
    Table,
    /// One JSON object
    Json,
}

#[derive(Debug, ClapArgs)]
pub struct Train {
    /// Coded paragraphs to learn from (JSON Lines; may be given several times)
    #[arg(long, required = true, value_name = "FILE")]
    pub train: Vec<PathBuf>,
    /// Coded paragraphs to choose the best epoch by (may be given several times)
    #[arg(long, required = true, value_name = "FILE")]
    pub dev: Vec<PathBuf>,
    /// Folder of a base encoder to give new heads to: config.json, tokenizer.json, model.safetensors
    #[arg(long, required_unless_present = "init", value_name = "DIR")]
    pub base: Option<PathBuf>,
    /// A model to go on from, in a base encoder's place: `compact`, `accurate`, or a model folder
    #[arg(long, conflicts_with_all = ["base", "context"], value_name = "NAME|DIR")]
    pub init: Option<String>,
    /// Folder to write the model and its checkpoints to; a run that was stopped goes on from there
    #[arg(long, required = true, value_name = "DIR")]
    pub out: PathBuf,
    /// Times through the data
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub epochs: usize,
    /// Peak learning rate of the encoder [default: 8e-5, with --init 2e-5]
    #[arg(long, value_name = "RATE")]
    pub lr: Option<f64>,
    /// Peak learning rate of the heads [default: 5e-4, with --init 1e-4]
    #[arg(long, value_name = "RATE")]
    pub head_lr: Option<f64>,
    /// Padded tokens in a batch
    #[arg(long, default_value_t = 2000, value_name = "N")]
    pub tokens: usize,
    /// Context tokens
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub context: usize,
    /// Lowest layers that stay as they are
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub freeze: usize,
    /// Share of values dropped
    #[arg(long, default_value_t = 0.1, value_name = "P")]
    pub dropout: f64,
    /// Weights of ease, maintain, tighten, none
    #[arg(long, value_delimiter = ',', num_args = 4, default_values_t = [1.3, 2.0, 1.2, 0.7])]
    pub class_weights: Vec<f32>,
    /// Share of the paragraphs whose states are renamed, to others in every epoch, so that names do not decide
    #[arg(long, default_value_t = 0.0, value_name = "P")]
    pub swap: f64,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Stop after so many steps (to try things out)
    #[arg(long, value_name = "N")]
    pub max_steps: Option<usize>,
    /// A model to learn from beside the coder's labels: `compact`, `accurate`, or a model folder
    #[arg(long, value_name = "NAME|DIR")]
    pub teacher: Option<String>,
    /// Weight of the coder's label against the teacher's probabilities
    #[arg(long, default_value_t = 0.5, value_name = "P")]
    pub gold: f32,
    /// Texts that nobody coded, for the teacher to code (whatever `score` reads; may be given several times)
    #[arg(long, requires = "teacher", value_name = "PATH")]
    pub uncoded: Vec<String>,
    /// Name in the manifest
    #[arg(long, default_value = "own")]
    pub name: String,
}

#[derive(Debug, Subcommand)]
pub enum Actors {
    /// Say what is found in a text, by which rule, and what was nearly found
    Find {
        /// The text itself, or `-` to read it from standard input
        text: String,
        /// The text's date (YYYY-MM-DD), by which office-holders are resolved
        #[arg(long)]
        date: Option<String>,
        /// Your own actors
        #[arg(long, value_name = "FILE")]
        actors: Option<PathBuf>,
    },
    /// Check an actors file and name its faults and clashes
    Check {
        /// CSV or TOML
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Print what a model is: its data, licence, hash, calibration
    Show {
        /// `compact`, `accurate`, or a folder
        #[arg(default_value = "compact")]
        model: String,
    },
    /// Copy a model folder to where --model looks for it by name
    Install {
        /// The folder
        folder: PathBuf,
    },
    /// Fetch a base encoder from the hub (or its cache, where HF_HUB_OFFLINE is set) for training
    Fetch {
        /// `owner/name`
        repo: String,
        /// Folder to put config.json, tokenizer.json and model.safetensors into
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Rows {
    /// Document × paragraph × actor
    Actor,
    /// Every paragraph, its actors nested
    Paragraph,
    /// Document × actor, aggregated
    Document,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Jsonl,
    /// One JSON array
    Json,
    /// Comma-separated with a header
    Csv,
    /// For a person
    Terminal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// Plain text or Markdown
    Text,
    /// A web page
    Html,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated
    Csv,
    /// Tab-separated
    Tsv,
    /// Parquet
    Parquet,
}

/// Folders of named models: $DEMARCHE_MODELS, the user's data folder, `models` where we stand.
pub fn model_places() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let data =
        set("XDG_DATA_HOME").or_else(|| set("HOME").map(|h| h.join(".local/share"))).or_else(|| set("LOCALAPPDATA"));
    let places = [set("DEMARCHE_MODELS"), data.map(|d| d.join("demarche/models")), Some(PathBuf::from("models"))];
    places.into_iter().flatten().collect()
}
