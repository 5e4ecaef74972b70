//! Where models come from: the binary itself, a folder, or the hub; and the proof that they are whole.

use crate::encoder::input::Composer;
use crate::error::{Error, Result};
use crate::stance::calibration::Calibration;
use crate::stance::model::ModelConfig;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The model compiled into the binary.
pub const COMPACT: &str = "compact";
/// The larger model, which lies beside the sources in `models/accurate`.
pub const ACCURATE: &str = "accurate";

/// Bytes that live as long as anyone uses them: compiled in, or read from a file.
#[derive(Clone)]
pub struct Bytes(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl Bytes {
    /// A further handle on the same bytes.
    pub fn shared(&self) -> Arc<dyn AsRef<[u8]> + Send + Sync> {
        self.0.clone()
    }
}

impl std::ops::Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// What `manifest.json` of a model folder says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// `compact`, `accurate`, or the user's own name.
    pub name: String,
    /// Of the weights, counted up at every retraining.
    pub version: String,
    /// The encoder it was trained from.
    pub base: String,
    /// Licence of the weights.
    pub licence: String,
    /// Which coded data it was trained on.
    pub trained_on: Vec<String>,
    /// The codebook its labels follow.
    pub codebook: String,
    /// The command that produced it.
    pub command: String,
    /// Every file it needs.
    pub files: Vec<FileEntry>,
}

/// One file of a model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name in the folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A model whose files are present and whole.
pub struct Model {
    /// Its manifest.
    pub manifest: Manifest,
    /// Shape and codes.
    pub config: ModelConfig,
    /// Calibration and bars.
    pub calibration: Calibration,
    /// `tokenizer.json`.
    pub tokenizer: Bytes,
    /// Weights (safetensors).
    pub shards: Vec<Bytes>,
}

const MANIFEST: &str = "manifest.json";

/// Files of the model compiled in. The weights are aligned so that kernels can read them where they lie.
const BUILT_IN: &[(&str, &[u8])] = &[
    (MANIFEST, include_bytes!("../models/compact/manifest.json")),
    ("config.json", include_bytes!("../models/compact/config.json")),
    ("calibration.json", include_bytes!("../models/compact/calibration.json")),
    ("tokenizer.json", include_bytes!("../models/compact/tokenizer.json")),
    ("model.safetensors", &WEIGHTS.0),
];

#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

static WEIGHTS: &Aligned<[u8; include_bytes!("../models/compact/model.safetensors").len()]> =
    &Aligned(*include_bytes!("../models/compact/model.safetensors"));

impl Model {
    /// The model called `name`: `compact` (compiled in), `accurate`, or a folder.
    ///
    /// # Errors
    /// No such model, or its files are damaged; says what to do.
    pub fn open(name: &str) -> Result<Self> {
        if name == COMPACT {
            return Self::built_in();
        }
        let folder = Path::new(name);
        if folder.join(MANIFEST).is_file() {
            return Self::from_folder(folder);
        }
        if name == ACCURATE {
            if let Some(folder) = places().into_iter().map(|p| p.join(ACCURATE)).find(|p| p.join(MANIFEST).is_file()) {
                return Self::from_folder(&folder);
            }
            let looked: Vec<String> = places().iter().map(|p| p.join(ACCURATE).display().to_string()).collect();
            return Err(Error::model(
                name,
                format!(
                    "not installed on this machine (looked in {}); run `demarche model install models/accurate` in a clone of the project, or name its folder with --model",
                    looked.join(", ")
                ),
            ));
        }
        Err(Error::model(
            name,
            format!("there is no such model; expected '{COMPACT}', '{ACCURATE}' or a folder with a {MANIFEST}"),
        ))
    }

    /// The model compiled into the binary.
    ///
    /// # Errors
    /// The binary was damaged.
    pub fn built_in() -> Result<Self> {
        let find = |name: &str| BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, b)| Bytes(Arc::new(*b)));
        Self::assemble(COMPACT, |name| {
            find(name).ok_or_else(|| Error::model(COMPACT, format!("{name} is not compiled in")))
        })
    }

    /// A model folder.
    ///
    /// # Errors
    /// A file is missing or does not match the manifest.
    pub fn from_folder(folder: &Path) -> Result<Self> {
        Self::assemble(&folder.display().to_string(), |name| load(&folder.join(name)))
    }

    fn assemble(model: &str, read: impl Fn(&str) -> Result<Bytes>) -> Result<Self> {
        let bad =
            |file: &str, e: &dyn std::fmt::Display| Error::model(model, format!("{file} cannot be understood: {e}"));
        let manifest: Manifest = serde_json::from_slice(&read(MANIFEST)?).map_err(|e| bad(MANIFEST, &e))?;
        let mut shards = Vec::new();
        let (mut config, mut calibration, mut tokenizer) = (None, None, None);
        for f in &manifest.files {
            let bytes = read(&f.name)?;
            verify(model, f, &bytes)?;
            match f.name.as_str() {
                "config.json" => config = Some(serde_json::from_slice(&bytes).map_err(|e| bad(&f.name, &e))?),
                "calibration.json" => calibration = Some(serde_json::from_slice(&bytes).map_err(|e| bad(&f.name, &e))?),
                "tokenizer.json" => tokenizer = Some(bytes),
                n if n.ends_with(".safetensors") => shards.push(bytes),
                _ => {}
            }
        }
        let missing = |what: &str| Error::model(model, format!("{MANIFEST} names no {what}"));
        Ok(Model {
            config: config.ok_or_else(|| missing("config.json"))?,
            calibration: calibration.ok_or_else(|| missing("calibration.json"))?,
            tokenizer: tokenizer.ok_or_else(|| missing("tokenizer.json"))?,
            shards: if shards.is_empty() { return Err(missing("safetensors file")) } else { shards },
            manifest,
        })
    }

    /// What cuts texts into its tokens.
    ///
    /// # Errors
    /// As [`Composer::new`].
    pub fn composer(&self) -> Result<Composer> {
        Composer::new(&self.tokenizer, self.config.encoder.kind, self.config.lengths())
    }

    /// The SHA-256 of the model as a whole: of the hashes of its files, in the manifest's order.
    pub fn digest(&self) -> String {
        let mut h = Sha256::new();
        for f in &self.manifest.files {
            h.update(f.sha256.as_bytes());
        }
        hex(&h.finalize())
    }
}

