#!/usr/bin/env bash
# Train, export and calibrate the `compact` model as shipped (PyTorch with bf16; about half an hour on two cores with AMX).
#
#   scripts/train_compact.sh MINILM_DIR NEWS_DIR OUT_DIR
#
# MINILM_DIR: all-MiniLM-L6-v2 (config.json, tokenizer.json, model.safetensors). NEWS_DIR: train.jsonl, dev.jsonl and
# unlabelled.jsonl, the coded news, which is not distributed. `demarche train` trains the same model in candle.
set -euo pipefail
source "$(dirname "$0")/train_common.sh"
"$python" "$ref/train.py" "${data[@]}" --out "$out/first" --epochs 4 --lr 1e-4 --head-lr 6e-4 --seed 7
"$python" "$ref/train.py" "${data[@]}" --init "$out/first/best.safetensors" --out "$out/second" --epochs 3 --lr 1e-4 --head-lr 5e-4 --seed 8
ship second compact all-MiniLM-L6-v2 scripts/train_compact.sh
