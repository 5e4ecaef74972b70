#!/usr/bin/env bash
# Train, distil, export and calibrate the `compact` model as shipped (PyTorch with bf16; about four hours on two cores).
#
#   scripts/train_compact.sh MINILM_DIR NEWS_DIR OUT_DIR [TEACHER]
#
# MINILM_DIR: all-MiniLM-L6-v2 (config.json, tokenizer.json, model.safetensors). NEWS_DIR: train.jsonl, dev.jsonl and
# unlabelled.jsonl, the coded news, which is not distributed. TEACHER: the model whose probabilities are learned from, the
# shipped `accurate` unless another is named. Version 4, as shipped, came from the last stage of this script as it stood in
# commit 0a03dbb, which went on from the version 3 of that commit's parent (unpack.py); since then every fourth renamed paragraph
# has "Country X" in it, and the teacher says of it what it says of the text as written. `demarche train --teacher accurate`
# learns from codings and the same teacher's probabilities in candle.
set -euo pipefail
source "$(dirname "$0")/train_common.sh"
teacher=${4:-$here/../models/accurate}
"$python" "$ref/train.py" "${data[@]}" --out "$out/first" --epochs 4 --lr 1e-4 --head-lr 6e-4 --seed 7
"$python" "$ref/train.py" "${data[@]}" --init "$out/first/best.safetensors" --out "$out/second" --epochs 3 --lr 1e-4 --head-lr 5e-4 --seed 8

# What the teacher thinks of the coded paragraphs and of the news that nobody coded.
cargo build --release --locked --quiet --manifest-path "$here/../Cargo.toml"
soften() {
  "$here/../target/release/demarche" score "$1" --model "$teacher" --rows paragraph --quiet > "$out/scores.jsonl"
  python3 "$ref/soften.py" "$1" "$out/scores.jsonl" > "$2"
}
soften "$news/unlabelled.jsonl" "$out/uncoded.jsonl"
awk "NR % 4 == 0" "$out/uncoded.jsonl" > "$out/quarter.jsonl"
soft=("$out/quarter.jsonl")
for f in "$news/train.jsonl" "$out/coded-news.jsonl" "$out/corpus/train.jsonl"; do
  s=$out/soft-${#soft[@]}.jsonl
  soften "$f" "$s"
  soft+=("$s")
done
held=(--dev "$news/dev.jsonl" "$out/corpus/dev-genres.jsonl" --states "$here/../models/actors/states.csv" --base "$base")
"$python" "$ref/train.py" --train "${soft[@]}" "${held[@]}" --swap 0.2 --init "$out/second/best.safetensors" --out "$out/third" \
  --epochs 4 --lr 1.5e-4 --head-lr 6e-4 --soft 1.0 --seed 9
"$python" "$ref/train.py" --train "${soft[@]}" "${held[@]}" --swap 0.5 --alone 0.2 --init "$out/third/best.safetensors" --out "$out/fourth" \
  --epochs 0.8 --lr 8e-5 --head-lr 3e-4 --soft 1.0 --seed 32 --final
# The teacher asked about every batch as the student sees it: its probabilities, its token states, its view of each actor.
"$python" "$ref/unpack.py" "$teacher" "$out/teacher"
cp "$teacher/calibration.json" "$out/teacher/"
"$python" "$ref/train.py" --train "$news/train.jsonl" "$out/coded-news.jsonl" "$out/corpus/train.jsonl" "$out/uncoded.jsonl" "${held[@]}" \
  --teacher "$out/teacher" --teacher-base "$teacher" --rounds 2 --swap 0.5 --alone 0.15 --dropout 0 --init "$out/fourth/best.safetensors" \
  --out "$out/fifth" --epochs 7 --lr 2e-4 --head-lr 6e-4 --tokens 3000 --soft 1.0 --seed 41 --final
ship fifth compact all-MiniLM-L6-v2 scripts/train_compact.sh 4 0.4 \
  "what accurate 3 says of these and of 7,017 paragraphs of news that nobody coded"
