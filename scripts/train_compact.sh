#!/usr/bin/env bash
# Train, distil, export and calibrate the `compact` model as shipped (PyTorch with bf16; about nine hours on two cores, forty minutes
# with FROM).
#
#   scripts/train_compact.sh MINILM_DIR NEWS_DIR OUT_DIR [TEACHER [FROM]]
#
# MINILM_DIR: all-MiniLM-L6-v2 (config.json, tokenizer.json, model.safetensors). NEWS_DIR: train.jsonl, dev.jsonl and
# unlabelled.jsonl, the coded news, which is not distributed. TEACHER: the model whose probabilities are learned from, the
# shipped `accurate` unless another is named. FROM: a `compact` to go on from, in place of all runs but the last: version 6,
# as shipped, came so from version 5 as it stands in commit 50e92f6, with `accurate` 4 as teacher.
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
"$python" "$ref/unpack.py" "$teacher" "$out/teacher"
cp "$teacher/calibration.json" "$out/teacher/"

# The teacher asked about every batch as the student sees it, and about what was renamed or cut as it was written: its
# probabilities, its token states, its view of each actor.
learn() {
  "$python" "$ref/train.py" "${held[@]}" --teacher "$out/teacher" --teacher-base "$teacher" \
    --alone 0.15 --dropout 0 --tokens 3000 --soft 1.0 --final "$@"
}

if [ -z "$from" ]; then
  "$python" "$ref/train.py" "${data[@]}" --out "$out/first" --epochs 4 --lr 1e-4 --head-lr 6e-4 --seed 7
  "$python" "$ref/train.py" "${data[@]}" --init "$out/first/best.safetensors" --out "$out/second" --epochs 3 --lr 1e-4 --head-lr 5e-4 --seed 8
  awk "NR % 4 == 0" "$out/uncoded.jsonl" > "$out/quarter.jsonl"
  soft=("$out/quarter.jsonl")
  for f in "$news/train.jsonl" "$out/coded-1.jsonl" "$out/corpus/first.jsonl"; do
    s=$out/soft-${#soft[@]}.jsonl
    soften "$f" "$s"
    soft+=("$s")
  done
  "$python" "$ref/train.py" --train "${soft[@]}" "${held[@]}" --swap 0.2 --init "$out/second/best.safetensors" --out "$out/third" \
    --epochs 4 --lr 1.5e-4 --head-lr 6e-4 --soft 1.0 --seed 9
  "$python" "$ref/train.py" --train "${soft[@]}" "${held[@]}" --swap 0.5 --alone 0.2 --init "$out/third/best.safetensors" --out "$out/fourth" \
    --epochs 0.8 --lr 8e-5 --head-lr 3e-4 --soft 1.0 --seed 32 --final
  texts=("$news/train.jsonl" "$out/coded-1.jsonl" "$out/corpus/first.jsonl" "$out/uncoded.jsonl")
  learn --train "${texts[@]}" --init "$out/fourth/best.safetensors" --out "$out/fifth" --rounds 2 --swap 0.5 --epochs 7 --lr 2e-4 --head-lr 6e-4 --seed 41
  # Two runs that rename more, the first by the trainer of an earlier commit, and the mean of their weights and of those that
  # they began with.
  mkdir -p "$out/earlier"
  git -C "$here/.." archive 87f1188 scripts/reference | tar -x -C "$out/earlier"
  init=(--init "$out/fifth/best.safetensors" --rounds 2)
  ref=$out/earlier/scripts/reference learn --train "${texts[@]}" "${init[@]}" --out "$out/sixth" --swap 0.6 --epochs 2.6 --lr 1.5e-4 --head-lr 4.5e-4 --seed 61
  learn --train "${texts[@]}" "${init[@]}" --out "$out/seventh" --swap 0.5 --unnamed 0.3 --epochs 4.4 --lr 1.2e-4 --head-lr 4e-4 --seed 81
  "$python" "$ref/average.py" --out "$out/eighth" "$out/seventh:0.5" "$out/fifth:0.25" "$out/sixth:0.25"
  from=$out/eighth
else
  "$python" "$ref/unpack.py" "$from" "$out/from"
  from=$out/from
fi
# What stands around sanctions, and 2,000 of the paragraphs that nobody coded.
python3 - "$here/../corpus" "$out/uncoded.jsonl" > "$out/sample.jsonl" <<'PYTHON'
import json, random, sys
corpus, uncoded = sys.argv[1:]
coded = {json.loads(l)["id"] for f in ("news-codings", "news-codings-held") for l in open(f"{corpus}/{f}.jsonl")}
left = [l for l in open(uncoded, encoding="utf-8") if json.loads(l)["id"] not in coded]
print("".join(random.Random(9).sample(left, 2000)), end="")
PYTHON
learn --train "$news/train.jsonl" "$out/coded-1.jsonl" "$out/coded-2.jsonl" "$out/corpus/train.jsonl" "$out/sample.jsonl" --rounds 1 \
  --init "$from/best.safetensors" --out "$out/ninth" --swap 0.5 --epochs 2.6 --lr 1.5e-4 --head-lr 4.5e-4 --seed 91
# A short run on what stands around sanctions once more, also without title and context, and on a fifth of the rest.
python3 - "$out" "$news/train.jsonl" > "$out/bare.jsonl" <<'PYTHON'
import json, random, sys
out, news = sys.argv[1:]
R = random.Random(21)
load = lambda p: [json.loads(l) for l in open(p, encoding="utf-8")]
around, first, coded, news = load(f"{out}/corpus/around.jsonl"), load(f"{out}/corpus/first.jsonl"), load(f"{out}/coded-2.jsonl"), load(news)
bare = lambda r: r | {"id": r["id"] + "-bare", "title": "", "context": ""}
rows = around + [bare(r) for r in around] + [bare(r) if R.random() < .3 and not r["rel"] else r for r in coded]
pick = R.sample(first, 900) + R.sample(news, 900)
for r in rows + [bare(r) if R.random() < .3 else r for r in pick]: print(json.dumps(r, ensure_ascii=False))
PYTHON
learn --train "$out/bare.jsonl" --rounds 1 --gold 0.8 --alone 0.1 --init "$out/ninth/best.safetensors" --out "$out/tenth" --swap 0.5 \
  --epochs 1.7 --lr 8e-5 --head-lr 2.5e-4 --seed 95
"$python" "$ref/average.py" --out "$out/last" "$out/tenth:0.6" "$out/ninth:0.4"
ship last compact all-MiniLM-L6-v2 "scripts/train_compact.sh MINILM NEWS OUT ACCURATE_4 COMPACT_5" 6 0.5 \
  "what accurate 4 says of these and of 2,000 paragraphs of news that nobody coded"
