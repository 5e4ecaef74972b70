//! What an encoder is made of, as its `config.json` says (Hugging Face names).

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The two kinds of encoder this crate knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Absolute positions and segments.
    Bert,
    /// Absolute positions from 2 on, and a relative bias shared by all layers.
    MpNet,
}

/// Shape of an encoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncoderConfig {
    /// BERT or MPNet.
    #[serde(rename = "model_type")]
    pub kind: Kind,
    /// Width of a token state.
    pub hidden_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Heads per layer.
    pub num_attention_heads: usize,
    /// Width of the feed-forward part.
    pub intermediate_size: usize,
    /// Word pieces.
    pub vocab_size: usize,
    /// Positions, MPNet's two unused ones counted.
    pub max_position_embeddings: usize,
    /// Segments (BERT).
    #[serde(default)]
    pub type_vocab_size: usize,
    /// Relative buckets (MPNet).
    #[serde(default)]
    pub relative_attention_num_buckets: usize,
    /// Added to the variance in layer normalisation.
    pub layer_norm_eps: f64,
    /// Activation: only the erf form of GELU is known.
    #[serde(default = "gelu")]
    pub hidden_act: String,
}

fn gelu() -> String {
    "gelu".into()
}

impl EncoderConfig {
    /// The position of the first token.
    pub fn first_position(&self) -> usize {
        match self.kind {
            Kind::Bert => 0,
            Kind::MpNet => 2,
        }
    }

    /// Width of one head.
    pub fn head_width(&self) -> usize {
        self.hidden_size / self.num_attention_heads.max(1)
    }

    /// Refuse what the code would compute wrongly.
    ///
    /// # Errors
    /// Names the field and what was expected.
    pub fn check(&self) -> Result<()> {
        let wrong = |reason: String| Err(Error::model("config.json", reason));
        if self.hidden_act != "gelu" {
            return wrong(format!("hidden_act is '{}', only 'gelu' is known", self.hidden_act));
        }
        if self.num_attention_heads == 0 || !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return wrong(format!(
                "hidden_size {} does not split into {} heads",
                self.hidden_size, self.num_attention_heads
            ));
        }
        if self.num_hidden_layers == 0 || self.vocab_size == 0 || self.max_position_embeddings < 8 {
            return wrong("num_hidden_layers, vocab_size and max_position_embeddings must be above zero".into());
        }
        if self.kind == Kind::MpNet && self.relative_attention_num_buckets < 4 {
            return wrong("relative_attention_num_buckets must be at least 4".into());
        }
        if self.kind == Kind::Bert && self.type_vocab_size < 2 {
            return wrong("type_vocab_size must be at least 2".into());
        }
        Ok(())
    }
}
