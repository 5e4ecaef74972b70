"""Labels for tokens that name a target, paragraphs with their states renamed, positions alone with their evidence.

Renaming (one state's names, adjectives, peoples and capitals for another's, all through title, context and paragraph)
teaches the model to judge by what is said and not by who says it.
"""
import csv, os, re, string

FORMS = ("name", "demonyms", "people", "capital")


def read_states(path):
    rows = list(csv.DictReader(open(path, encoding="utf-8")))
    bodies = os.path.join(os.path.dirname(path), "bodies.csv")
    if os.path.exists(bodies):
        for r in csv.DictReader(open(bodies, encoding="utf-8")): rows.append({"code": r["code"], "name": r["name"], "aliases": r["aliases"], "demonyms": r.get("demonyms", ""), "body": True})
    return rows


def split(cell): return [x.strip() for x in (cell or "").split(";") if x.strip()]


class Names:
    """Longest known names in a text, left to right, at word boundaries: a lookup by first word, not a regular expression
    of thousands of branches."""

    WORD = re.compile(r"\w+")

    def __init__(s, words):
        s.by = {}
        for w in words:
            m = s.WORD.search(w)
            if m and m.start() == 0: s.by.setdefault(m.group(), []).append(w)
        for v in s.by.values(): v.sort(key=len, reverse=True)

    def finditer(s, text):
        last = 0
        for m in s.WORD.finditer(text):
            if m.start() < last: continue
            for w in s.by.get(m.group(), ()):
                e = m.start() + len(w)
                if text.startswith(w, m.start()) and not (e < len(text) and text[e].isalnum() and w[-1].isalnum()):
                    last = e
                    yield m.start(), e, w
                    break

    def search(s, text):
        return next(s.finditer(text), None)


def target_labels(path):
    """-> f(record, composer, start, offsets): (position, 0 or 1) of the sequence's tokens that name a state or body."""
    code = {}
    for r in read_states(path):
        for w in [r["name"], *split(r.get("aliases")), *split(r.get("demonyms")), *split(r.get("people")), r.get("capital") or "", *split(r.get("metonyms"))]:
            if len(w) > 1 and w not in code: code[w] = r["code"]
    find = Names(code)

    def label(r, composer, start, offsets):
        targets = set(r.get("targets", []))
        out = []
        def mark(text, toks, base):
            for a, b, w in find.finditer(text):
                y = float(code[w] in targets)
                for i, (s, e) in enumerate(toks):
                    if s < b and a < e: out.append((base + i, y))
        mark(r["text"], offsets, start)
        # Context and title: their tokens are the last before the paragraph, the first of all.
        c = composer.plain(r.get("context") or "").offsets
        keep = c[-composer.context:] if composer.context else []
        if keep: mark(r["context"], keep, start - 1 - len(keep))
        if r.get("title"): mark(r["title"], composer.plain(r["title"]).offsets[:24], 1)
        return out

    return label


def alone(r, rng):
    """One coded position of a record with nothing but its holder's mention and its evidence, in the order of the text: the
    evidence must be enough. -> this and the whole text with that actor alone; the record twice where no position has evidence."""
    held = [a for a in r["actors"] if a["stance"] != "none" and isinstance(a.get("evidence"), list)]
    if not held: return r, r
    a = rng.choice(held)
    (s, e), (x, y), t = a["mentions"][0], a["evidence"], r["text"]
    if s < y and x < e: lo = min(s, x); at, shift, text = s - lo, x - lo, t[lo:max(e, y)]
    elif e <= x: at, shift, text = 0, e - s + 3, t[s:e] + " … " + t[x:y]
    else: at, shift, text = y - x + 3, 0, t[x:y] + " … " + t[s:e]
    own = [at, at + e - s]
    only = dict(a, start=own[0], end=own[1], mentions=[own], evidence=[shift, shift + y - x])
    return dict(r, title="", context="", text=text, actors=[only], coded=False), dict(r, actors=[a])


class Swapper:
    """A coded record with its states renamed, a share `unnamed` of them to "Country X" and the like; offsets and codes follow."""

    def __init__(s, path, rng, unnamed):
        s.rng, s.unnamed, s.forms, s.by_code = rng, unnamed, {}, {}
        for r in read_states(path):
            if r.get("body") or r.get("to"): continue
            f = {"name": [r["name"], *split(r["aliases"])], "demonyms": split(r["demonyms"]), "people": split(r["people"]),
                 "capital": [r["capital"]] if r["capital"] else [], "metonyms": split(r["metonyms"])}
            if not (f["demonyms"] and f["capital"] and f["people"]): continue
            s.by_code[r["code"]] = f
            for k, words in f.items():
                for w in words:
                    if len(w) > 1: s.forms.setdefault(w, (r["code"], "capital" if k == "metonyms" else k))
        s.find, s.codes = Names(s.forms), sorted(s.by_code)

    def lettered(s, letter, form):
        """As src/actors/states.rs names a state of which nothing is known but a letter."""
        return {"capital": f"{letter} City", "people": f"people of Country {letter}"}.get(form, f"Country {letter}")

    def __call__(s, r):
        texts = {k: r.get(k) or "" for k in ("title", "context", "text")}
        found = sorted({s.forms[w][0] for t in texts.values() for _, _, w in s.find.finditer(t)})
        if not found: return r
        unnamed = len(found) <= 26 and s.rng.random() < s.unnamed
        new = s.rng.sample(string.ascii_uppercase if unnamed else [c for c in s.codes if c not in found], len(found))
        to = dict(zip(found, new))
        word = s.lettered if unnamed else lambda c, form: s.by_code[c][form][0]
        def renamed(t):
            """-> new text, and a map of old offsets to new ones."""
            out, last, moves = "", 0, []
            for a, b, old in s.find.finditer(t):
                code, form = s.forms[old]
                w = word(to[code], form)
                out += t[last:a] + w
                moves.append((a, b, len(out) - len(w), len(out)))
                last = b
            out += t[last:]
            def at(i, end):
                shift = 0
                for a, b, x, y in moves:
                    if i <= a: break
                    if i < b: return y if end else x
                    shift = y - b
                return i + shift
            return out, at
        text, at = renamed(texts["text"])
        r = dict(r)
        r["title"], r["context"], r["text"] = renamed(texts["title"])[0], renamed(texts["context"])[0], text
        span = lambda p: [at(p[0], False), at(p[1], True)]
        # A person keeps the name, so the new code could not be learned from the mention.
        code = lambda a: a["code"] if a["code"] not in to else to[a["code"]] if s.find.search(a["surface"]) and not unnamed else None
        r["actors"] = [dict(a, start=at(a["start"], False), end=at(a["end"], True), mentions=[span(m) for m in a["mentions"]], code=code(a),
                            **({"evidence": span(a["evidence"])} if isinstance(a.get("evidence"), list) else {})) for a in r["actors"]]
        r["targets"] = [to.get(c, c) for c in r.get("targets", [])]
        return r
