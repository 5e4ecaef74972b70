#!/usr/bin/env python3
"""Paragraphs with a teacher's probabilities, for training another model on them (Hinton et al. 2015).

    demarche score PARAGRAPHS.jsonl --rows paragraph --model accurate > SCORES.jsonl
    soften.py PARAGRAPHS.jsonl SCORES.jsonl [--gold 0.5] > SOFT.jsonl

Coded paragraphs keep their actors and labels; each actor gets `soft`, the mean of the coder's label (weight --gold) and the
teacher's probabilities. Paragraphs without coding get the actors that the teacher found; where it finds none they are left
out. Standard library only.
"""
import argparse, json, sys

STANCES = ["ease", "maintain", "tighten", "none"]
ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("paragraphs"); ap.add_argument("scores"); ap.add_argument("--gold", type=float, default=0.5)
a = ap.parse_args()
lines = lambda p: map(json.loads, open(p, encoding="utf-8"))
scores = {}
for s in lines(a.scores): scores.setdefault(s["doc"], []).append(s)
out = lost = 0
for r in lines(a.paragraphs):
    s = [x for p in scores.get(r["id"], []) for x in p["actors"]]
    p = [[x["p"][k] for k in STANCES] for x in s]
    if "actors" in r:
        if len(s) != len(r["actors"]): lost += 1; p = []
        for x, q in zip(r["actors"], p): x["soft"] = [a.gold * (x["stance"] == k) + (1 - a.gold) * v for k, v in zip(STANCES, q)]
    else:
        if not s or len(scores[r["id"]]) != 1: lost += 1; continue
        r["coded"] = False
        r["actors"] = [{"surface": r["text"][slice(*x["mentions"][0])], "start": x["mentions"][0][0], "end": x["mentions"][0][1], "mentions": x["mentions"],
                        "code": x["code"], "type": x["type"], "stance": x["stance"], "soft": q} for x, q in zip(s, p)]
    print(json.dumps(r, ensure_ascii=False)); out += 1
print(f"{out} paragraphs, {lost} without the teacher's view", file=sys.stderr)
