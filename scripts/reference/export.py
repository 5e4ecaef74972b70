#!/usr/bin/env python3
"""A training run to a shippable model folder: int8 weights in the layout the kernels read, config, tokenizer, manifest.

    export.py --run DIR --base DIR --out DIR --name NAME --calibrate FILE [--shard-mb 90]

Linear weights: one scale per output channel, symmetric, packed [out/16][in/4][16][4]; the embedding table: one scale per
row. Biases, norms and narrow heads stay f32. Where a layer normalisation feeds a product, channels that would drown the
others in int8 are made smaller and the weights take it back (`.smooth`; SmoothQuant, Xiao et al. 2023); how large each
channel gets is seen on the first paragraphs of FILE. Before the attention's output the same needs no factors: they go into
the values' weights.
"""
import argparse, json, os, shutil, struct, sys
import numpy as np, torch
from safetensors.torch import load_file
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from model import StanceModel
from data import Composer, load, example, collate, batches


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


@torch.no_grad()
def greatest(run, base, config, paragraphs):
    """Name of a linear map of the encoder -> greatest absolute value of each of its input channels."""
    model = StanceModel.from_base(base, config["codes"], config["depth"])
    model.load_state_dict(load_file(os.path.join(run, "best.safetensors")))
    model.eval()
    out = {}
    def see(name):
        def hook(_, x):
            top = x[0].abs().flatten(0, -2).amax(0)
            out[name] = torch.maximum(out[name], top) if name in out else top
        return hook
    for name, m in model.named_modules():
        if name.startswith("encoder.layers.") and name.split(".")[-1] in ("q", "up", "o"): m.register_forward_pre_hook(see(name))
    composer = Composer(os.path.join(base, "tokenizer.json"), config["encoder"]["model_type"] == "mpnet", config["context"])
    for bt in batches([example(r, composer, config["codes"]) for r in paragraphs], composer.pad, 4000): model(collate(bt, composer.pad))
    return {k: v.numpy() for k, v in out.items()}


def smooth(w, top, layers):
    """Factors of input channels, name -> [in]; `w` is changed so that the whole computes what it did."""
    out = {}
    for i in range(layers):
        n = f"encoder.layers.{i}."
        for names, power in ((("q", "k", "v"), 0.7), (("up",), 0.7)):
            by = np.maximum.reduce([np.abs(w[f"{n}{x}.weight"]).max(0) for x in names])
            s = (np.maximum(by, 1e-5) ** (1 - power) / np.maximum(top[n + names[0]], 1e-5) ** power).astype(np.float32)
            for x in names: w[f"{n}{x}.weight"] = w[f"{n}{x}.weight"] / s; out[f"{n}{x}.weight"] = s
        s = np.sqrt(np.maximum(np.abs(w[n + "o.weight"]).max(0), 1e-5) / np.maximum(top[n + "o"], 1e-5)).astype(np.float32)
        w[n + "o.weight"] = w[n + "o.weight"] / s
        for x in ("v.weight", "v.bias"): w[n + x] = w[n + x] * (s[:, None] if x == "v.weight" else s)
    return out


ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--run", required=True); ap.add_argument("--base", required=True); ap.add_argument("--out", required=True)
ap.add_argument("--name", required=True); ap.add_argument("--calibrate", required=True, help="coded paragraphs"); ap.add_argument("--shard-mb", type=float, default=90)
a = ap.parse_args()
os.makedirs(a.out, exist_ok=True)
w = {k: v.float().numpy() for k, v in load_file(os.path.join(a.run, "best.safetensors")).items()}
c = json.load(open(os.path.join(a.run, "config.json")))
tensors = {}
factors = smooth(w, greatest(a.run, a.base, c, load(a.calibrate)[:200]), c["encoder"]["num_hidden_layers"])
for n, t in w.items():
    if n == "encoder.word.weight": tensors[n], tensors[n + ".scale"] = quantise(t)
    elif t.ndim == 2 and n.endswith(".weight") and t.shape[0] % 16 == 0 and t.shape[1] % 64 == 0 and not n.startswith(("encoder.position", "encoder.kind", "encoder.relative")):
        q, s = quantise(t)
        tensors[n], tensors[n + ".scale"] = pack(q), s
        tensors[n + ".sum"] = q.astype(np.int32).sum(1, dtype=np.int32)
        if n in factors: tensors[n + ".smooth"] = factors[n]
    elif n == "encoder.position.weight": tensors[n] = t.astype(np.float16)
    else: tensors[n] = t.astype(np.float32)
shards, size = [{}], 0
for n in sorted(tensors):
    stem = n.removesuffix(".scale").removesuffix(".sum").removesuffix(".smooth")
    if size + tensors[n].nbytes > a.shard_mb * 1e6 and stem == n: shards.append({}); size = 0
    shards[-1][n] = tensors[n]; size += tensors[n].nbytes
names = ["model.safetensors"] if len(shards) == 1 else [f"model-{i + 1}-of-{len(shards)}.safetensors" for i in range(len(shards))]
for f in os.listdir(a.out):
    if f.startswith("model") and f.endswith(".safetensors"): os.remove(os.path.join(a.out, f))
for f, s in zip(names, shards): write(os.path.join(a.out, f), s)
keep = ("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size", "max_position_embeddings",
        "type_vocab_size", "relative_attention_num_buckets", "layer_norm_eps", "hidden_act")
c["encoder"] = {k: c["encoder"][k] for k in keep if k in c["encoder"]}
c.pop("arguments", None)
json.dump(c, open(os.path.join(a.out, "config.json"), "w"), indent=1)
shutil.copy(os.path.join(a.base, "tokenizer.json"), os.path.join(a.out, "tokenizer.json"))
print(a.out, names, round(sum(t.nbytes for t in tensors.values()) / 1e6, 1), "MB")
