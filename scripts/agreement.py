#!/usr/bin/env python3
"""Krippendorff's alpha (nominal) of two codings of the same actors, and Cohen's kappa beside it.

    agreement.py corpus/agreement.jsonl

One object a line: `id` (paragraph), `first` and `second`: the stances of its actors in order. Standard library only.
Krippendorff, Content Analysis (2004), chapter 11: alpha = 1 - observed / expected disagreement.
"""
import collections, json, sys

rows = [json.loads(l) for l in open(sys.argv[1], encoding="utf-8")]
pairs = [p for r in rows for p in zip(r["first"], r["second"])]
n = len(pairs)
values = collections.Counter(v for p in pairs for v in p)
observed = sum(a != b for a, b in pairs) / n
expected = 1 - sum(c * (c - 1) for c in values.values()) / (2 * n * (2 * n - 1))
first, second = (collections.Counter(p[i] for p in pairs) for i in (0, 1))
chance = sum(first[v] * second[v] for v in values) / n ** 2
print(f"{len(rows)} paragraphs, {n} actors: agreement {1 - observed:.4f}, Krippendorff's alpha {1 - observed / expected:.4f}, Cohen's kappa {(1 - observed - chance) / (1 - chance):.4f}")
for v in sorted(values):
    both = sum(a == b == v for a, b in pairs)
    print(f"  {v:<9} first {first[v]:>5}  second {second[v]:>5}  both {both:>5}")
print("  disagreements:", ", ".join(f"{a}/{b} {c}" for (a, b), c in collections.Counter(p for p in pairs if p[0] != p[1]).most_common(8)))
