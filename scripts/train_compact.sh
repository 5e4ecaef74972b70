#!/usr/bin/env bash
# Train, distil, export and calibrate the `compact` model as shipped (PyTorch with bf16).
#
#   scripts/train_compact.sh MINILM_DIR NEWS_DIR OUT_DIR [TEACHER [FROM]]
#
# MINILM_DIR: all-MiniLM-L6-v2 (config.json, tokenizer.json, model.safetensors). NEWS_DIR: train.jsonl, dev.jsonl and
# unlabelled.jsonl, the coded news, which is not distributed. TEACHER: the model that is learned from, the shipped `accurate`
# unless another is named. FROM: a `compact` to go on from, by which all stages but the last are left out (an hour on two
# cores instead of seven). Version 5 went on from version 4:
#
#   git worktree add four 0a03dbb
#   scripts/train_compact.sh MINILM_DIR NEWS_DIR OUT_DIR models/accurate four/models/compact
#
# `demarche train --teacher accurate --uncoded …` learns from codings and the same teacher's probabilities in candle.
set -euo pipefail
source "$(dirname "$0")/train_common.sh"
teacher=${4:-$here/../models/accurate} from=${5:-}
held=(--dev "$news/dev.jsonl" "$out/corpus/dev-genres.jsonl" --states "$here/../models/actors/states.csv" --base "$base")

# What the teacher thinks of the coded paragraphs and of the news that nobody coded.
cargo build --release --locked --quiet --manifest-path "$here/../Cargo.toml"
soften() {
  "$here/../target/release/demarche" score "$1" --model "$teacher" --rows paragraph --quiet > "$out/scores.jsonl"
  python3 "$ref/soften.py" "$1" "$out/scores.jsonl" > "$2"
}
soften "$news/unlabelled.jsonl" "$out/uncoded.jsonl"
# The teacher asked about every batch as the student sees it: its probabilities, its token states, its view of each actor.
"$python" "$ref/unpack.py" "$teacher" "$out/teacher"
cp "$teacher/calibration.json" "$out/teacher/"
taught=(--train "$news/train.jsonl" "$out/coded-news.jsonl" "$out/corpus/train.jsonl" "$out/uncoded.jsonl" "${held[@]}"
  --teacher "$out/teacher" --teacher-base "$teacher" --rounds 2 --alone 0.15 --dropout 0 --tokens 3000 --soft 1.0 --final)

if [ -n "$from" ]; then
  "$python" "$ref/unpack.py" "$from" "$out/fifth"
else
  "$python" "$ref/train.py" "${data[@]}" --out "$out/first" --epochs 4 --lr 1e-4 --head-lr 6e-4 --seed 7
  "$python" "$ref/train.py" "${data[@]}" --init "$out/first/best.safetensors" --out "$out/second" --epochs 3 --lr 1e-4 --head-lr 5e-4 --seed 8
  awk "NR % 4 == 0" "$out/uncoded.jsonl" > "$out/quarter.jsonl"
  soft=("$out/quarter.jsonl")
  for f in "$news/train.jsonl" "$out/coded-news.jsonl" "$out/corpus/train.jsonl"; do
    s=$out/soft-${#soft[@]}.jsonl
    soften "$f" "$s"
    soft+=("$s")
  done
  "$python" "$ref/train.py" --train "${soft[@]}" "${held[@]}" --swap 0.2 --init "$out/second/best.safetensors" --out "$out/third" \
    --epochs 4 --lr 1.5e-4 --head-lr 6e-4 --soft 1.0 --seed 9
  "$python" "$ref/train.py" --train "${soft[@]}" "${held[@]}" --swap 0.5 --alone 0.2 --init "$out/third/best.safetensors" --out "$out/fourth" \
    --epochs 0.8 --lr 8e-5 --head-lr 3e-4 --soft 1.0 --seed 32 --final
  "$python" "$ref/train.py" "${taught[@]}" --swap 0.5 --init "$out/fourth/best.safetensors" --out "$out/fifth" --epochs 7 --lr 2e-4 --head-lr 6e-4 --seed 41
fi
"$python" "$ref/train.py" "${taught[@]}" --swap 0.6 --init "$out/fifth/best.safetensors" --out "$out/sixth" --epochs 2.6 --lr 1.5e-4 --head-lr 4.5e-4 --seed 61
ship sixth compact all-MiniLM-L6-v2 scripts/train_compact.sh 5 0.4 \
  "what accurate 3 says of these and of 7,023 paragraphs of news that nobody coded"
