#!/usr/bin/env python3
"""Train the stance model in PyTorch (CPU, bf16 where the chip has it): the fast way to what `demarche train` does.

    train.py --base DIR --train FILE[:WEIGHT] ... --dev FILE ... --out DIR [options]

Writes DIR/best.safetensors (names as in the candle model), DIR/config.json, DIR/log.jsonl; resumes from DIR/last.pt.
"""
import argparse, json, math, os, random, sys, time
import numpy as np, torch, torch.nn.functional as F
from safetensors.torch import save_file, load_file
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from model import Drop, StanceModel, STANCES
from teach import Teacher
from data import Composer, load, example, collate, batches
import augment


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--base", required=True); p.add_argument("--init", help="safetensors to start from instead of the base")
    p.add_argument("--train", nargs="+", required=True); p.add_argument("--dev", nargs="*", default=[]); p.add_argument("--out", required=True)
    p.add_argument("--epochs", type=float, default=5); p.add_argument("--lr", type=float, default=8e-5); p.add_argument("--head-lr", type=float, default=5e-4)
    p.add_argument("--decay", type=float, default=1.0, help="layer-wise learning rate factor, from the top down")
    p.add_argument("--freeze", type=int, default=0, help="lowest layers kept as they are"); p.add_argument("--context", type=int, default=64)
    p.add_argument("--tokens", type=int, default=2000, help="padded tokens a batch"); p.add_argument("--seed", type=int, default=1)
    p.add_argument("--depth", type=int, default=2); p.add_argument("--dropout", type=float, default=0.1); p.add_argument("--smooth", type=float, default=0.05)
    p.add_argument("--class-weights", default="1.3,2.0,1.2,0.7"); p.add_argument("--focal", type=float, default=0.0)
    p.add_argument("--swap", type=float, default=0.0, help="share of paragraphs whose states are renamed"); p.add_argument("--evidence", type=float, default=0.3)
    p.add_argument("--unnamed", type=float, default=0.25, help="of these, share whose states become Country X and the like")
    p.add_argument("--alone", type=float, default=0.0, help="share of paragraphs cut down to one actor and its evidence")
    p.add_argument("--soft", type=float, default=0.0, help="weight of the teacher's probabilities where there are any"); p.add_argument("--threads", type=int, default=2)
    p.add_argument("--teacher", help="run whose model is asked about every batch as it is, renamed and cut; needs --teacher-base, its tokenizer's folder")
    p.add_argument("--teacher-base"); p.add_argument("--gold", type=float, default=0.5, help="weight of the coder's label beside the teacher's probabilities")
    p.add_argument("--rounds", type=int, default=2, help="epochs in which the teacher is asked; later ones go through those batches again")
    p.add_argument("--ema", type=float, default=0.0, help="keep a moving average of the weights, e.g. 0.999"); p.add_argument("--states", default="", help="states.csv of the gazetteer")
    p.add_argument("--cap", type=float, default=0, help="stop after this many minutes"); p.add_argument("--no-bf16", action="store_true")
    p.add_argument("--final", action="store_true", help="keep the last epoch, not the best on dev")
    return p.parse_args()


def losses(o, b, a, weights):
    """Named losses, each a mean over what is labelled."""
    o = {k: v.float() for k, v in o.items()}
    out, w = {}, b["weight"]
    if "stance" in o:
        y, logit = b["stance"], o["stance"]
        pw = (w[:, None] * b["present"]).reshape(-1)
        hard = (y.reshape(-1) >= 0).float() * pw * (1 - b["has_soft"].reshape(-1) * (a.soft > 0))
        yy = y.reshape(-1).clamp(min=0)
        ce = F.cross_entropy(logit.reshape(-1, 4), yy, reduction="none", label_smoothing=a.smooth)
        cw = weights[yy]
        if a.focal: cw = cw * (1 - logit.reshape(-1, 4).softmax(-1).gather(1, yy[:, None]).squeeze(1)).detach() ** a.focal
        out["stance"] = (ce * cw * hard).sum() / (cw * hard).sum().clamp(min=1)
        if a.soft:
            s = b["has_soft"].reshape(-1) * pw
            t = b["soft"].reshape(-1, 4)
            cw = (t * weights).sum(-1) * s
            kl = -(t * logit.reshape(-1, 4).log_softmax(-1)).sum(-1)
            out["soft"] = a.soft * (kl * cw).sum() / cw.sum().clamp(min=1)
        for k, f in (("type", 0.1), ("code", 0.1), ("voice", 0.1)):
            if (b[k] >= 0).any(): out[k] = f * F.cross_entropy(o[k].reshape(-1, o[k].shape[-1]), b[k].reshape(-1), ignore_index=-100)
        m = b["roles"] >= 0
        if m.any(): out["roles"] = 0.2 * F.binary_cross_entropy_with_logits(o["roles"][m], b["roles"][m])
        m = b["evidence"] >= 0
        if m.any() and a.evidence:
            out["evidence"] = a.evidence * F.binary_cross_entropy_with_logits(o["evidence"][m], b["evidence"][m], pos_weight=torch.tensor(3.0))
    if (b["bio"] >= 0).any(): out["mention"] = 0.4 * F.cross_entropy(o["mention"].reshape(-1, 3), b["bio"].reshape(-1), ignore_index=-100)
    m = b["about"] >= 0
    if m.any(): out["about"] = 0.1 * F.binary_cross_entropy_with_logits(o["about"][m], b["about"][m])
    m = b["target"] >= 0
    if m.any(): out["target"] = 0.2 * F.binary_cross_entropy_with_logits(o["target"][m], b["target"][m])
    return out


