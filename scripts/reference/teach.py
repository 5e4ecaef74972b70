"""A teacher that is asked about every batch as the student sees it, and about its renamed and cut paragraphs as written.

The student learns its probabilities (Hinton et al. 2015) and, through a learned linear map, its token states and its last
layer for each actor (Romero et al. 2015; Jiao et al. 2020); both models must cut text into the same word pieces.
"""
import json, os
import torch, torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer
import model
from data import collate
from model import StanceModel

SPECIAL = {"[CLS]": "<s>", "[SEP]": "</s>", "[PAD]": "<pad>", "[MASK]": "<mask>"}
plain = model.attend


def fused(q, k, v, bias):
    """Without gradients the fused call is the quicker one."""
    return F.scaled_dot_product_attention(q.contiguous(), k.contiguous(), v.contiguous(), attn_mask=bias.to(q.dtype).contiguous())


class Teacher:
    def __init__(s, run, base, student_tokenizer, width, pad):
        c = json.load(open(os.path.join(run, "config.json")))
        s.model = StanceModel(c["encoder"], c["codes"], c["depth"], 0.0).eval()
        s.model.load_state_dict(load_file(os.path.join(run, "best.safetensors")))
        s.model.tell = True
        s.model.bfloat16()
        cal = os.path.join(run, "calibration.json")
        cal = json.load(open(cal)) if os.path.exists(cal) else {"temperature": 1.0, "bias": [0.0] * 4}
        s.pad, s.temperature, s.bias = pad, cal["temperature"], torch.tensor(cal["bias"])
        own, theirs = Tokenizer.from_file(student_tokenizer).get_vocab(), Tokenizer.from_file(os.path.join(base, "tokenizer.json")).get_vocab()
        s.ids = torch.full((max(own.values()) + 1,), -1)
        for w, i in own.items(): s.ids[i] = theirs.get(w, theirs.get(SPECIAL.get(w), -1))
        d = c["encoder"]["hidden_size"]
        s.maps = torch.nn.ModuleDict({"states": torch.nn.Linear(width, d), "sense": torch.nn.Linear(width, d)})

    def learned(s): return list(s.maps.parameters())
    def state(s): return s.maps.state_dict()
    def load(s, c): s.maps.load_state_dict(c)

    @torch.no_grad()
    def outputs(s, z):
        ids = s.ids[z["ids"]]
        if (ids < 0).any(): raise SystemExit("the teacher's vocabulary lacks a word piece of the student's")
        model.attend = fused
        try: return s.model(dict(z, ids=ids, actors=z["actors"].bfloat16()))
        finally: model.attend = plain

    def probabilities(s, o): return (o["stance"].float() / s.temperature + s.bias).softmax(-1)

    @torch.no_grad()
    def ask(s, z, gold, written):
        """The teacher's outputs; puts the mean of its probabilities and the coder's label (weight `gold`) into z["soft"].

        `written`: the batch's renamed and cut paragraphs as they were written, by row. What the teacher makes of their actors
        is what it makes of that text: who is named must not matter, and the evidence must be enough."""
        o = s.outputs(z)
        if "stance" in o:
            p = s.probabilities(o)
            if written:
                rows = list(written)
                w = collate([written[i] for i in rows], s.pad)
                said = s.outputs(w)
                if "stance" in said:
                    q = s.probabilities(said)
                    for j, (i, own, n) in enumerate(zip(rows, q, w["present"].sum(1).int().tolist())):
                        if n != int(z["present"][i].sum()): continue     # the window lost another actor
                        p[i, :n], o["sense"][i, :n] = own[:n], said["sense"][j, :n]
            coded = (z["stance"] >= 0).float()[..., None] * (1 - z["has_soft"])[..., None] * gold
            z["soft"] = coded * F.one_hot(z["stance"].clamp(min=0), 4) + (1 - coded) * p
            z["has_soft"] = z["present"].clone()
        return o

    def losses(s, o, t, z):
        t = {k: v.float() for k, v in t.items()}
        keep = z["keep"] > 0
        def near(k, m):
            y, x = t[k][m], s.maps[k](o[k].float()[m])
            y = (y - y.mean(0)) / y.std(0).clamp(min=1e-3)      # a few outlier channels would be all of the sum
            return F.mse_loss(x, y)
        soft = lambda k, m: F.binary_cross_entropy_with_logits(o[k].float()[m], t[k][m].sigmoid())
        kl = lambda k, m: -(t[k][m].softmax(-1) * o[k].float()[m].log_softmax(-1)).sum(-1).mean()
        out = {"states": near("states", keep), "t-mention": 0.4 * kl("mention", keep), "t-target": 0.2 * soft("target", keep),
               "t-about": 0.1 * soft("about", torch.ones_like(z["about"]) > 0)}
        if "stance" in o:
            here = z["present"] > 0
            out |= {"sense": near("sense", here), "t-roles": 0.2 * soft("roles", here), "t-voice": 0.1 * kl("voice", here),
                    "t-evidence": 0.3 * soft("evidence", here[..., None] & keep[:, None])}
        return out
