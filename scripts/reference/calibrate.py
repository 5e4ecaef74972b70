#!/usr/bin/env python3
"""Take back the tilt of the class weights, then fit the temperature of the stance probabilities on held-out coded
paragraphs, by likelihood; write calibration.json.

    calibrate.py --run DIR --base DIR --held FILE ... --out FILE

Training weighs the rare labels more, so its probabilities are too high for them: each is divided by its label's weight
(logit adjustment, Menon et al. 2021). Where a teacher was asked about every batch there is nothing to take back: the weight
then stands before a whole distribution and favours none of its labels. Each held-out file weighs the same. Prints expected calibration error and macro-F1 before and after, each file fitted by the
half of its paragraphs that is not being measured, so that the figures are not those of the fit itself.
"""
import argparse, json, os, sys
import numpy as np, torch
from safetensors.torch import load_file
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from model import StanceModel, STANCES
from data import Composer, load, example, collate, batches
from train import f1s


@torch.no_grad()
def logits(model, rows, composer, codes):
    ex = [example(r, composer, codes) for r in rows]
    by = {}
    for bt in batches(ex, composer.pad, 6000):
        z = collate(bt, composer.pad)
        o = model(z)["stance"]
        for i, e in enumerate(bt):
            j = 0; out = []
            for x in e["actors"]:
                if x is None: out.append(None)
                else: out.append(o[i, j].numpy()); j += 1
            by[e["id"]] = out
    L, Y, G = [], [], []
    for k, r in enumerate(rows):
        for a, l in zip(r["actors"], by[r["id"]]):
            if l is not None: L.append(l); Y.append(STANCES.index(a["stance"])); G.append(k)
    return torch.tensor(np.array(L)), torch.tensor(Y), np.array(G)


def fit(sets):
    """One temperature (Guo et al. 2017): it cannot change a label."""
    t = torch.zeros(1, requires_grad=True)
    opt = torch.optim.LBFGS([t], max_iter=100)
    def step():
        opt.zero_grad()
        l = sum(torch.nn.functional.cross_entropy(x / t.exp(), y) for x, y in sets)
        l.backward(); return l
    opt.step(step)
    return float(t.detach().exp())


def ece(p, y):
    c, a = p.max(1); c = c.numpy(); r = (a == y).numpy(); e = 0
    for i in range(10):
        m = (np.minimum((c * 10).astype(int), 9) == i)
        if m.any(): e += abs(c[m].mean() - r[m].mean()) * m.mean()
    return e


ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--run", required=True); ap.add_argument("--base", required=True); ap.add_argument("--held", nargs="+", required=True); ap.add_argument("--out", required=True)
a = ap.parse_args()
c = json.load(open(os.path.join(a.run, "config.json")))
m = StanceModel(c["encoder"], c["codes"], c["depth"], 0.0).eval()
m.load_state_dict(load_file(os.path.join(a.run, "best.safetensors")))
comp = Composer(os.path.join(a.base, "tokenizer.json"), c["encoder"]["model_type"] == "mpnet", c["context"])
tilt = torch.tensor([float(x) for x in c["arguments"]["class_weights"].split(",")]).log()
if c["arguments"].get("teacher"): tilt = torch.zeros(4)
sets = {h: logits(m, load(h), comp, c["codes"]) for h in a.held}
raw = {h: x for h, (x, _, _) in sets.items()}
sets = {h: (x - tilt, y, g) for h, (x, y, g) in sets.items()}
f1 = lambda p, y: f1s(list(zip(y.tolist(), p.argmax(1).tolist())))[0]
for h, (x, y, g) in sets.items():
    p0 = raw[h].softmax(1); out = torch.zeros_like(x)
    for half in (0, 1):
        parts = [(s[0][s[2] % 2 != half], s[1][s[2] % 2 != half]) for s in sets.values()]
        t = fit(parts)
        k = torch.tensor(g % 2 == half); out[k] = (x[k] / t).softmax(1)
    print(f"{os.path.basename(h)}: ECE {ece(p0, y):.4f} -> {ece(out, y):.4f}; macro-F1 {f1(p0, y):.4f} -> {f1(out, y):.4f}")
t = fit([(x, y) for x, y, _ in sets.values()])
old = json.load(open(a.out)) if os.path.exists(a.out) else {}
old |= {"temperature": round(t, 4), "bias": [round(0.0 - float(v) / t, 4) for v in tilt]}
json.dump(old, open(a.out, "w"), indent=1); open(a.out, "a").write("\n")
print(old)