def f1s(pairs):
    """(gold, predicted) stance pairs -> macro-F1 and F1 per class."""
    f = []
    for k in range(4):
        tp = sum(g == k == p for g, p in pairs); fp = sum(p == k != g for g, p in pairs); fn = sum(g == k != p for g, p in pairs)
        f.append(2 * tp / max(1, 2 * tp + fp + fn))
    return sum(f) / 4, f


@torch.no_grad()
def predict(model, examples, pad, bf16, budget=6000):
    """Example id -> stance probabilities of its actors, in order (None where no token is left)."""
    model.eval()
    out = {}
    for bt in batches(examples, pad, budget):
        z = collate(bt, pad)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16): o = model(z)
        p = o["stance"].float().softmax(-1) if "stance" in o else None
        for i, e in enumerate(bt):
            j, rows = 0, []
            for x in e["actors"]:
                if x is None: rows.append(None)
                else: rows.append(p[i, j].tolist()); j += 1
            out[e["id"]] = rows
    return out


def score(model, rows, examples, pad, bf16):
    pr = predict(model, examples, pad, bf16)
    pairs, by = [], {}
    for r in rows:
        for a, p in zip(r["actors"], pr[r["id"]]):
            g = STANCES.index(a["stance"]); h = 3 if p is None else max(range(4), key=p.__getitem__)
            pairs.append((g, h)); by.setdefault(r.get("genre", "news"), []).append((g, h))
    m, f = f1s(pairs)
    return m, f, {k: f1s(v)[0] for k, v in by.items()}


