#!/usr/bin/env python3
"""One pass of a peer over coded or plain paragraphs, for bench_peers.sh: prints "PEER paragraphs-per-second".

    peers.py --peer PEER --run RUN_DIR --tokenizer tokenizer.json --input FILE.jsonl [--onnx FILE] [--one] [--sample N]

PEER: `ort-int8` (needs --onnx), `torch-bf16`, `torch-f32`: the encoder alone, on the very token sequences that demarche
encodes (title, context, paragraph), sorted by length in batches of 8, or with --one one by one in the order of the file.
`nli-f32`, `nli-bf16`: what a zero-shot pipeline computes, every paragraph with every of its actors and four hypotheses
through an encoder of DeBERTa-base's shape (BERT blocks of width 768 and 12 layers stand in for it, with random weights; its
own attention costs more). Tokenising is counted, loading is not; a first part of the file warms up.
"""
import argparse, json, os, sys, time
import numpy as np
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from data import Composer, load

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--peer", required=True); p.add_argument("--run", required=True); p.add_argument("--tokenizer", required=True); p.add_argument("--input", required=True)
p.add_argument("--onnx"); p.add_argument("--one", action="store_true"); p.add_argument("--sample", type=int, default=0); p.add_argument("--threads", type=int, default=2)
a = p.parse_args()
config = json.load(open(os.path.join(a.run, "config.json")))
mpnet = config["encoder"]["model_type"] == "mpnet"
compose = Composer(a.tokenizer, mpnet, config["context"])
rows = load(a.input)
if a.sample: rows = rows[::max(1, len(rows) // a.sample)][:a.sample]


def batches(sequences):
    sequences = sequences if a.one else sorted(sequences, key=lambda s: len(s[0]))
    step = 1 if a.one else 8
    for i in range(0, len(sequences), step):
        part = sequences[i:i + step]
        ids = np.full((len(part), max(len(s[0]) for s in part)), compose.pad, np.int64)
        kinds, mask = np.zeros_like(ids), np.zeros_like(ids)
        for j, (s, start, _) in enumerate(part): ids[j, :len(s)] = s; kinds[j, start:len(s)] = 1; mask[j, :len(s)] = 1
        yield ids, kinds, mask


if a.peer == "ort-int8":
    import onnxruntime as ort
    o = ort.SessionOptions(); o.intra_op_num_threads = a.threads; o.inter_op_num_threads = 1; o.log_severity_level = 3
    session = ort.InferenceSession(a.onnx, o, providers=["CPUExecutionProvider"])
    names = {i.name for i in session.get_inputs()}
    run = lambda ids, kinds, mask: session.run(None, {k: v for k, v in (("ids", ids), ("kinds", kinds), ("mask", mask)) if k in names})
else:
    import torch
    import model
    torch.set_num_threads(a.threads)
    model.attend = lambda q, k, v, b: torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=b.to(q.dtype))
    c = config["encoder"]
    if a.peer.startswith("nli"):
        c = dict(c, model_type="bert", hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072, vocab_size=30600, type_vocab_size=2, layer_norm_eps=1e-7)
    encoder = model.Encoder(c, 0.0).eval()
    kind = torch.bfloat16 if a.peer.endswith("bf16") else torch.float32
    encoder.to(kind)

    def run(ids, kinds, mask):
        with torch.inference_mode(): encoder(torch.from_numpy(ids), torch.from_numpy(kinds), torch.from_numpy(mask).to(kind))


def sequences(rows):
    for r in rows:
        if not a.peer.startswith("nli"): yield compose(r.get("title", ""), r.get("context", ""), r["text"]); continue
        for actor in r["actors"]:
            for wants in ("ease", "keep", "tighten", "no change in"): yield compose("", "", f"{r['text']} {actor['surface']} wants to {wants} sanctions.")


def once(rows):
    start = time.perf_counter()
    for b in batches(list(sequences(rows))): run(*b)
    return len(rows) / (time.perf_counter() - start)


once(rows[:max(1, min(16, len(rows) // 4))])
print(a.peer + ("-one" if a.one else ""), f"{once(rows):.2f}", flush=True)
