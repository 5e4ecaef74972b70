#!/usr/bin/env python3
"""Lay the project's codings of news paragraphs over their text, which is not distributed.

    join_codings.py corpus/news-codings.jsonl UNLABELLED.jsonl > coded-news.jsonl

The codings hold ids, offsets and labels only. Standard library only.
"""
import json, sys

text = {r["id"]: r for r in map(json.loads, open(sys.argv[2], encoding="utf-8"))}
missing = 0
for c in map(json.loads, open(sys.argv[1], encoding="utf-8")):
    r = text.get(c["id"])
    if r is None: missing += 1; continue
    for a in c["actors"]: a["surface"] = r["text"][a["start"]:a["end"]]
    # The coders saw the last 700 characters of the context.
    out = {"id": "u-" + c["id"], "title": r["title"], "date": r["date"], "context": r["context"][-700:], "text": r["text"], **{k: c[k] for k in ("rel", "targets", "actors")}}
    print(json.dumps(out, ensure_ascii=False))
if missing: sys.exit(f"{missing} coded paragraphs are not in {sys.argv[2]}")
