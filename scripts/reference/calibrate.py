#!/usr/bin/env python3
"""Take back the tilt of the class weights, then fit the temperature of the stance probabilities on held-out coded
paragraphs, by likelihood; write calibration.json.

    calibrate.py --run DIR --base DIR --held FILE ... --out FILE [--roles]

With --roles temperature and biases stay as they are, so that RUN may be a shipped model unpacked (unpack.py).

Training weighs the rare labels more, so its probabilities are too high for them: each is divided by its label's weight
(logit adjustment, Menon et al. 2021). Where a teacher was asked about every batch there is nothing to take back: the weight
then stands before a whole distribution and favours none of its labels. Each held-out file weighs the same. Prints expected calibration error and macro-F1 before and after, each file fitted by the
half of its paragraphs that is not being measured, so that the figures are not those of the fit itself.

A role is given from the probability on that serves its F1 best on the held-out paragraphs where roles are coded: rare roles
seldom reach one half. Their F1 is printed in the same way, at one half and at the fitted bar.
"""
import argparse, json, os, sys
import numpy as np, torch
from safetensors.torch import load_file
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from model import StanceModel, ROLES, STANCES
from data import Composer, load, example, collate, batches
from train import f1s


@torch.no_grad()
def logits(model, rows, composer, codes):
    ex = [example(r, composer, codes) for r in rows]
    by = {}
    for bt in batches(ex, composer.pad, 6000):
        z = collate(bt, composer.pad)
        o = model(z)
        for i, e in enumerate(bt):
            j = 0; out = []
            for x in e["actors"]:
                if x is None: out.append(None)
                else: out.append((o["stance"][i, j].numpy(), o["roles"][i, j].sigmoid().numpy())); j += 1
            by[e["id"]] = out
    L, Y, G, R = [], [], [], []
    for k, r in enumerate(rows):
        for a, l in zip(r["actors"], by[r["id"]]):
            if l is None: continue
            L.append(l[0]); Y.append(STANCES.index(a["stance"])); G.append(k)
            if "roles" in a: R.append((k, l[1], [x in a["roles"] for x in ROLES]))
    return torch.tensor(np.array(L)), torch.tensor(Y), np.array(G), R


BARS = [x / 20 for x in range(2, 15)]


def role_f1(rows, k, bar):
    tp = sum(p[k] >= bar and y[k] for _, p, y in rows); wrong = sum((p[k] >= bar) != y[k] for _, p, y in rows)
    return 2 * tp / max(1, 2 * tp + wrong)


def role_bars(rows):
    return [max(BARS, key=lambda b: (role_f1(rows, k, b), -abs(b - 0.5))) for k in range(len(ROLES))]


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
ap.add_argument("--roles", action="store_true", help="fit the bars of the roles alone")
a = ap.parse_args()
c = json.load(open(os.path.join(a.run, "config.json")))
m = StanceModel(c["encoder"], c["codes"], c["depth"], 0.0).eval()
m.load_state_dict(load_file(os.path.join(a.run, "best.safetensors")))
comp = Composer(os.path.join(a.base, "tokenizer.json"), c["encoder"]["model_type"] == "mpnet", c["context"])
tilt = torch.zeros(4)
if not a.roles and not c["arguments"].get("teacher"): tilt = torch.tensor([float(x) for x in c["arguments"]["class_weights"].split(",")]).log()
sets = {h: logits(m, load(h), comp, c["codes"]) for h in a.held}
roles = [r for s in sets.values() for r in s[3]]
raw = {h: s[0] for h, s in sets.items()}
sets = {h: (x - tilt, y, g) for h, (x, y, g, _) in sets.items()}
f1 = lambda p, y: f1s(list(zip(y.tolist(), p.argmax(1).tolist())))[0]
for h, (x, y, g) in sets.items() if not a.roles else ():
    p0 = raw[h].softmax(1); out = torch.zeros_like(x)
    for half in (0, 1):
        parts = [(s[0][s[2] % 2 != half], s[1][s[2] % 2 != half]) for s in sets.values()]
        t = fit(parts)
        k = torch.tensor(g % 2 == half); out[k] = (x[k] / t).softmax(1)
    print(f"{os.path.basename(h)}: ECE {ece(p0, y):.4f} -> {ece(out, y):.4f}; macro-F1 {f1(p0, y):.4f} -> {f1(out, y):.4f}")
old = json.load(open(a.out)) if os.path.exists(a.out) else {}
if not a.roles:
    t = fit([(x, y) for x, y, _ in sets.values()])
    old |= {"temperature": round(t, 4), "bias": [round(0.0 - float(v) / t, 4) for v in tilt]}
if roles:
    parts = [[r for r in roles if r[0] % 2 == half] for half in (0, 1)]
    fitted = [role_bars(parts[1]), role_bars(parts[0])]
    old["roles"] = role_bars(parts[0] + parts[1])
    for k, name in enumerate(ROLES[:4]):
        f = [[role_f1(p, k, b) for p, b in zip(parts, bars)] for bars in ([0.5, 0.5], [fitted[0][k], fitted[1][k]])]
        print(f"role {name}: F1 {sum(f[0]) / 2:.3f} at 0.5, {sum(f[1]) / 2:.3f} at a fitted bar; in all at {old['roles'][k]}")
json.dump(old, open(a.out, "w"), indent=1); open(a.out, "a").write("\n")
print(old)
