//! Actors to scored actors.

use super::Pipeline;
use crate::data::{Actor, Role, ScoredActor, Stance, Voice};
use crate::error::Result;
use crate::stance::engine::{ActorScore, Encoded};
use crate::stance::evidence::best_span;
use crate::stance::features::{ActorTokens, actor_tokens};
use crate::stance::model::ROLES;

/// From which probability of a position on a pronoun that the tagger passed over is taken for an actor.
const PRONOUN: f32 = 0.5;

impl Pipeline {
    /// Score `actors`, and with them those for whom only a pronoun stands (`passed`), of whom those stay that hold a
    /// position. What is said of `actors` is what it would be without them.
    pub(super) fn actors_and_pronouns(
        &self,
        text: &str,
        windows: &[&Encoded],
        actors: Vec<Actor>,
        passed: Vec<Actor>,
    ) -> Result<Vec<ScoredActor>> {
        if passed.is_empty() {
            return self.actors(text, windows, actors);
        }
        let first = actors.len();
        let all = actors.iter().cloned().chain(passed).collect();
        let pronouns = self.actors(text, windows, all)?.split_off(first);
        let holds = |a: &ScoredActor| a.stance != Stance::None && a.p[a.stance.index()] >= PRONOUN;
        let mut out = self.actors(text, windows, actors)?;
        let kept: Vec<ScoredActor> = pronouns.into_iter().filter(holds).collect();
        if kept.is_empty() {
            return Ok(out);
        }
        out.extend(kept);
        out.sort_by_key(|a| a.actor.mentions.first().map_or(0, |m| m.start));
        Ok(out)
    }

    /// Score `actors` of one paragraph from its encoded windows. Where a long paragraph has several windows, an actor is
    /// judged by the one that shows most of a position: silence elsewhere does not undo it.
    pub(super) fn actors(&self, text: &str, windows: &[&Encoded], actors: Vec<Actor>) -> Result<Vec<ScoredActor>> {
        let mut best: Vec<Option<([f32; 4], ActorScore, usize)>> = vec![None; actors.len()];
        for (w, encoded) in windows.iter().enumerate() {
            let tokens: Vec<(usize, ActorTokens)> = actors
                .iter()
                .map(|a| actor_tokens(&encoded.input, &a.mentions))
                .enumerate()
                .filter(|(_, t)| !t.is_empty())
                .collect();
            let asked: Vec<ActorTokens> = tokens.iter().map(|(_, t)| t.clone()).collect();
            for ((i, _), score) in tokens.iter().zip(self.engine.actors(encoded, &asked)?) {
                let p = self.calibration.stance(score.stance);
                let none = Stance::None.index();
                if best[*i].as_ref().is_none_or(|(q, ..)| p[none] < q[none]) {
                    best[*i] = Some((p, score, w));
                }
            }
        }
        Ok(actors
            .into_iter()
            .zip(best)
            .map(|(actor, best)| match best {
                Some((p, score, w)) => self.judged(text, windows[w], actor, p, &score),
                // A mention without a single token (a lone control character, say) can hold no position.
                None => ScoredActor {
                    actor,
                    stance: Stance::None,
                    p: [0.0, 0.0, 0.0, 1.0],
                    evidence: None,
                    roles: vec![Role::Bystander],
                    voice: None,
                    abstained: false,
                },
            })
            .collect())
    }

    fn judged(&self, text: &str, window: &Encoded, actor: Actor, p: [f32; 4], score: &ActorScore) -> ScoredActor {
        let stance =
            Stance::ALL.into_iter().max_by(|a, b| p[a.index()].total_cmp(&p[b.index()])).unwrap_or(Stance::None);
        let holds = stance != Stance::None;
        let mut roles: Vec<Role> = if holds { vec![Role::Holder] } else { Vec::new() };
        let told = ROLES.into_iter().zip(score.roles).zip(self.calibration.roles);
        roles.extend(told.filter(|&((r, q), bar)| r != Role::Bystander && q >= bar).map(|((r, _), _)| r));
        if roles.is_empty() {
            roles.push(Role::Bystander);
        }
        let voice = Voice::ALL.into_iter().zip(score.voice).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(v, _)| v);
        ScoredActor {
            actor,
            stance,
            p,
            evidence: if holds {
                best_span(text, &window.input.offsets, &score.evidence, self.calibration.evidence)
            } else {
                None
            },
            roles,
            voice: voice.filter(|_| holds),
            abstained: p[stance.index()] < self.options.abstain,
        }
    }
}
