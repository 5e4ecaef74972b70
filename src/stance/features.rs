//! Actors as the heads see them: which tokens are theirs, and how far every token is from them.

use crate::data::Span;
use crate::encoder::input::Input;
use candle_core::{Device, Result as Computed, Tensor};

/// Number of distance buckets.
pub const DISTANCES: usize = 24;

/// Lower ends of the far buckets 5 to 11.
const FAR: [usize; 7] = [7, 13, 22, 38, 66, 115, 202];

/// Bucket of the distance from a mention to a token: exact up to 4, then seven ranges; tokens that come later in the
/// upper half.
pub fn distance_bucket(distance: usize, later: bool) -> u32 {
    let near = if distance <= 4 { distance } else { 4 + FAR.partition_point(|&f| f <= distance) };
    near as u32 + if later { 12 } else { 0 }
}

/// One actor: its token positions in the sequence (specials counted), ascending and without repeats.
pub type ActorTokens = Vec<usize>;

/// The positions of an actor's mentions in `input`; empty where none of them lies in this window.
pub fn actor_tokens(input: &Input, mentions: &[Span]) -> ActorTokens {
    let mut out: Vec<usize> = mentions.iter().flat_map(|&m| input.tokens_of(m)).map(|i| i + input.start).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// For one actor, per position of a sequence of `len` tokens: distance bucket, and segment (0 before the paragraph, 1 in
/// it, 2 in an own mention).
pub fn relations(tokens: &[usize], start: usize, len: usize) -> (Vec<u32>, Vec<u32>) {
    let mut buckets = Vec::with_capacity(len);
    let mut segments = Vec::with_capacity(len);
    let mut next = 0;
    for p in 0..len {
        while next < tokens.len() && tokens[next] < p {
            next += 1;
        }
        let after = tokens.get(next).map(|&t| t - p);
        let before = next.checked_sub(1).and_then(|i| tokens.get(i)).map(|&t| p - t);
        // A tie goes to the mention that stands before, as the nearest in reading order.
        let (d, later) = match (before, after) {
            (Some(b), Some(a)) if b <= a && a > 0 => (b, true),
            (_, Some(a)) => (a, false),
            (Some(b), None) => (b, true),
            (None, None) => (len, false),
        };
        buckets.push(distance_bucket(d, later));
        segments.push(if d == 0 { 2 } else { u32::from(p >= start) });
    }
    (buckets, segments)
}

/// A batch of paragraphs with their actors, as tensors: B paragraphs, T tokens, A actors.
pub struct Batch {
    /// `[B,T]` u32.
    pub ids: Tensor,
    /// `[B,T]` u32: 0 before the paragraph, 1 from it on.
    pub kinds: Tensor,
    /// `[B,T]` f32: 1 where there is a token.
    pub keep: Tensor,
    /// `[B,A,T]` f32: 1 at the tokens of the actor's mentions.
    pub actors: Tensor,
    /// `[B,A]` f32: 1 where there is an actor.
    pub present: Tensor,
    /// `[B,A,T]` u32, see [`relations`].
    pub distance: Tensor,
    /// `[B,A,T]` u32, see [`relations`].
    pub segment: Tensor,
}

impl Batch {
    /// Pad `inputs` and their actors to common lengths.
    pub fn new(inputs: &[&Input], actors: &[&[ActorTokens]], device: &Device) -> Computed<Batch> {
        let b = inputs.len();
        let t = inputs.iter().map(|i| i.ids.len()).max().unwrap_or(0);
        let a = actors.iter().map(|x| x.len()).max().unwrap_or(0);
        let mut ids = vec![0u32; b * t];
        let mut kinds = vec![0u32; b * t];
        let mut keep = vec![0f32; b * t];
        let mut own = vec![0f32; b * a * t];
        let mut present = vec![0f32; b * a];
        let mut distance = vec![0u32; b * a * t];
        let mut segment = vec![0u32; b * a * t];
        for (i, input) in inputs.iter().enumerate() {
            let n = input.ids.len();
            ids[i * t..i * t + n].copy_from_slice(&input.ids);
            kinds[i * t..i * t + n].copy_from_slice(&input.kinds());
            keep[i * t..i * t + n].fill(1.0);
            for (j, tokens) in actors[i].iter().enumerate().filter(|(_, tokens)| !tokens.is_empty()) {
                let row = (i * a + j) * t;
                present[i * a + j] = 1.0;
                for &p in tokens {
                    own[row + p] = 1.0;
                }
                let (d, s) = relations(tokens, input.start, n);
                distance[row..row + n].copy_from_slice(&d);
                segment[row..row + n].copy_from_slice(&s);
            }
        }
        Ok(Batch {
            ids: Tensor::from_vec(ids, (b, t), device)?,
            kinds: Tensor::from_vec(kinds, (b, t), device)?,
            keep: Tensor::from_vec(keep, (b, t), device)?,
            actors: Tensor::from_vec(own, (b, a, t), device)?,
            present: Tensor::from_vec(present, (b, a), device)?,
            distance: Tensor::from_vec(distance, (b, a, t), device)?,
            segment: Tensor::from_vec(segment, (b, a, t), device)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_grow_with_distance_and_tell_the_side() {
        let before: Vec<u32> = (0..300).map(|d| distance_bucket(d, false)).collect();
        assert!(before.windows(2).all(|w| w[0] <= w[1]));
        assert_eq!((before[0], before[4], before[6], before[7], before[299]), (0, 4, 4, 5, 11));
        assert!((0..300).all(|d| distance_bucket(d, true) == before[d] + 12));
    }

    #[test]
    fn relations_measure_to_the_nearest_mention() {
        let (d, s) = relations(&[3, 4, 9], 2, 12);
        assert_eq!(d, [3, 2, 1, 0, 0, 13, 14, 2, 1, 0, 13, 14]);
        assert_eq!(s, [0, 0, 1, 2, 2, 1, 1, 1, 1, 2, 1, 1]);
    }
}
