#!/usr/bin/env bash
# Train, export and calibrate the `compact` model as shipped (PyTorch with bf16; about half an hour on two cores with AMX).
#
#   scripts/train_compact.sh MINILM_DIR NEWS_DIR OUT_DIR
#
# MINILM_DIR: all-MiniLM-L6-v2 (config.json, tokenizer.json, model.safetensors). NEWS_DIR: train.jsonl, dev.jsonl and
# unlabelled.jsonl, the coded news, which is not distributed. `demarche train` trains the same model in candle.
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
"$python" "$ref/train.py" "${data[@]}" --out "$out/first" --epochs 4 --lr 1e-4 --head-lr 6e-4 --seed 7
"$python" "$ref/train.py" "${data[@]}" --init "$out/first/best.safetensors" --out "$out/second" --epochs 3 --lr 1e-4 --head-lr 5e-4 --seed 8
"$python" "$ref/export.py" --run "$out/second" --base "$base" --out "$out/compact" --name compact
"$python" "$ref/calibrate.py" --run "$out/second" --base "$base" --held "$news/dev.jsonl" "$out/corpus/dev-genres.jsonl" --out "$out/compact/calibration.json"
"$python" "$ref/manifest.py" "$out/compact" --name compact --version 1 --base "all-MiniLM-L6-v2 (Apache-2.0)" --command "scripts/train_compact.sh" \
  --data "coded news, 3,721 paragraphs of 2012 to 2020 (not distributed)" "corpus/train.jsonl of this project"