def main():
    a = arguments()
    torch.set_num_threads(a.threads); torch.manual_seed(a.seed); rng = random.Random(a.seed); np.random.seed(a.seed)
    os.makedirs(a.out, exist_ok=True)
    log = open(os.path.join(a.out, "log.jsonl"), "a")
    def say(**k): s = json.dumps(k); print(s, flush=True); log.write(s + "\n"); log.flush()
    config = json.load(open(os.path.join(a.base, "config.json")))
    composer = Composer(os.path.join(a.base, "tokenizer.json"), config["model_type"] == "mpnet", a.context)
    rows = []
    for spec in a.train:
        path, _, w = spec.partition(":")
        for r in load(path): r["weight"] = float(w or 1); rows.append(r)
    count = {}
    for r in rows:
        for x in r["actors"]:
            if x.get("code"): count[x["code"]] = count.get(x["code"], 0) + 1
    if a.init: codes = json.load(open(os.path.join(os.path.dirname(a.init), "config.json")))["codes"]
    else: codes = ["?"] + sorted(c for c, n in count.items() if n >= 12)
    target = augment.target_labels(a.states) if a.states else None
    dev = {p: load(p) for p in a.dev}
    dev_ex = {p: [example(r, composer, codes) for r in v] for p, v in dev.items()}
    model = StanceModel.from_base(a.base, codes, a.depth, a.dropout)
    if a.init: print(model.load_state_dict(load_file(a.init), strict=False))
    teacher = Teacher(a.teacher, a.teacher_base, os.path.join(a.base, "tokenizer.json"), config["hidden_size"], composer.pad) if a.teacher else None
    model.tell = teacher is not None
    model.encoder.word.weight.requires_grad_(False)
    if model.encoder.mpnet: model.encoder.relative.weight.requires_grad_(False)  # its gradient would cost the fused attention
    for i in range(a.freeze):
        for q in model.encoder.layers[i].parameters(): q.requires_grad_(False)
    n_layers, groups = len(model.encoder.layers), {}
    for n, q in model.named_parameters():
        if not q.requires_grad: continue
        if n.startswith("encoder.layers."): lr = a.lr * a.decay ** (n_layers - 1 - int(n.split(".")[2]))
        elif n.startswith("encoder."): lr = a.lr * a.decay ** n_layers
        else: lr = a.head_lr
        groups.setdefault((lr, 0.0 if q.ndim < 2 else 0.01), []).append(q)
    if teacher: groups[(a.head_lr, 0.0)] = groups.get((a.head_lr, 0.0), []) + teacher.learned()
    opt = torch.optim.AdamW([{"params": v, "lr": k[0], "peak": k[0], "weight_decay": k[1]} for k, v in groups.items()], fused=True)
    weights = torch.tensor([float(x) for x in a.class_weights.split(",")])
    bf16 = not a.no_bf16
    if a.alone and not a.swap: sys.exit("--alone works together with --swap")
    swapper = augment.Swapper(a.states, rng, a.unnamed) if a.swap else None
    fixed = None if swapper else [example(r, composer, codes, target) for r in rows]
    plain = fixed or [example(r, composer, codes, target) for r in rows]
    per = len(batches(plain, composer.pad, a.tokens, random.Random(0)))
    total = int(per * a.epochs)
    json.dump({"encoder": config, "codes": codes, "depth": a.depth, "context": a.context, "title": 24, "paragraph": 256, "arguments": vars(a)},
              open(os.path.join(a.out, "config.json"), "w"), indent=1)
    told = []       # a round of the teacher's answers an epoch: (batch, answers)
    step, epoch, best, start = 0, 0, -1.0, time.time()
    last = os.path.join(a.out, "last.pt")
    ema = {n: q.detach().clone() for n, q in model.named_parameters() if q.requires_grad} if a.ema else None
    if os.path.exists(last):
        c = torch.load(last, weights_only=False)
        model.load_state_dict(c["model"]); opt.load_state_dict(c["opt"])
        if teacher: teacher.load(c["teacher"])
        step, epoch, best = c["step"], c["epoch"], c["best"]
        if ema: ema = c["ema"]
    say(rows=len(rows), batches=per, total=total, codes=len(codes), parameters=sum(q.numel() for q in model.parameters()))
    while step < total:
        rng.seed(a.seed * 1000 + epoch); Drop.seed(a.seed * 1000 + epoch)
        def changed(r):
            cut, whole = augment.alone(r, rng) if a.alone and rng.random() < a.alone else (r, r)
            new = swapper(cut) if rng.random() < a.swap else cut
            e = example(new, composer, codes, target)
            if teacher and new is not r: e["written"] = example(whole, composer, codes)
            return e
        model.train(); t0, sums = time.time(), {}
        known = teacher and len(told) >= a.rounds and told[epoch % a.rounds]
        if known: rng.shuffle(known)
        else:
            data = [changed(r) for r in rows] if swapper else fixed
            if teacher: told.append([])
        for bt in known or batches(data, composer.pad, a.tokens, rng):
            if step >= total: break
            warm = max(1, int(0.1 * total))
            f = (step + 1) / warm if step < warm else max(0.0, (total - step) / max(1, total - warm))
            for g in opt.param_groups: g["lr"] = g["peak"] * f
            if known: z, said = bt
            else:
                z, said = collate(bt, composer.pad), None
                if teacher:
                    said = teacher.ask(z, a.gold, {i: e["written"] for i, e in enumerate(bt) if "written" in e})
                    told[-1].append((z, said))
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16): o = model(z)
            l = losses(o, z, a, weights)
            if teacher: l |= teacher.losses(o, said, z)
            opt.zero_grad(); sum(l.values()).backward()
            torch.nn.utils.clip_grad_norm_([q for g in opt.param_groups for q in g["params"]], 1.0)
            opt.step(); step += 1
            if ema:
                with torch.no_grad():
                    d = min(a.ema, (1 + step) / (10 + step))
                    for n, q in model.named_parameters():
                        if q.requires_grad: ema[n].lerp_(q.detach(), 1 - d)
            for k, v in l.items(): sums[k] = sums.get(k, 0) + v.item()
            if step % 50 == 0: print(f"  step {step}/{total} {time.time() - t0:.0f}s loss {sum(sums.values()) / max(1, (step - 1) % per + 1):.3f}", flush=True)
        epoch += 1
        if ema:
            live = {n: q.detach().clone() for n, q in model.named_parameters() if q.requires_grad}
            model.load_state_dict(ema, strict=False)
        result = {os.path.basename(p): score(model, dev[p], dev_ex[p], composer.pad, bf16) for p in a.dev}
        mean = sum(v[0] for v in result.values()) / max(1, len(result))
        say(epoch=epoch, step=step, seconds=round(time.time() - t0), loss={k: round(v / per, 4) for k, v in sums.items()}, mean=round(mean, 4),
            dev={k: {"macro": round(v[0], 4), "f1": [round(x, 3) for x in v[1]], "by": {g: round(x, 3) for g, x in v[2].items()}} for k, v in result.items()})
        if mean >= best or a.final or not result:
            best = mean
            save_file({k: v.contiguous() for k, v in model.state_dict().items()}, os.path.join(a.out, "best.safetensors"))
        if ema: model.load_state_dict(live, strict=False)
        torch.save({"model": model.state_dict(), "opt": opt.state_dict(), "step": step, "epoch": epoch, "best": best, "ema": ema,
                    "teacher": teacher and teacher.state()}, last)
        if a.cap and time.time() - start > a.cap * 60: break
    say(done=True, best=round(best, 4), minutes=round((time.time() - start) / 60, 1))


if __name__ == "__main__":
    main()
