"""Labelled paragraphs -> tensors. The same composition of input as src/encoder/input.rs."""
import json, random, re
import numpy as np, torch
from tokenizers import Tokenizer
from model import STANCES, TYPES, ROLES, VOICES, distance_bucket

TITLE, PARAGRAPH = 24, 256


def load(path):
    return [json.loads(l) for l in open(path, encoding="utf-8") if l.strip()]


class Composer:
    """[CLS] title [SEP] context [SEP] paragraph [SEP]; title 24 tokens, context its last `context`, paragraph 256."""

    def __init__(s, tokenizer, mpnet, context):
        s.tok = Tokenizer.from_file(tokenizer)
        s.tok.no_padding(); s.tok.no_truncation()
        s.context = context
        s.cls, s.sep = (s.tok.token_to_id(x) for x in (("<s>", "</s>") if mpnet else ("[CLS]", "[SEP]")))
        s.pad = s.tok.token_to_id("<pad>" if mpnet else "[PAD]")

    def plain(s, text):
        return s.tok.encode(text, add_special_tokens=False)

    def __call__(s, title, context, text):
        t = s.plain(title).ids[:TITLE] if title else []
        c = s.plain(context).ids[-s.context:] if context and s.context else []
        p = s.plain(text)
        n = min(len(p.ids), PARAGRAPH)
        ids = [s.cls] + t + [s.sep] + c + [s.sep] + p.ids[:n] + [s.sep]
        start = len(t) + len(c) + 3
        return ids, start, p.offsets[:n]


def tokens_of(offsets, a, b):
    return [i for i, (s, e) in enumerate(offsets) if s < b and a < e]


def example(r, composer, codes, target_spans=None):
    ids, start, offsets = composer(r.get("title", ""), r.get("context", ""), r["text"])
    n = len(offsets)
    ex = {"ids": ids, "start": start, "n": n, "id": r["id"], "weight": r.get("weight", 1.0)}
    bio = [0] * n if r.get("coded", True) else [-100] * n
    ex["actors"] = []
    for a in r["actors"]:
        toks = sorted({i for m in a["mentions"] for i in tokens_of(offsets, *m)})
        if not toks:
            ex["actors"].append(None); continue
        if r.get("coded", True):
            for m in a["mentions"]:
                t = tokens_of(offsets, *m)
                for j, i in enumerate(t): bio[i] = 1 if j == 0 else 2
        ev = a.get("evidence") if isinstance(a.get("evidence"), list) else None
        ex["actors"].append({
            "tokens": toks,
            "stance": STANCES.index(a["stance"]) if a.get("stance") else -100,
            "soft": a.get("soft"),
            "type": TYPES.index(a["type"]) if a.get("type") else -100,
            "code": codes.index(a["code"]) if a.get("code") in codes else (codes.index("?") if a.get("code") else -100),
            "roles": [float(x in a["roles"]) for x in ROLES] if "roles" in a else None,
            "voice": VOICES.index(a["voice"]) if a.get("voice") else -100,
            "evidence": tokens_of(offsets, *ev) if ev else None,
        })
    ex["bio"] = bio
    ex["about"] = float(r["rel"]) if "rel" in r else -1.0
    # Tokens that name a target state by any form: labels where the gazetteer finds one.
    ex["target"] = [-1.0] * len(ids)
    if target_spans is not None:
        for i, y in target_spans(r, composer, start, offsets): ex["target"][i] = y
    return ex


def collate(batch, pad):
    b, t = len(batch), max(len(e["ids"]) for e in batch)
    a = max([len([x for x in e["actors"] if x]) for e in batch] + [0])
    z = {"ids": torch.full((b, t), pad), "kinds": torch.zeros(b, t, dtype=torch.long), "keep": torch.zeros(b, t),
         "actors": torch.zeros(b, a, t), "present": torch.zeros(b, a), "stance": torch.full((b, a), -100), "soft": torch.zeros(b, a, 4),
         "has_soft": torch.zeros(b, a), "type": torch.full((b, a), -100), "code": torch.full((b, a), -100), "roles": torch.full((b, a, len(ROLES)), -1.0),
         "voice": torch.full((b, a), -100), "evidence": torch.full((b, a, t), -1.0), "bio": torch.full((b, t), -100), "about": torch.full((b,), -1.0),
         "target": torch.full((b, t), -1.0), "distance": torch.zeros(b, a, t, dtype=torch.long), "segment": torch.zeros(b, a, t, dtype=torch.long),
         "weight": torch.ones(b)}
    pos = torch.arange(t)
    for i, e in enumerate(batch):
        L, s, n = len(e["ids"]), e["start"], e["n"]
        z["ids"][i, :L] = torch.tensor(e["ids"]); z["keep"][i, :L] = 1; z["kinds"][i, s:L] = 1
        z["bio"][i, s:s + n] = torch.tensor(e["bio"]); z["about"][i] = e["about"]; z["target"][i, :L] = torch.tensor(e["target"])
        z["weight"][i] = e["weight"]
        for j, x in enumerate([x for x in e["actors"] if x]):
            toks = torch.tensor(x["tokens"]) + s
            z["actors"][i, j, toks] = 1; z["present"][i, j] = 1
            d = pos[:, None] - toks[None, :]
            near = d.abs().argmin(1)
            z["distance"][i, j] = distance_bucket(d[pos, near])
            z["segment"][i, j, s:] = 1; z["segment"][i, j, toks] = 2
            for k in ("stance", "type", "code", "voice"): z[k][i, j] = x[k]
            if x["soft"] is not None: z["soft"][i, j] = torch.tensor(x["soft"]); z["has_soft"][i, j] = 1
            if x["roles"] is not None: z["roles"][i, j] = torch.tensor(x["roles"])
            if x["evidence"]:
                z["evidence"][i, j, s:s + n] = 0; z["evidence"][i, j, torch.tensor(x["evidence"]) + s] = 1
    return z


def batches(examples, pad, budget, rng=None):
    """Batches of about `budget` padded tokens; shuffled by `rng` with near lengths together, else in order of length."""
    key = (lambda e: len(e["ids"]) + rng.uniform(-12, 12)) if rng else (lambda e: len(e["ids"]))
    out, cur, width = [], [], 0
    for e in sorted(examples, key=key):
        w = max(width, len(e["ids"]))
        if cur and w * (len(cur) + 1) > budget: out.append(cur); cur, w = [], len(e["ids"])
        cur.append(e); width = w
    if cur: out.append(cur)
    if rng: rng.shuffle(out)
    return out
