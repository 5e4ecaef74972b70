#!/usr/bin/env bash
# Print every figure of a model card: both tasks, calibration, coverage, names swapped, evidence masked.
#
#   scripts/card.sh MODEL NEWS_DIR
#
# MODEL: compact, accurate or a folder. NEWS_DIR: dev.jsonl and unlabelled.jsonl, the news, which is not distributed; the
# other held-out sets are built from corpus/. For those "around", of paragraphs that mostly do not speak of sanctions, the
# audit is left out.
set -euo pipefail
model=$1 news=$2
cd "$(dirname "$0")/.."
[ -d "$news" ] || news=$(dirname "$news")
held=$(mktemp -d)
trap 'rm -rf "$held"' EXIT
python3 scripts/build_corpus.py --src corpus/src --out "$held" >/dev/null
python3 scripts/reference/join_codings.py corpus/news-codings-held.jsonl "$news/unlabelled.jsonl" >"$held/news-around.jsonl"
cargo build --release --locked --quiet
for set in "$news/dev.jsonl" "$held/dev-genres.jsonl" "$held/news-around.jsonl" "$held/dev-around.jsonl"; do
    echo "== $(basename "$set")"
    target/release/demarche eval --model "$model" "$set" | tail -n +2
    case $set in *around*) continue ;; esac
    target/release/demarche audit --model "$model" --show 0 "$set" | tail -n +2
done
