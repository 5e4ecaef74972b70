//! What is needed to repeat a run bit for bit.

use super::{Loaded, pretty};
use crate::args::Score;
use demarche::error::{Error, Result};
use serde_json::json;
use std::path::Path;

/// Write the run's provenance to `path`.
pub fn write(path: &Path, loaded: &Loaded, args: &Score) -> Result<()> {
    let m = &loaded.model.manifest;
    let options = json!({
        "paths": args.paths, "rows": format!("{:?}", args.rows).to_lowercase(),
        "text_field": args.text_field, "id_field": args.id_field, "abstain": args.abstain,
        "input_format": args.input_format.map(|f| format!("{f:?}").to_lowercase()),
        "max_record_mib": args.max_record, "actors": args.model.actors, "engine": loaded.engine,
    });
    let model = json!({
        "name": m.name, "version": m.version, "sha256": loaded.model.digest(), "base": m.base, "licence": m.licence,
        "trained_on": m.trained_on, "command": m.command, "files": m.files,
    });
    let all = json!({
        "tool": "demarche", "version": env!("CARGO_PKG_VERSION"),
        "schema_version": demarche::write::SCHEMA_VERSION, "codebook": m.codebook,
        "model": model, "calibration": loaded.model.calibration, "options": options,
        "command": std::env::args().collect::<Vec<_>>(),
    });
    std::fs::write(path, pretty(&all)? + "\n").map_err(|e| Error::io(path, e))
}
