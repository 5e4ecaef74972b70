#!/usr/bin/env bash
# Train, distil, export and calibrate the `compact` model as shipped (PyTorch with bf16; about six hours on two cores, two and a half with FROM).
#
#   scripts/train_compact.sh MINILM_DIR NEWS_DIR OUT_DIR [TEACHER [FROM]]
#
# MINILM_DIR: all-MiniLM-L6-v2 (config.json, tokenizer.json, model.safetensors). NEWS_DIR: train.jsonl, dev.jsonl and
# unlabelled.jsonl, the coded news, which is not distributed. TEACHER: the model whose probabilities are learned from, the
# shipped `accurate` unless another is named. FROM: a `compact` to go on from, in place of the first five runs: version 5,
# as shipped, came so from version 4, with `accurate` 3 as teacher, both as they stand in commit 87f1188, whose `demarche` also
# coded the news that nobody coded.
set -euo pipefail
source "$(dirname "$0")/train_common.sh"
teacher=${4:-$here/../models/accurate} from=${5:-}

# What the teacher thinks of the coded paragraphs and of the news that nobody coded.
cargo build --release --locked --quiet --manifest-path "$here/../Cargo.toml"
soften() {
  "$here/../target/release/demarche" score "$1" --model "$teacher" --rows paragraph --quiet > "$out/scores.jsonl"
  python3 "$ref/soften.py" "$1" "$out/scores.jsonl" > "$2"
}
soften "$news/unlabelled.jsonl" "$out/uncoded.jsonl"
held=(--dev "$news/dev.jsonl" "$out/corpus/dev-genres.jsonl" --states "$here/../models/actors/states.csv" --base "$base")
"$python" "$ref/unpack.py" "$teacher" "$out/teacher"
cp "$teacher/calibration.json" "$out/teacher/"

# The teacher asked about every batch as the student sees it, and about what was renamed or cut as it was written: its
# probabilities, its token states, its view of each actor.
learn() {
  "$python" "$ref/train.py" --train "$news/train.jsonl" "$out/coded-news.jsonl" "$out/corpus/train.jsonl" "$out/uncoded.jsonl" "${held[@]}" \
    --teacher "$out/teacher" --teacher-base "$teacher" --rounds 2 --alone 0.15 --dropout 0 --tokens 3000 --soft 1.0 --final "$@"
}

if [ -z "$from" ]; then
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
  learn --init "$out/fourth/best.safetensors" --out "$out/fifth" --swap 0.5 --epochs 7 --lr 2e-4 --head-lr 6e-4 --seed 41
  from=$out/fifth
else
  "$python" "$ref/unpack.py" "$from" "$out/from"
  from=$out/from
fi
# On from there: two runs that rename more, the first by the trainer of an earlier commit, and the mean of their weights and of
# those that they began with.
mkdir -p "$out/earlier"
git -C "$here/.." archive 87f1188 scripts/reference | tar -x -C "$out/earlier"
ref=$out/earlier/scripts/reference learn --init "$from/best.safetensors" --out "$out/sixth" --swap 0.6 --epochs 2.6 --lr 1.5e-4 --head-lr 4.5e-4 --seed 61
learn --init "$from/best.safetensors" --out "$out/seventh" --swap 0.5 --unnamed 0.3 --epochs 4.4 --lr 1.2e-4 --head-lr 4e-4 --seed 81
"$python" "$ref/average.py" --out "$out/last" "$out/seventh:0.5" "$from:0.25" "$out/sixth:0.25"
ship last compact all-MiniLM-L6-v2 "scripts/train_compact.sh MINILM NEWS OUT ACCURATE_3 COMPACT_4" 5 0.4 \
  "what accurate 3 says of these and of 7,023 paragraphs of news that nobody coded"
