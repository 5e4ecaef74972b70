//! The candle model against PyTorch (`scripts/reference/make_golden.py` makes the files).

use crate::support::repo;
use candle_core::{Device, Tensor};
use demarche::data::Span;
use demarche::encoder::input::Input;
use demarche::encoder::params::Params;
use demarche::stance::features::Batch;
use demarche::stance::model::{ModelConfig, StanceModel};
use serde_json::Value;

fn numbers(v: &Value) -> Vec<f32> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

fn close(name: &str, got: &Tensor, want: &Value) {
    let got: Vec<f32> = got.flatten_all().unwrap().to_vec1().unwrap();
    let want = numbers(want);
    assert_eq!(got.len(), want.len(), "{name}");
    let worst = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 2e-4, "{name}: off by {worst}");
}

#[test]
fn candle_computes_what_the_reference_computes() {
    for kind in ["bert", "mpnet"] {
        let file = std::fs::read(repo(&format!("tests/golden/{kind}.json"))).unwrap();
        let golden: Value = serde_json::from_slice(&file).unwrap();
        let config: ModelConfig = serde_json::from_value(golden["config"].clone()).unwrap();
        let weights = std::fs::read(repo(&format!("tests/golden/{kind}.safetensors"))).unwrap();
        let model = StanceModel::load(&Params::load(&[&weights], &Device::Cpu).unwrap(), &config).unwrap();
        for case in golden["cases"].as_array().unwrap() {
            let ids: Vec<u32> = numbers(&case["ids"]).iter().map(|&x| x as u32).collect();
            let input = Input {
                offsets: vec![Span::new(0, 1); ids.len()],
                start: case["start"].as_u64().unwrap() as usize,
                ids,
            };
            let actors: Vec<Vec<usize>> = case["actors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| numbers(a).iter().map(|&x| x as usize).collect())
                .collect();
            let b = Batch::new(&[&input], &[&actors], &Device::Cpu).unwrap();
            let states = model.states(&b, None).unwrap();
            close("states", &states, &case["states"]);
            let t = model.heads().tokens(&states, None).unwrap();
            let a = model.heads().actors(&states, &b, None).unwrap();
            for (name, got) in [
                ("mention", &t.mention),
                ("target", &t.target),
                ("about", &t.about),
                ("stance", &a.stance),
                ("type", &a.kind),
                ("code", &a.code),
                ("roles", &a.roles),
                ("voice", &a.voice),
                ("evidence", &a.evidence),
            ] {
                close(&format!("{kind} {name}"), got, &case[name]);
            }
        }
    }
}
