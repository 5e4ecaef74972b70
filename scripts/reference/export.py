#!/usr/bin/env python3
"""A training run to a shippable model folder: int8 weights in the layout the kernels read, config, tokenizer, manifest.

    export.py --run DIR --base DIR --out DIR --name NAME [--shard-mb 90] [--f16]

Linear weights: one scale per output channel, symmetric, packed [out/16][in/4][16][4]; the embedding table: one scale per
row. Biases, norms and narrow heads stay f32.
"""
import argparse, hashlib, json, os, shutil, struct
import numpy as np
from safetensors.torch import load_file


def quantise(w):
    scale = np.maximum(np.abs(w).max(1), 1e-8) / 127.0
    return np.clip(np.rint(w / scale[:, None]), -127, 127).astype(np.int8), scale.astype(np.float32)


def pack(q):
    out, inner = q.shape
    return q.reshape(out // 16, 16, inner // 4, 4).transpose(0, 2, 1, 3).copy()


def write(path, tensors):
    """safetensors with every tensor at a multiple of 64 bytes, so that kernels read a mapped file in place."""
    names = sorted(tensors, key=lambda n: (tensors[n].nbytes % 64 != 0, n))
    head, at = {}, 0
    for n in names:
        t = tensors[n]
        kind = {"float32": "F32", "float16": "F16", "int8": "I8", "int32": "I32"}[str(t.dtype)]
        head[n] = {"dtype": kind, "shape": list(t.shape), "data_offsets": [at, at + t.nbytes]}
        at += t.nbytes
    h = json.dumps(head, separators=(",", ":")).encode()
    h += b" " * ((-(len(h) + 8)) % 64)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(h))); f.write(h)
        for n in names: f.write(tensors[n].tobytes())


ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--run", required=True); ap.add_argument("--base", required=True); ap.add_argument("--out", required=True)
ap.add_argument("--name", required=True); ap.add_argument("--shard-mb", type=float, default=90)
a = ap.parse_args()
os.makedirs(a.out, exist_ok=True)
w = {k: v.float().numpy() for k, v in load_file(os.path.join(a.run, "best.safetensors")).items()}
tensors = {}
for n, t in w.items():
    if n == "encoder.word.weight": tensors[n], tensors[n + ".scale"] = quantise(t)
    elif t.ndim == 2 and n.endswith(".weight") and t.shape[0] % 16 == 0 and t.shape[1] % 64 == 0 and not n.startswith(("encoder.position", "encoder.kind", "encoder.relative")):
        q, s = quantise(t)
        tensors[n], tensors[n + ".scale"] = pack(q), s
        tensors[n + ".sum"] = q.astype(np.int32).sum(1, dtype=np.int32)
    elif n == "encoder.position.weight": tensors[n] = t.astype(np.float16)
    else: tensors[n] = t.astype(np.float32)
shards, size = [{}], 0
for n in sorted(tensors):
    stem = n.removesuffix(".scale").removesuffix(".sum")
    if size + tensors[n].nbytes > a.shard_mb * 1e6 and stem == n: shards.append({}); size = 0
    shards[-1][n] = tensors[n]; size += tensors[n].nbytes
names = ["model.safetensors"] if len(shards) == 1 else [f"model-{i + 1}-of-{len(shards)}.safetensors" for i in range(len(shards))]
for f in os.listdir(a.out):
    if f.startswith("model") and f.endswith(".safetensors"): os.remove(os.path.join(a.out, f))
for f, s in zip(names, shards): write(os.path.join(a.out, f), s)
c = json.load(open(os.path.join(a.run, "config.json")))
keep = ("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size", "max_position_embeddings",
        "type_vocab_size", "relative_attention_num_buckets", "layer_norm_eps", "hidden_act")
c["encoder"] = {k: c["encoder"][k] for k in keep if k in c["encoder"]}
c.pop("arguments", None)
json.dump(c, open(os.path.join(a.out, "config.json"), "w"), indent=1)
shutil.copy(os.path.join(a.base, "tokenizer.json"), os.path.join(a.out, "tokenizer.json"))
print(a.out, names, round(sum(t.nbytes for t in tensors.values()) / 1e6, 1), "MB")
