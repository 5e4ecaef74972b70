#!/usr/bin/env python3
"""A shipped int8 model folder back to f32 weights, to train on from (`train.py --init OUT/best.safetensors`).

    unpack.py MODEL_DIR OUT_DIR

The inverse of export.py, up to the rounding of int8.
"""
import glob, json, os, shutil, sys
import torch
from safetensors.torch import load_file, save_file

model, out = sys.argv[1:]
os.makedirs(out, exist_ok=True)
w = {}
for f in sorted(glob.glob(os.path.join(model, "model*.safetensors"))): w |= load_file(f)
plain = {}
for n, t in w.items():
    if n.endswith((".scale", ".sum", ".smooth")): continue
    if t.dtype == torch.int8:
        if t.ndim == 4: t = t.permute(0, 2, 1, 3).reshape(t.shape[0] * 16, t.shape[1] * 4)
        t = t.float() * w[n + ".scale"].float()[:, None]
        if n + ".smooth" in w: t = t * w[n + ".smooth"].float()[None, :]
    plain[n] = t.float().contiguous()
save_file(plain, os.path.join(out, "best.safetensors"))
shutil.copy(os.path.join(model, "config.json"), out)
print(len(plain), "tensors")
