#!/usr/bin/env bash
# Print every figure of a model card: both tasks, calibration, coverage, names swapped, evidence masked.
#
#   scripts/card.sh MODEL NEWS_DEV.jsonl
#
# MODEL: compact, accurate or a folder. NEWS_DEV.jsonl: the coded news, which is not distributed; the other held-out set is
# built from corpus/.
set -euo pipefail
model=$1 news=$2
cd "$(dirname "$0")/.."
held=$(mktemp -d)
trap 'rm -rf "$held"' EXIT
python3 scripts/build_corpus.py --src corpus/src --out "$held" >/dev/null
cargo build --release --locked --quiet
for set in "$news" "$held/dev-genres.jsonl"; do
    echo "== $(basename "$set")"
    target/release/demarche eval --model "$model" "$set" | tail -n +2
    target/release/demarche audit --model "$model" --show 0 "$set" | tail -n +2
done
