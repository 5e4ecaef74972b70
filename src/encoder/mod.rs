//! Text to token states: the tokenizer, and one transformer for BERT and MPNet kinds.

pub mod config;
pub mod export;
pub mod fast;
pub(crate) mod fused;
pub mod input;
pub mod layers;
pub mod params;
pub mod transformer;

impl From<candle_core::Error> for crate::error::Error {
    fn from(e: candle_core::Error) -> Self {
        crate::error::Error::Compute(e.to_string())
    }
}
