#!/usr/bin/env python3
"""Check the coded sources of the corpus and turn them into JSON Lines.

    build_corpus.py --check FILE...          report every fault with file and line, and the label shares
    build_corpus.py --src DIR --out DIR      write train.jsonl, dev-genres.jsonl (sources named dev-*.txt) and
                                             dev-around.jsonl (around-*.txt)

The form of the sources is described in corpus/WRITING.md. Standard library only.
"""
import argparse, collections, glob, json, os, re, sys

STANCES = {"ease", "maintain", "tighten", "none"}
TYPES = {"state", "body", "gov", "person", "group", "org"}
VOICES = {"act", "said", "claim"}
ROLES = {"s": "sender", "t": "target", "a": "addressee", "r": "source", "b": "bystander"}
MARK = re.compile(r"\[\[(.*?)\]\]")
BODIES = {"-", "INTL", "EU", "UN", "AU", "G7", "G20"}


def word_at(text, start, end):
    """True where the span is not cut out of the middle of a word."""
    return not ((start and text[start - 1].isalnum() and text[start].isalnum())
                or (end < len(text) and text[end].isalnum() and text[end - 1].isalnum()))


def paragraph(line, where, faults):
    """Marked text -> (plain text, actors)."""
    plain, actors, last = "", [], 0
    for m in MARK.finditer(line):
        plain += line[last:m.start()]
        last = m.end()
        f = [x.strip() for x in m.group(1).split("|")] + [""] * 8
        surface, code, kind, stance, roles, voice, evidence, name = f[:8]
        start = len(plain)
        plain += surface
        if not surface: faults.append(f"{where}: empty surface in [[{m.group(1)}]]")
        if stance not in STANCES: faults.append(f"{where}: stance '{stance}' in [[{m.group(1)}]]; expected one of {sorted(STANCES)}")
        if kind not in TYPES: faults.append(f"{where}: type '{kind}' in [[{m.group(1)}]]; expected one of {sorted(TYPES)}")
        if not (code in BODIES or re.fullmatch(r"[A-Z][A-Z0-9]{1,7}", code)): faults.append(f"{where}: code '{code}' in [[{m.group(1)}]]")
        roles = roles.replace("-", "").replace("h", "").replace(",", "").replace(" ", "")
        if set(roles) - set(ROLES): faults.append(f"{where}: roles '{roles}' in [[{m.group(1)}]]; letters are {' '.join(ROLES)}")
        if stance != "none":
            if voice not in VOICES: faults.append(f"{where}: voice '{voice}' in [[{m.group(1)}]]; expected act, said or claim")
            if not evidence: faults.append(f"{where}: no evidence in [[{m.group(1)}]]")
        a = {"surface": surface, "start": start, "end": start + len(surface), "code": code, "type": kind, "stance": stance,
             "roles": (["holder"] if stance != "none" else []) + [ROLES[r] for r in roles if r in ROLES]}
        if stance != "none": a["voice"], a["evidence"] = voice, evidence
        if name: a["name"] = name
        actors.append(a)
    plain += line[last:]
    for stray in ("[[", "]]", "||"):
        if stray in plain: faults.append(f"{where}: stray '{stray}'")
    spans = {}
    for a in actors:
        if (a["start"], a["end"]) in spans: faults.append(f"{where}: actor '{a['surface']}' coded twice")
        spans[(a["start"], a["end"])] = a
    # Every occurrence of the surface counts as a mention, unless another actor's bracket holds it.
    for a in actors:
        occ = [[a["start"], a["end"]]]
        for m in re.finditer(re.escape(a["surface"]), plain):
            s, e = m.span()
            if len(a["surface"]) < 3 or [s, e] in occ or not word_at(plain, s, e): continue
            if a["surface"].lower() in {"he", "she", "they", "we", "it", "our", "his", "her", "their"}: continue
            if any(b is not a and b["start"] < e and s < b["end"] for b in actors): continue
            occ.append([s, e])
        a["mentions"] = sorted(occ)
        if "evidence" in a:
            ev = a["evidence"].strip("\"“” ")
            # The occurrence nearest the mention is the one meant.
            at = [m.start() for m in re.finditer(re.escape(ev), plain)] if ev else []
            if not at:
                faults.append(f"{where}: evidence not in the paragraph, letter for letter: '{ev}'")
                a["evidence"] = [0, 0]
            else:
                s = min(at, key=lambda x: abs(x - a["start"]))
                a["evidence"] = [s, s + len(ev)]
    return plain, actors


