//! Running the binary.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run left behind.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Run `demarche` with `args`, `input` on standard input, far from the repository.
pub fn demarche(args: &[&str], input: &[u8]) -> Ran {
    demarche_in(std::env::temp_dir(), args, input)
}

/// The same in a folder of one's choice.
pub fn demarche_in(folder: impl AsRef<Path>, args: &[&str], input: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_demarche"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("standard input");
    let input = input.to_vec();
    let feed = std::thread::spawn(move || {
        // The run may end before it has read everything.
        let _ = stdin.write_all(&input);
    });
    let o = child.wait_with_output().expect("the run ends");
    feed.join().expect("the input was fed");
    Ran {
        code: o.status.code().unwrap_or(-1),
        out: String::from_utf8(o.stdout).expect("output is UTF-8"),
        err: String::from_utf8_lossy(&o.stderr).into_owned(),
    }
}

impl Ran {
    /// Every line of the output as JSON.
    pub fn rows(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
    }
}

/// A file of this repository.
pub fn repo(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The same as a string.
pub fn repo_str(path: &str) -> String {
    repo(path).to_str().expect("a path in UTF-8").to_string()
}
