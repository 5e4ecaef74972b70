#!/usr/bin/env python3
"""The weighted mean of the weights of runs that began with the same model (model soups, Wortsman et al. 2022).

    average.py --out DIR RUN:WEIGHT RUN:WEIGHT ...

Writes DIR/best.safetensors, and the configuration of the run that comes first. Weights sum to one.
"""
import argparse, os, shutil
from safetensors.torch import load_file, save_file

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--out", required=True); ap.add_argument("runs", nargs="+")
a = ap.parse_args()
runs = [(r, float(k)) for r, _, k in (x.rpartition(":") for x in a.runs)]
if abs(sum(k for _, k in runs) - 1) > 1e-6: raise SystemExit("the weights do not sum to one")
all = [(load_file(os.path.join(r, "best.safetensors")), k) for r, k in runs]
os.makedirs(a.out, exist_ok=True)
save_file({n: sum(w[n] * k for w, k in all).contiguous() for n in all[0][0]}, os.path.join(a.out, "best.safetensors"))
shutil.copy(os.path.join(runs[0][0], "config.json"), a.out)
