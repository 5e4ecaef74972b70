#!/usr/bin/env bash
# Side by side on this machine: paragraphs a second of demarche, end to end (read, tokenise, encode, find actors, score,
# calibrate, write), and of what users would otherwise run, the encoder alone, on the same token sequences. One round after
# another, two threads each, medians and their ratio to ONNX Runtime's int8.
#
#   scripts/bench_peers.sh MODEL INPUT.jsonl [ROUNDS] [PEER ...]
#
# MODEL: compact, accurate or a folder. INPUT: paragraphs (title, context and text are read); for the peers `nli-f32` and
# `nli-bf16` with `actors`. ROUNDS: 7 unless said. PEERs: ort-int8 torch-bf16 torch-f32 candle-f32 nli-bf16 nli-f32, all but
# the last unless named. PYTHON: an interpreter with torch, onnx, onnxruntime, tokenizers and safetensors; else one is set up.
set -euo pipefail
if [ $# -lt 2 ]; then sed -n '2,10p' "$0" | sed 's/^# \{0,1\}//'; exit 1; fi
model=$1 input=$(realpath "$2") rounds=${3:-7}
shift $(($# < 3 ? $# : 3))
peers=("$@")
[ ${#peers[@]} -gt 0 ] || peers=(ort-int8 torch-bf16 torch-f32 candle-f32 nli-bf16)
cd "$(dirname "$0")/.."
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python=${PYTHON:-}
if [ -z "$python" ]; then
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install -q torch onnx onnxruntime tokenizers safetensors numpy
  python=$work/venv/bin/python
fi
folder=$model
[ -d "$folder" ] || folder=models/$model
export RAYON_NUM_THREADS=2 OMP_NUM_THREADS=2 DEMARCHE_BENCH_INPUT=$input DEMARCHE_BENCH_MODEL=$folder
cargo build --release --locked --quiet
cargo bench --locked --quiet --bench pipeline --no-run
"$python" scripts/reference/unpack.py "$folder" "$work/run" >/dev/null
"$python" scripts/reference/onnx_int8.py "$work/run" "$work/int8.onnx" >/dev/null 2>&1

peer() {
  local sample=()
  case $1 in nli*) sample=(--sample 12) ;; esac
  "$python" scripts/reference/peers.py --peer "$1" --run "$work/run" --tokenizer "$folder/tokenizer.json" --input "$input" \
    --onnx "$work/int8.onnx" "${sample[@]}" "${@:2}"
}
# In one process, as the peers: what the bench of the pipeline measures.
own() {
  cargo bench --locked --quiet --bench pipeline -- "^file/$1\$" --warm-up-time 1 --measurement-time 3 --noplot >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
  "$python" -c "
import json
folder = 'target/criterion/file/$1/new/'
seconds = json.load(open(folder + 'estimates.json'))['median']['point_estimate'] / 1e9
n = json.load(open(folder + 'benchmark.json'))['throughput']['Elements']
print('$2', round(n / seconds, 2))"
}
candle() {
  local lines from
  lines=$(grep -c . "$input") from=$(date +%s.%N)
  target/release/demarche score "$input" --model "$folder" --engine candle --threads 2 --rows paragraph --quiet >"$work/out" 2>/dev/null
  awk -v n="$lines" -v a="$from" -v b="$(date +%s.%N)" 'BEGIN { printf "candle-f32 %.2f\n", n / (b - a) }'
}
for _ in $(seq "$rounds"); do
  for p in "${peers[@]}"; do
    case $p in
    candle-f32) candle ;;
    ort-int8) peer ort-int8; own together demarche; peer ort-int8 --one; own "one at a time" demarche-one ;;
    *) peer "$p" ;;
    esac
  done
done | tee "$work/rounds" >&2
"$python" - "$work/rounds" <<'P'
import statistics, sys
runs = {}
for line in open(sys.argv[1]):
    name, rate = line.split()
    runs.setdefault(name, []).append(float(rate))
print("| | paragraphs/s, median | lowest to highest | to ONNX Runtime int8 |\n|---|---|---|---|")
for name, v in runs.items():
    base = runs.get("ort-int8-one" if name.endswith("-one") else "ort-int8")
    ratio = f"{statistics.median(v) / statistics.median(base):.2f}" if base else ""
    print(f"| {name} | {statistics.median(v):.1f} | {min(v):.1f} to {max(v):.1f} | {ratio} |")
P
