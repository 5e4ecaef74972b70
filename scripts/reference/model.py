"""The stance model in PyTorch: the reference that the candle model reproduces (see tests/golden).

One encoder for BERT and MPNet kinds (post-norm transformer, erf GELU), one set of heads. Shapes in comments:
B batch, T tokens, A actors, D width, H heads.
"""
import json, math, os
import torch, torch.nn as nn, torch.nn.functional as F
from safetensors.torch import load_file

STANCES = ["ease", "maintain", "tighten", "none"]
TYPES = ["state", "body", "gov", "person", "group", "org"]
ROLES = ["sender", "target", "addressee", "source", "bystander"]
VOICES = ["act", "said", "claim"]
DISTANCES = 24


FAR = torch.tensor([7, 13, 22, 38, 66, 115, 202])


def distance_bucket(d):
    """Signed token distance to the nearest own mention -> bucket 0..23: exact up to 4, then 7 ranges; later tokens in the upper half."""
    a = d.abs()
    return torch.where(a <= 4, a, 4 + torch.bucketize(a, FAR, right=True)) + 12 * (d > 0).long()


class Drop:
    """Dropout from one pool of masks drawn ahead: PyTorch's own costs a third of a step on a CPU."""
    pool, generator = {}, torch.Generator().manual_seed(0)

    @classmethod
    def seed(c, n):
        c.generator.manual_seed(n)
        c.pool.clear()

    @classmethod
    def apply(c, x, p):
        if p <= 0: return x
        n = x.numel()
        if (p, x.dtype) not in c.pool or c.pool[p, x.dtype].numel() < 2 * n:
            size = max(1 << 22, 2 * n)
            c.pool[p, x.dtype] = ((torch.rand(size, generator=c.generator) >= p).to(x.dtype) / (1 - p))
        mask = c.pool[p, x.dtype]
        at = int(torch.randint(0, mask.numel() - n, (1,), generator=c.generator))
        return x * mask[at:at + n].view(x.shape)


def attend(q, k, v, bias):
    """softmax(q k' / sqrt(d) + bias) v, in plain steps: on a CPU in bf16 quicker than the fused call."""
    a = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2) + bias.to(q.dtype)
    return torch.softmax(a, -1, dtype=a.dtype) @ v


class Int8(torch.autograd.Function):
    """y = x w' + b with x and w rounded to int8 as the kernels round them (one scale a row and one an output channel, exact
    integer sums); gradients pass the rounding by (Bengio et al. 2013, straight-through)."""

    @staticmethod
    def forward(c, x, w, b):
        sx = x.abs().amax(-1, keepdim=True).float().clamp(min=1e-8) / 127
        sw = w.abs().amax(1).clamp(min=1e-8) / 127
        kind = torch.bfloat16 if torch.is_autocast_enabled("cpu") else torch.float32   # integers to 256 are exact in both
        qx, qw = (x / sx).round_().to(kind), (w / sw[:, None]).round_().to(kind)
        c.save_for_backward(qx, qw, sx, sw)
        c.kind = x.dtype
        y = (qx.float() @ qw.float().t() if kind == torch.float32 else qx @ qw.t()).float()
        return (y * sx * sw + b).to(kind)

    @staticmethod
    def backward(c, g):
        qx, qw, sx, sw = c.saved_tensors
        flat = (g * sx).to(qx.dtype).flatten(0, -2)
        gw = flat.t() @ qx.flatten(0, -2) if c.needs_input_grad[1] else None
        return ((g * sw).to(qw.dtype) @ qw).to(c.kind), gw if gw is None else gw.float(), g.flatten(0, -2).sum(0).float()


class Linear(nn.Linear):
    """A linear map that the shipped model holds in int8; `int8` makes all of them compute so."""
    int8 = False

    def forward(s, x):
        return Int8.apply(x, s.weight, s.bias) if Linear.int8 else super().forward(x)


