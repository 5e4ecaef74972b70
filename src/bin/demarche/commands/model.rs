//! `demarche model`: what models are, and how they come here.

use super::{pretty, print};
use crate::args::ModelCommand;
use demarche::error::Result;
use demarche::store::{self, Model};
use serde_json::json;
use std::process::ExitCode;

pub fn run(command: ModelCommand) -> Result<ExitCode> {
    match command {
        ModelCommand::Show { model } => {
            let m = Model::open(&model)?;
            let c = &m.config;
            print(&pretty(&json!({
                "manifest": m.manifest, "sha256": m.digest(), "calibration": m.calibration,
                "encoder": c.encoder, "title": c.title, "context": c.context, "paragraph": c.paragraph,
            }))?)?;
        }
        ModelCommand::Install { folder } => {
            let to = store::install(&folder)?;
            eprintln!("installed to {}", to.display());
        }
        ModelCommand::Fetch { repo, out } => {
            let files = store::fetch(&repo, &out, offline(), std::env::var("HF_TOKEN").ok())?;
            eprintln!("{repo}: {} in {}", files.join(", "), out.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether the user wants no network call at all.
fn offline() -> bool {
    std::env::var("HF_HUB_OFFLINE")
        .is_ok_and(|v| !matches!(v.to_ascii_lowercase().as_str(), "" | "0" | "false" | "no" | "off"))
}
