use super::*;
use crate::encoder::input::Input;
use crate::stance::features::Batch;

/// A small model of either kind with random weights everywhere, so that no gradient is zero by accident.
fn tiny(kind: Kind) -> (Params, ModelConfig) {
    let encoder = EncoderConfig {
        kind,
        hidden_size: 16,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        intermediate_size: 32,
        vocab_size: 50,
        max_position_embeddings: 40,
        type_vocab_size: 2,
        relative_attention_num_buckets: 32,
        layer_norm_eps: 1e-5,
        hidden_act: "gelu".into(),
    };
    let config =
        ModelConfig { encoder, codes: vec!["?".into(), "USA".into()], depth: 2, context: 8, title: 4, paragraph: 16 };
    let mut p = Params::default();
    fresh_heads(&mut p, &config, 3, &Device::Cpu).unwrap();
    let c = &config.encoder;
    let mut state = 9u64;
    for (ours, _) in names(c) {
        let d = c.hidden_size;
        let shape: Vec<usize> = match ours.as_str() {
            "word.weight" => vec![c.vocab_size, d],
            "position.weight" => vec![c.max_position_embeddings, d],
            "kind.weight" => vec![2, d],
            "relative.weight" => vec![32, 4],
            n if n.ends_with("up.weight") => vec![32, d],
            n if n.ends_with("down.weight") => vec![d, 32],
            n if n.ends_with("up.bias") => vec![32],
            n if n.ends_with("norm.weight") || n.ends_with("bias") => vec![d],
            _ => vec![d, d],
        };
        let n = shape.iter().product();
        let v: Vec<f32> = (0..n).map(|_| (unit(splitmix(&mut state)) - 0.5) as f32).collect();
        p.insert(&format!("encoder.{ours}"), Tensor::from_vec(v, shape, &Device::Cpu).unwrap());
    }
    (p.trainable(|_| true).unwrap(), config)
}

fn example() -> (Batch, data::Gold) {
    use crate::data::{ActorType, Role, Span, Stance, Voice};
    use crate::gold::{GoldActor, GoldParagraph};
    let actor = |start: usize, end: usize, stance| GoldActor {
        mentions: vec![Span::new(start, end)],
        code: "USA".into(),
        kind: ActorType::State,
        stance,
        soft: None,
        name: None,
        evidence: Some(Span::new(4, 8)),
        roles: Some(vec![Role::Sender]),
        voice: Some(Voice::Act),
    };
    let g = GoldParagraph {
        id: "x".into(),
        genre: "news".into(),
        title: None,
        date: None,
        context: None,
        text: "abcdefgh".into(),
        about: Some(true),
        targets: Some(vec!["USA".into()]),
        actors: vec![actor(0, 1, Stance::Ease), actor(3, 5, Stance::Maintain)],
        coded: true,
        origin: Default::default(),
    };
    let input = Input { ids: (1..14).collect(), start: 4, offsets: (0..8).map(|i| Span::new(i, i + 1)).collect() };
    let e = data::Example::of(&g, input, &["?".into(), "USA".into()], vec![(5, true), (6, false)]);
    batch(&[&e], &[1.0; 4], 0.05, &Device::Cpu).unwrap()
}

#[test]
fn every_trainable_parameter_gets_a_gradient() {
    for kind in [Kind::Bert, Kind::MpNet] {
        let (p, config) = tiny(kind);
        let model = StanceModel::load(&p, &config).unwrap();
        let (x, gold) = example();
        let (l, _) = loss::loss(&model, &x, &gold, Weights::default(), None).unwrap();
        let grads = l.backward().unwrap();
        for (name, var) in p.vars() {
            let g = grads.get(var).unwrap_or_else(|| panic!("{kind:?}: no gradient reaches {name}"));
            let size: f32 = g.abs().unwrap().sum_all().unwrap().to_scalar().unwrap();
            // A key's bias moves all scores of a query alike, which the softmax cannot see: its gradient is zero by nature.
            if name.ends_with(".k.bias") {
                continue;
            }
            assert!(size > 0.0, "{kind:?}: the gradient of {name} is zero");
        }
    }
}

#[test]
fn a_few_steps_lower_the_loss_and_a_checkpoint_resumes_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let run = |steps: usize, params: &Params, opt: &mut AdamW, config: &ModelConfig| -> f32 {
        let model = StanceModel::load(params, config).unwrap();
        let (x, gold) = example();
        let mut last = 0.0;
        for _ in 0..steps {
            let (l, _) = loss::loss(&model, &x, &gold, Weights::default(), None).unwrap();
            last = l.to_scalar::<f32>().unwrap();
            let g = l.backward().unwrap();
            opt.step(params.vars(), &g, |_, _| Group { rate: 1e-2, decay: 0.0 }, 1.0, 1.0).unwrap();
        }
        last
    };
    let (p, config) = tiny(Kind::Bert);
    let mut opt = AdamW::new();
    let first = run(1, &p, &mut opt, &config);
    run(4, &p, &mut opt, &config);
    checkpoint::save(folder.path(), &p, &opt, Progress { step: 5, epoch: 1, best: 0.5 }).unwrap();
    let on = run(3, &p, &mut opt, &config);
    assert!(on < first, "{on} is not below {first}");
    let (q, _) = tiny(Kind::Bert);
    let mut fresh = AdamW::new();
    let progress = checkpoint::load(folder.path(), &q, &mut fresh, &Device::Cpu).unwrap();
    assert_eq!(progress, Progress { step: 5, epoch: 1, best: 0.5 });
    assert_eq!(run(3, &q, &mut fresh, &config), on, "a resumed run must go on bit for bit");
}

#[test]
fn the_schedule_rises_and_falls() {
    let f: Vec<f64> = (0..100).map(|s| schedule(s, 100)).collect();
    assert!(f[0] > 0.0 && f[9] == 1.0 && f[99] > 0.0 && f[99] < 0.02);
}