class Layer(nn.Module):
    def __init__(s, d, h, f, eps, drop):
        super().__init__()
        s.h, s.drop = h, drop
        s.q, s.k, s.v, s.o = (Linear(d, d) for _ in range(4))
        s.up, s.down = Linear(d, f), Linear(f, d)
        s.attn_norm, s.ffn_norm = nn.LayerNorm(d, eps), nn.LayerNorm(d, eps)

    def forward(s, x, mask):
        b, t, d = x.shape
        q, k, v = (l(x).view(b, t, s.h, d // s.h).transpose(1, 2) for l in (s.q, s.k, s.v))
        p = s.drop if s.training else 0.0
        a = attend(q, k, v, mask)
        x = s.attn_norm(x + Drop.apply(s.o(a.transpose(1, 2).reshape(b, t, d)), p))
        return s.ffn_norm(x + Drop.apply(s.down(F.gelu(s.up(x))), p))


class Encoder(nn.Module):
    """ids, kinds [B,T], keep [B,T] (1 where a token is) -> states [B,T,D]."""

    def __init__(s, c, drop=0.1):
        super().__init__()
        s.c, s.drop = c, drop
        d = c["hidden_size"]
        s.mpnet = c["model_type"] == "mpnet"
        s.word = nn.Embedding(c["vocab_size"], d)
        s.position = nn.Embedding(c["max_position_embeddings"], d)
        if not s.mpnet: s.kind = nn.Embedding(c["type_vocab_size"], d)
        s.norm = nn.LayerNorm(d, c["layer_norm_eps"])
        s.layers = nn.ModuleList(Layer(d, c["num_attention_heads"], c["intermediate_size"], c["layer_norm_eps"], drop)
                                 for _ in range(c["num_hidden_layers"]))
        if s.mpnet: s.relative = nn.Embedding(c["relative_attention_num_buckets"], c["num_attention_heads"])

    def bias(s, t):
        """MPNet's relative position bias [1,H,T,T] (T5's bidirectional buckets, 32 in all, up to distance 128)."""
        r = torch.arange(t)[None, :] - torch.arange(t)[:, None]
        n = s.c["relative_attention_num_buckets"] // 2
        out, a = (r > 0).long() * n, r.abs()          # sign: later keys in the upper half
        m = n // 2
        big = (m + (torch.log(a.clamp(min=1).float() / m) / math.log(128 / m) * (n - m)).long()).clamp(max=n - 1)
        return s.relative(out + torch.where(a < m, a, big)).permute(2, 0, 1)[None]

    def forward(s, ids, kinds, keep):
        t = ids.shape[1]
        pos = torch.arange(t) + (2 if s.mpnet else 0)
        x = s.word(ids) + s.position(pos)[None]
        if not s.mpnet: x = x + s.kind(kinds)
        x = Drop.apply(s.norm(x), s.drop if s.training else 0.0)
        mask = (1.0 - keep[:, None, None, :].float()) * -1e4
        if s.mpnet: mask = mask + s.bias(t)
        for l in s.layers: x = l(x, mask)
        return x

    def load_hf(s, path):
        """Weights of a Hugging Face BERT or MPNet folder."""
        w = load_file(os.path.join(path, "model.safetensors"))
        w = {k.removeprefix("bert.").removeprefix("mpnet."): v for k, v in w.items()}
        e = "embeddings."
        out = {"word.weight": w[e + "word_embeddings.weight"], "position.weight": w[e + "position_embeddings.weight"],
               "norm.weight": w[e + "LayerNorm.weight"], "norm.bias": w[e + "LayerNorm.bias"]}
        if s.mpnet: out["relative.weight"] = w["encoder.relative_attention_bias.weight"]
        else: out["kind.weight"] = w[e + "token_type_embeddings.weight"]
        a = ({"q": "attention.attn.q", "k": "attention.attn.k", "v": "attention.attn.v", "o": "attention.attn.o", "attn_norm": "attention.LayerNorm"}
             if s.mpnet else {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
                              "o": "attention.output.dense", "attn_norm": "attention.output.LayerNorm"})
        a |= {"up": "intermediate.dense", "down": "output.dense", "ffn_norm": "output.LayerNorm"}
        for i in range(len(s.layers)):
            for ours, theirs in a.items():
                for p in ("weight", "bias"): out[f"layers.{i}.{ours}.{p}"] = w[f"encoder.layer.{i}.{theirs}.{p}"]
        s.load_state_dict(out)


class Cross(nn.Module):
    """Multi-head attention of queries over keys with an additive bias, then residual and norm."""

    def __init__(s, d, h, drop):
        super().__init__()
        s.h, s.drop = h, drop
        s.q, s.k, s.v, s.o = (Linear(d, d) for _ in range(4))
        s.norm = nn.LayerNorm(d, 1e-5)

    def forward(s, x, y, bias):
        b, a, d = x.shape
        t = y.shape[1]
        q = s.q(x).view(b, a, s.h, d // s.h).transpose(1, 2)
        k, v = (l(y).view(b, t, s.h, d // s.h).transpose(1, 2) for l in (s.k, s.v))
        p = s.drop if s.training else 0.0
        z = attend(q, k, v, bias)
        return s.norm(x + Drop.apply(s.o(z.transpose(1, 2).reshape(b, a, d)), p))


class Decoder(nn.Module):
    """One step of the actors: look at the tokens, at each other, think."""

    def __init__(s, d, h, drop):
        super().__init__()
        s.drop = drop
        s.look, s.meet = Cross(d, h, drop), Cross(d, h, drop)
        s.up, s.down, s.norm = Linear(d, 2 * d), Linear(2 * d, d), nn.LayerNorm(d, 1e-5)

    def forward(s, x, states, token_bias, actor_bias):
        x = s.look(x, states, token_bias)
        x = s.meet(x, x, actor_bias)
        return s.norm(x + Drop.apply(s.down(F.gelu(s.up(x))), s.drop if s.training else 0.0))


class StanceModel(nn.Module):
    """Batch dict -> dict of logits. See `Batch` in data.py for the keys."""

    def __init__(s, config, codes, depth=2, drop=0.1):
        super().__init__()
        s.config, s.codes, s.depth, s.drop = config, codes, depth, drop
        s.tell = False       # whether the states and the actors' last layer are told too: a student learns from them
        d, h = config["hidden_size"], config["num_attention_heads"]
        s.encoder = Encoder(config, drop)
        s.enter = Linear(d, d)
        s.distance = nn.Embedding(DISTANCES, h)
        s.segment = nn.Embedding(3, h)       # bias for tokens: context, paragraph, own mention
        s.decoder = nn.ModuleList(Decoder(d, h, drop) for _ in range(depth))
        s.hidden = Linear(3 * d, d)
        s.stance = nn.Linear(d, 4)
        s.actor_type, s.actor_code, s.actor_roles, s.actor_voice = nn.Linear(d, len(TYPES)), nn.Linear(d, len(codes)), nn.Linear(d, len(ROLES)), nn.Linear(d, len(VOICES))
        s.mention, s.target = nn.Linear(d, 3), nn.Linear(d, 1)
        s.about = nn.Linear(d, 1)
        s.evidence_q, s.evidence_k = Linear(d, d // 2), Linear(d, d // 2)
        s.evidence_b = nn.Parameter(torch.tensor([-1.0]))
        nn.init.zeros_(s.distance.weight); nn.init.zeros_(s.segment.weight)

    def forward(s, b, states=None):
        x = s.encoder(b["ids"], b["kinds"], b["keep"]) if states is None else states
        drop = lambda v: Drop.apply(v, s.drop if s.training else 0.0)
        out = {"mention": s.mention(drop(x)), "target": s.target(drop(x)).squeeze(-1), "about": s.about(drop(x[:, 0])).squeeze(-1)}
        if b["actors"].shape[1] == 0: return out
        # actors: [B,A,T] 0/1 over tokens of their mentions
        m = b["actors"].to(x.dtype)
        pooled = (m @ x) / m.sum(-1, keepdim=True).clamp(min=1)
        bias = (s.distance(b["distance"]) + s.segment(b["segment"])).permute(0, 3, 1, 2)      # [B,H,A,T]
        bias = bias + (1.0 - b["keep"][:, None, None, :].float()) * -1e4
        between = (1.0 - b["present"][:, None, None, :].float()) * -1e4
        z = drop(s.enter(pooled))
        for l in s.decoder: z = l(z, x, bias, between)
        first = x[:, :1].expand(-1, z.shape[1], -1)
        y = F.gelu(s.hidden(drop(torch.cat([z, pooled, first], -1))))
        out["stance"] = s.stance(drop(y))
        if s.tell: out |= {"states": x, "sense": y}
        z, seen = drop(z), drop(pooled)
        # Type and code come from the mention alone, so that they can be asked before actors are resolved.
        out |= {"type": s.actor_type(seen), "code": s.actor_code(seen), "roles": s.actor_roles(z), "voice": s.actor_voice(z)}
        q, k = s.evidence_q(z), s.evidence_k(drop(x))
        out["evidence"] = q @ k.transpose(1, 2) / math.sqrt(q.shape[-1]) + s.evidence_b
        return out

    @staticmethod
    def from_base(path, codes, depth=2, drop=0.1):
        c = json.load(open(os.path.join(path, "config.json")))
        m = StanceModel(c, codes, depth, drop)
        m.encoder.load_hf(path)
        return m
