#!/usr/bin/env bash
# Train, export and calibrate the `accurate` model as shipped (PyTorch with bf16; about forty minutes on two quiet cores with AMX).
#
#   scripts/train_accurate.sh MPNET_DIR NEWS_DIR OUT_DIR
#
# MPNET_DIR: all-mpnet-base-v2 (config.json, tokenizer.json, model.safetensors). NEWS_DIR: train.jsonl, dev.jsonl and
# unlabelled.jsonl, the coded news, which is not distributed.
set -euo pipefail
base=$1 news=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
ref=$here/reference
python=${PYTHON:-python3}
export OMP_WAIT_POLICY=PASSIVE
mkdir -p "$out"
python3 "$here/build_corpus.py" --src "$here/../corpus/src" --out "$out/corpus"
python3 "$ref/join_codings.py" "$here/../corpus/news-codings.jsonl" "$news/unlabelled.jsonl" > "$out/coded-news.jsonl"
data=(--train "$news/train.jsonl" "$out/coded-news.jsonl" "$out/corpus/train.jsonl" --dev "$news/dev.jsonl" "$out/corpus/dev-genres.jsonl"
  --states "$here/../models/actors/states.csv" --swap 0.2 --base "$base")
"$python" "$ref/train.py" "${data[@]}" --out "$out/only" --epochs 2 --lr 5e-5 --head-lr 5e-4 --freeze 3 --tokens 2400 --seed 7
"$python" "$ref/export.py" --run "$out/only" --base "$base" --out "$out/accurate" --name accurate
"$python" "$ref/calibrate.py" --run "$out/only" --base "$base" --held "$news/dev.jsonl" "$out/corpus/dev-genres.jsonl" --out "$out/accurate/calibration.json"
"$python" "$ref/manifest.py" "$out/accurate" --name accurate --version 1 --base "all-mpnet-base-v2 (Apache-2.0)" --command "scripts/train_accurate.sh" \
  --data "coded news, 3,721 paragraphs of 2012 to 2020 (not distributed)" "corpus/train.jsonl of this project"
