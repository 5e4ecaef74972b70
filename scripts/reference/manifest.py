#!/usr/bin/env python3
"""Write manifest.json of a model folder: what it is, and the SHA-256 of every file.

    manifest.py DIR --name NAME --version V --base BASE --command "…" --data "…" ["…"]
"""
import argparse, hashlib, json, os

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("dir"); ap.add_argument("--name", required=True); ap.add_argument("--version", required=True); ap.add_argument("--base", required=True)
ap.add_argument("--command", required=True); ap.add_argument("--data", nargs="+", required=True); ap.add_argument("--codebook", default="1 (rules 1 to 21)")
a = ap.parse_args()
names = ["config.json", "calibration.json", "tokenizer.json"] + sorted(f for f in os.listdir(a.dir) if f.endswith(".safetensors"))
files = []
for n in names:
    b = open(os.path.join(a.dir, n), "rb").read()
    files.append({"name": n, "bytes": len(b), "sha256": hashlib.sha256(b).hexdigest()})
m = {"name": a.name, "version": a.version, "base": a.base, "licence": "Apache-2.0", "trained_on": a.data, "codebook": a.codebook, "command": a.command, "files": files}
json.dump(m, open(os.path.join(a.dir, "manifest.json"), "w"), indent=1)
open(os.path.join(a.dir, "manifest.json"), "a").write("\n")
