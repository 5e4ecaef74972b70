#!/usr/bin/env python3
"""The encoder of an unpacked model (unpack.py) as ONNX with dynamic int8, the form in which users would otherwise run it.

    onnx_int8.py RUN_DIR OUT.onnx          # pip install torch onnx onnxruntime safetensors

Inputs ids, kinds, mask `[B,T]` int64, output token states `[B,T,D]`; weights int8 per tensor, ONNX Runtime's default and
its fastest.
"""
import json, os, sys, tempfile
import torch
from safetensors.torch import load_file
from onnxruntime.quantization import QuantType, quantize_dynamic
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from model import Encoder

run, out = sys.argv[1:]
encoder = Encoder(json.load(open(os.path.join(run, "config.json")))["encoder"], 0.0).eval()
weights = load_file(os.path.join(run, "best.safetensors"))
encoder.load_state_dict({k.removeprefix("encoder."): v for k, v in weights.items() if k.startswith("encoder.")})

one = torch.ones(2, 40, dtype=torch.long)
with tempfile.TemporaryDirectory() as d:
    f32 = os.path.join(d, "f32.onnx")
    axes = {n: {0: "b", 1: "t"} for n in ("ids", "kinds", "mask", "states")}
    torch.onnx.export(encoder, (one, one * 0, one), f32, input_names=["ids", "kinds", "mask"], output_names=["states"], dynamic_axes=axes, dynamo=False)
    quantize_dynamic(f32, out, weight_type=QuantType.QInt8)
print(out, os.path.getsize(out) >> 20, "MiB")
