# Sourced by train_compact.sh and train_accurate.sh with the arguments BASE_DIR NEWS_DIR OUT_DIR: gathers the data, and
# ships a finished run.
base=$1 news=$2 out=$3
here=$(cd "$(dirname "$0")" && pwd)
ref=$here/reference
python=${PYTHON:-python3}
export OMP_WAIT_POLICY=PASSIVE
mkdir -p "$out"
python3 "$here/build_corpus.py" --src "$here/../corpus/src" --out "$out/corpus"
python3 "$ref/join_codings.py" "$here/../corpus/news-codings.jsonl" "$news/unlabelled.jsonl" > "$out/coded-news.jsonl"
python3 "$ref/join_codings.py" "$here/../corpus/news-codings-held.jsonl" "$news/unlabelled.jsonl" > "$out/corpus/news-around.jsonl"
# What the first runs saw, and what came later: the other 1,155 codings of news, and what stands around sanctions.
head -n 1200 "$out/coded-news.jsonl" > "$out/coded-1.jsonl"
tail -n +1201 "$out/coded-news.jsonl" > "$out/coded-2.jsonl"
grep -v '"id": "w11-' "$out/corpus/train.jsonl" > "$out/corpus/first.jsonl"
grep '"id": "w11-' "$out/corpus/train.jsonl" > "$out/corpus/around.jsonl"
held=(--dev "$news/dev.jsonl" "$out/corpus/dev-genres.jsonl" --states "$here/../models/actors/states.csv" --base "$base")
data=(--train "$news/train.jsonl" "$out/coded-1.jsonl" "$out/corpus/first.jsonl" "${held[@]}" --swap 0.2)

# ship RUN NAME BASE COMMAND VERSION MENTION [DATA ...]: export, calibrate and describe the run in OUT_DIR/RUN as the model
# OUT_DIR/NAME. MENTION: from which probability on a token belongs to a mention, chosen on the coded news held out.
ship() {
  local run=$1 name=$2 from=$3 command=$4 version=$5 mention=$6
  "$python" "$ref/export.py" --run "$out/$run" --base "$base" --out "$out/$name" --name "$name" --calibrate "$news/train.jsonl"
  echo "{\"mention\": $mention}" > "$out/$name/calibration.json"
  "$python" "$ref/calibrate.py" --run "$out/$run" --base "$base" --held "$news/dev.jsonl" "$out/corpus/dev-genres.jsonl" --out "$out/$name/calibration.json"
  "$python" "$ref/manifest.py" "$out/$name" --name "$name" --version "$version" --base "$from (Apache-2.0)" --command "$command" \
    --data "coded news, 4,876 paragraphs of 2012 to 2020 (not distributed)" "corpus/train.jsonl of this project" "${@:7}"
}