/// Write a model folder: `files`, and `manifest` with length and SHA-256 of each.
///
/// # Errors
/// A file cannot be written.
pub fn save(folder: &Path, mut manifest: Manifest, files: &[(&str, Vec<u8>)]) -> Result<()> {
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|e| Error::io(&path, e))
    };
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
    manifest.files = Vec::new();
    for (name, bytes) in files {
        write(name, bytes)?;
        let sha256 = hex(&Sha256::digest(bytes));
        manifest.files.push(FileEntry { name: (*name).to_string(), bytes: bytes.len() as u64, sha256 });
    }
    let mut text = serde_json::to_vec_pretty(&manifest).map_err(|e| Error::Compute(e.to_string()))?;
    text.push(b'\n');
    write(MANIFEST, &text)
}

/// Fetch a base encoder's files from the hub, or from its local cache where `HF_HUB_OFFLINE` is set (then without any
/// network call), into `out`. `HF_HOME`, `HF_HUB_CACHE`, `HF_ENDPOINT` and `HF_TOKEN` count as usual.
///
/// # Errors
/// Names the file that could not be had.
pub fn fetch(repo: &str, out: &Path, offline: bool, token: Option<String>) -> Result<Vec<String>> {
    let api = hf_hub::api::sync::ApiBuilder::from_env().with_token(token).build();
    let api = api.map_err(|e| Error::model(repo, format!("the hub's client could not start: {e}")))?;
    let cache = hf_hub::Cache::from_env().model(repo.to_string());
    std::fs::create_dir_all(out).map_err(|e| Error::io(out, e))?;
    let mut files = Vec::new();
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        let path = match cache.get(name) {
            Some(p) => p,
            None if offline => {
                return Err(Error::model(
                    repo,
                    format!(
                        "{name} is not in the local cache and HF_HUB_OFFLINE is set; unset it, or copy the file to {}",
                        out.display()
                    ),
                ));
            }
            None => api
                .model(repo.to_string())
                .get(name)
                .map_err(|e| Error::model(repo, format!("{name} could not be fetched: {e}")))?,
        };
        let to = out.join(name);
        std::fs::copy(&path, &to).map_err(|e| Error::io(&to, e))?;
        files.push(name.to_string());
    }
    Ok(files)
}

/// Copy a model folder to where `--model accurate` looks for it; the copy is verified.
///
/// # Errors
/// The folder is no whole model, or the copy failed.
pub fn install(from: &Path) -> Result<PathBuf> {
    let model = Model::from_folder(from)?;
    let home = places()
        .into_iter()
        .next()
        .ok_or_else(|| Error::Usage("there is no home folder to install into; set DEMARCHE_MODELS".into()))?;
    let to = home.join(&model.manifest.name);
    std::fs::create_dir_all(&to).map_err(|e| Error::io(&to, e))?;
    for name in model.manifest.files.iter().map(|f| f.name.as_str()).chain([MANIFEST]) {
        let (a, b) = (from.join(name), to.join(name));
        // Written beside and renamed, so that a stopped copy never looks whole.
        let part = to.join(format!("{name}.part"));
        std::fs::copy(&a, &part).map_err(|e| Error::io(&a, e))?;
        std::fs::rename(&part, &b).map_err(|e| Error::io(&b, e))?;
    }
    Model::from_folder(&to)?;
    Ok(to)
}

/// Folders in which named models are looked for, the one to install into first.
pub fn places() -> Vec<PathBuf> {
    PLACES.get().cloned().unwrap_or_default()
}

static PLACES: std::sync::OnceLock<Vec<PathBuf>> = std::sync::OnceLock::new();

/// Say once where named models are looked for (the binary knows the environment, the library does not).
pub fn set_places(places: Vec<PathBuf>) {
    let _ = PLACES.set(places);
}

/// Check one file against the manifest.
fn verify(model: &str, f: &FileEntry, bytes: &[u8]) -> Result<()> {
    if bytes.len() as u64 != f.bytes {
        return Err(Error::model(
            model,
            format!("{} has {} bytes, the manifest says {}: copy it again", f.name, bytes.len(), f.bytes),
        ));
    }
    let got = hex(&Sha256::digest(bytes));
    if got != f.sha256 {
        return Err(Error::model(
            model,
            format!("{} is damaged: its SHA-256 is {got}, the manifest says {}: copy it again", f.name, f.sha256),
        ));
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The bytes of a file.
fn load(path: &Path) -> Result<Bytes> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    Ok(Bytes(Arc::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_model_is_whole() {
        let m = Model::built_in().expect("built in");
        assert_eq!(m.manifest.name, COMPACT);
        assert_eq!(m.digest().len(), 64);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let f = FileEntry { name: "x".into(), bytes: 3, sha256: hex(&Sha256::digest(b"abc")) };
        assert!(verify("m", &f, b"abc").is_ok());
        assert!(verify("m", &f, b"abd").unwrap_err().to_string().contains("damaged"));
        assert!(verify("m", &f, b"ab").unwrap_err().to_string().contains("2 bytes"));
    }
}
