#!/usr/bin/env python3
"""Golden files for the candle model: small random models of both kinds, their inputs, and what PyTorch computes in f32.

    make_golden.py tests/golden        (PyTorch, safetensors; no data needed)
"""
import json, os, sys
import torch
from safetensors.torch import save_file
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from model import StanceModel, distance_bucket

out = sys.argv[1]
for kind in ("bert", "mpnet"):
    torch.manual_seed(11)
    c = {"model_type": kind, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64, "vocab_size": 60,
         "max_position_embeddings": 150, "layer_norm_eps": 1e-12 if kind == "bert" else 1e-5, "hidden_act": "gelu"}
    c |= {"type_vocab_size": 2} if kind == "bert" else {"relative_attention_num_buckets": 32}
    codes = ["?", "-", "CHN", "USA"]
    m = StanceModel(c, codes, depth=2, drop=0.0).eval()
    with torch.no_grad():
        for p in m.parameters():
            if p.ndim == 2: p.normal_(0, 0.25)
            else: p.add_(torch.randn_like(p) * 0.1)
    cases = []
    # Lengths on both sides of the relative buckets' logarithmic part; start is where the paragraph begins.
    for n, start, actors in ((9, 4, [[5], [6, 7]]), (40, 12, [[12, 13, 30], [20], [33, 34]]), (140, 30, [[31], [100, 101]])):
        ids = torch.randint(5, 60, (1, n))
        kinds = (torch.arange(n) >= start).long()[None]
        keep = torch.ones(1, n)
        a = torch.zeros(1, len(actors), n); dist = torch.zeros(1, len(actors), n, dtype=torch.long); seg = torch.zeros_like(dist)
        for j, toks in enumerate(actors):
            t = torch.tensor(toks); a[0, j, t] = 1
            d = torch.arange(n)[:, None] - t[None, :]
            dist[0, j] = distance_bucket(d[torch.arange(n), d.abs().argmin(1)])
            seg[0, j, start:] = 1; seg[0, j, t] = 2
        b = {"ids": ids, "kinds": kinds, "keep": keep, "actors": a, "present": torch.ones(1, len(actors)), "distance": dist, "segment": seg}
        with torch.no_grad():
            states = m.encoder(ids, kinds, keep)
            o = m(b, states)
        r = lambda t: [round(float(x), 6) for x in t.flatten()]
        cases.append({"ids": ids[0].tolist(), "start": start, "actors": actors, "states": r(states), **{k: r(v) for k, v in o.items()}})
    save_file({k: v.contiguous() for k, v in m.state_dict().items()}, os.path.join(out, f"{kind}.safetensors"))
    json.dump({"config": {"encoder": c, "codes": codes, "depth": 2, "context": 8, "title": 4, "paragraph": 64}, "cases": cases}, open(os.path.join(out, f"{kind}.json"), "w"))