def read(path, faults):
    out, head, context, n, group = [], None, "", 0, 0
    pending = None
    stem = os.path.splitext(os.path.basename(path))[0]
    for i, line in enumerate(open(path, encoding="utf-8"), 1):
        line, where = line.rstrip("\n"), f"{path}:{i}"
        if not line.strip(): continue
        if line.startswith("#"):
            if pending: faults.append(f"{where}: the paragraph before has no '@' line")
            rel = 0 if line.startswith("#0") else 1
            parts = [x.strip() for x in line.lstrip("#").removeprefix("0").split("|")]
            if len(parts) != 3 or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", parts[1]): faults.append(f"{where}: expected '# genre | YYYY-MM-DD | title'")
            parts += ["", "", ""]
            head, context, pending = (rel, *parts[:3]), "", None
            group += 1
        elif line.startswith("<"): context = line[1:].strip()
        elif line.startswith("@"):
            if not pending: faults.append(f"{where}: '@' without a paragraph"); continue
            pending["targets"] = line[1:].replace(",", " ").split()
            if not pending["rel"] and (pending["targets"] or any(a["stance"] != "none" for a in pending["actors"])):
                faults.append(f"{where}: a #0 paragraph has targets or a stance")
            out.append(pending); pending = None
        elif head is None: faults.append(f"{where}: text before the first '#'")
        else:
            if pending: faults.append(f"{where}: two paragraphs without '@' between; each is one line")
            twin = line.startswith("~")
            text, actors = paragraph(line.lstrip("~").strip(), where, faults)
            n += 1
            pending = {"id": f"{stem}-{n:04}", "group": f"{stem}-g{group:04}", "pair": twin, "genre": head[1], "date": head[2], "title": head[3],
                       "context": context, "text": text, "rel": head[0], "actors": actors}
    if pending: faults.append(f"{path}: the last paragraph has no '@' line")
    return out


def shingles(text, k=5):
    w = re.findall(r"\w+", text.lower())
    return {tuple(w[i:i + k]) for i in range(len(w) - k + 1)}


def report(rows, label):
    c = collections.Counter(a["stance"] for r in rows for a in r["actors"])
    n = sum(c.values()) or 1
    words = sum(len(r["text"].split()) for r in rows) / max(1, len(rows))
    shares = "  ".join(f"{s} {c[s] / n:.3f}" for s in ("ease", "maintain", "tighten", "none"))
    print(f"{label}: {len(rows)} paragraphs ({sum(r['pair'] for r in rows)} twins), {sum(c.values())} actors ({n / max(1, len(rows)):.1f} each), {words:.0f} words mean; {shares}")


ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--check", nargs="+"); ap.add_argument("--src"); ap.add_argument("--out")
a = ap.parse_args()
paths = a.check or sorted(glob.glob(os.path.join(a.src, "*.txt")))
faults, files = [], {}
for p in paths:
    files[p] = read(p, faults)
    report(files[p], os.path.basename(p))
# Near duplicates: two paragraphs of different groups that share many five-word runs.
index = collections.defaultdict(set)
every = [r for rows in files.values() for r in rows]
sh = {r["id"]: shingles(r["text"]) for r in every}
for r in every:
    for s in sh[r["id"]]: index[s].add(r["id"])
seen, group = set(), {r["id"]: r["group"] for r in every}
for ids in index.values():
    if len(ids) > 40: continue
    for x in ids:
        for y in ids:
            if x < y and group[x] != group[y] and (x, y) not in seen:
                seen.add((x, y))
                j = len(sh[x] & sh[y]) / max(1, min(len(sh[x]), len(sh[y])))
                if j > 0.3: faults.append(f"near duplicates: {x} and {y} share {j:.0%} of their five-word runs")
for f in faults[:60]: print(f, file=sys.stderr)
if len(faults) > 60: print(f"... and {len(faults) - 60} more", file=sys.stderr)
if a.out and not a.check:
    os.makedirs(a.out, exist_ok=True)
    held = {"dev": "dev-genres.jsonl", "around": "dev-around.jsonl"}
    parts = {name: [] for name in (*held.values(), "train.jsonl")}
    for p, rows in files.items():
        parts[held.get(os.path.basename(p).split("-")[0], "train.jsonl")] += rows
    for name, rows in parts.items():
        rows.sort(key=lambda r: r["id"])
        with open(os.path.join(a.out, name), "w", encoding="utf-8") as f:
            for r in rows: f.write(json.dumps(r, ensure_ascii=False) + "\n")
        report(rows, name)
sys.exit(1 if faults else 0)
