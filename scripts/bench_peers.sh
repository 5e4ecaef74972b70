#!/usr/bin/env bash
# What the int8 encoder gains over ONNX Runtime's int8 on this machine: the same token sequences, two threads,
# interleaved, medians.
#
#   scripts/bench_peers.sh ORT_INT8.py MODEL.onnx TOKENIZER.json INPUT.jsonl [RUNS]
#
# ORT_INT8.py is a script that prints "... N paragraphs/s ..." for the encoder alone; demarche is timed end to end
# (read, encode, find actors, score, write) on the same file.
set -euo pipefail
if [ $# -lt 4 ]; then sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//'; exit 1; fi
ort=$1 onnx=$2 tokenizer=$3 input=$4 runs=${5:-7}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python=${PYTHON:-}
if [ -z "$python" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q onnxruntime tokenizers numpy
  python=$work/venv/bin/python
fi
(cd "$here" && cargo build --release --quiet)
demarche=$here/target/release/demarche
lines=$(grep -c . "$input")
for _ in $(seq "$runs"); do
  "$python" "$ort" --tokenizer "$tokenizer" --model "$onnx" --input "$input" --repeat 1 --threads 2 |
    sed -n 's/.* \([0-9.]*\) paragraphs\/s.*/ort \1/p'
  from=$(date +%s.%N)
  RAYON_NUM_THREADS=2 "$demarche" score "$input" --rows paragraph > "$work/out.jsonl" 2> "$work/log"
  awk -v n="$lines" -v a="$from" -v b="$(date +%s.%N)" 'BEGIN { printf "demarche %.1f\n", n / (b - a) }'
done | tee "$work/runs"
median() { grep "^$1 " "$work/runs" | cut -d' ' -f2 | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
o=$(median ort) d=$(median demarche)
echo "medians: ONNX Runtime int8 $o paragraphs/s (encoder alone), demarche $d (end to end), ratio $(awk -v o="$o" -v d="$d" 'BEGIN { printf "%.2f", d / o }')"
