#!/usr/bin/env python3
"""Trains and runs a GPT-2 style model in plain PyTorch on random tokens and says how fast that was.

The counterpart of 'tinygpt bench': the same shapes, float32, AdamW, gradients clipped at 1.0, no dropout.
Needs Python 3 and torch (1.13 or newer), nothing else.
"""

import argparse
import json
import math
import statistics
import sys
import time

try:
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
except ImportError:
    sys.exit("bench-pytorch.py: error: PyTorch is not installed; try 'pip install torch' or, on Debian, "
             "'apt install python3-torch'")

PRESETS = {  # layers, heads, width, context, batch, vocabulary, biases, erf
    "shakespeare-cpu": (4, 4, 128, 64, 12, 66, False, True),
    "tiny": (4, 4, 128, 128, 16, 64, True, False),
    "gpt2": (12, 12, 768, 1024, 8, 50257, True, False),
}
TEXT_LENGTH = 256
FUSED_ATTENTION = hasattr(F, "scaled_dot_product_attention")


class LayerNorm(nn.Module):
    """LayerNorm whose bias can be left out, which torch 1.13 cannot do by itself."""

    def __init__(self, width, bias):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.gain.shape, self.gain, self.bias, 1e-5)


class Block(nn.Module):
    """Attention and feed-forward, each on a normalized copy of the stream: (B, T, C) to (B, T, C)."""

    def __init__(self, shape):
        super().__init__()
        self.heads = shape.heads
        width = shape.width
        self.norm1 = LayerNorm(width, shape.biases)
        self.qkv = nn.Linear(width, 3 * width, bias=shape.biases)
        self.projection = nn.Linear(width, width, bias=shape.biases)
        self.norm2 = LayerNorm(width, shape.biases)
        self.up = nn.Linear(width, 4 * width, bias=shape.biases)
        self.down = nn.Linear(4 * width, width, bias=shape.biases)
        self.gelu = nn.GELU() if shape.erf else nn.GELU(approximate="tanh")

    def forward(self, x, past=None):
        """past: keys and values (B, H, T', D) of earlier positions; returns the output and all of them."""
        b, t, c = x.shape
        parts = self.qkv(self.norm1(x)).split(c, dim=2)
        q, k, v = (p.view(b, t, self.heads, c // self.heads).transpose(1, 2) for p in parts)  # (B, H, T, D)
        if past is not None:
            k = torch.cat((past[0], k), dim=2)
            v = torch.cat((past[1], v), dim=2)
        mixed = attend(q, k, v).transpose(1, 2).reshape(b, t, c)
        x = x + self.projection(mixed)
        return x + self.down(self.gelu(self.up(self.norm2(x)))), (k, v)


def attend(q, k, v):
    """Causal attention of the last positions of k and v; a single query sees everything."""
    t = q.shape[2]
    if FUSED_ATTENTION:
        return F.scaled_dot_product_attention(q, k, v, is_causal=t > 1)
    scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[3])  # (B, H, T, T')
    if t > 1:
        future = torch.ones(t, t, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(future, float("-inf"))
    return scores.softmax(dim=3) @ v


class Gpt(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.context, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = LayerNorm(shape.width, shape.biases)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                residual = name.endswith(("projection.weight", "down.weight"))
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * shape.layers) if residual else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, ids, past=None, last_only=False):
        """ids (B, T) to logits (B, T, V), or (B, 1, V) of the last position; and each block's keys and values."""
        start = 0 if past is None else past[0][0].shape[2]
        x = self.tokens(ids) + self.positions(torch.arange(start, start + ids.shape[1]))
        kept = []
        for i, block in enumerate(self.blocks):
            x, pair = block(x, None if past is None else past[i])
            kept.append(pair)
        x = self.norm(x[:, -1:] if last_only else x)
        return F.linear(x, self.tokens.weight), kept  # the head is tied


def train(model, shape, seconds, steps):
    """Milliseconds of every measured step."""
    matrices = [p for p in model.parameters() if p.dim() == 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    adam = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.99), eps=1e-8)
    text = torch.randint(shape.vocabulary, (4 * shape.batch * shape.context + 1,))

    def step():
        starts = torch.randint(len(text) - shape.context, (shape.batch,)).tolist()
        ids = torch.stack([text[s:s + shape.context] for s in starts])
        targets = torch.stack([text[s + 1:s + 1 + shape.context] for s in starts])
        logits, _ = model(ids)
        loss = F.cross_entropy(logits.view(-1, shape.vocabulary), targets.view(-1))
        adam.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        return loss.item()

    times = []
    begin = time.perf_counter()
    warm = 0
    while warm < max(1, steps // 4) if steps else warm < 3 or time.perf_counter() - begin < seconds / 4:
        step()
        warm += 1
    begin = time.perf_counter()
    while len(times) < steps if steps else not times or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def product_rate():
    """GFLOP/s of a large matrix product: tells a torch with a fast BLAS from one without."""
    a = torch.rand(1024, 1024)
    rates = []
    for _ in range(5):
        start = time.perf_counter()
        a @ a
        rates.append(2 * 1024**3 / (time.perf_counter() - start) / 1e9)
    return statistics.median(rates)


@torch.no_grad()
def generate(model, length, cached):
    """Seconds for one text, the likeliest token always."""
    start = time.perf_counter()
    ids = torch.zeros(1, 1, dtype=torch.long)
    past = None
    for _ in range(length):
        if cached:
            logits, past = model(ids if past is None else ids[:, -1:], past, last_only=True)
        else:
            logits, _ = model(ids, last_only=True)
        ids = torch.cat((ids, logits[:, -1].argmax(dim=1, keepdim=True)), dim=1)
    return time.perf_counter() - start


def generation_rate(model, length, cached, seconds):
    """Median tokens per second over whole texts, at least two after a first one that is not counted."""
    generate(model, min(length, 32), cached)
    rates = []
    begin = time.perf_counter()
    while len(rates) < 2 or time.perf_counter() - begin < seconds:
        rates.append(length / generate(model, length, cached))
    return statistics.median(rates)


def positive(kind):
    def parse(text):
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError("%s is not positive" % text)
        return value
    return parse


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=sorted(PRESETS), default="shakespeare-cpu")
    for name in ("layers", "heads", "width", "context", "batch", "vocabulary"):
        parser.add_argument("--" + name, type=positive(int), metavar="N", help="instead of the preset's")
    parser.add_argument("--no-biases", dest="biases", action="store_false", default=None)
    parser.add_argument("--erf", action="store_true", default=None, help="GELU with the error function, not tanh")
    parser.add_argument("--threads", type=positive(int), metavar="N", help="PyTorch's own choice unless given")
    parser.add_argument("--steps", type=positive(int), metavar="N", help="measure so many steps")
    parser.add_argument("--seconds", type=positive(float), metavar="S", default=10, help="or for so long (10)")
    parser.add_argument("--generate", action="store_true", help="measure generation too")
    parser.add_argument("--json", action="store_true")
    o = parser.parse_args()
    names = ("layers", "heads", "width", "context", "batch", "vocabulary", "biases", "erf")
    for name, value in zip(names, PRESETS[o.preset]):
        if getattr(o, name) is None:
            setattr(o, name, value)
    if o.width % o.heads:
        parser.error("width %d cannot be divided into %d heads" % (o.width, o.heads))
    return o


def main():
    o = options()
    if o.threads:
        torch.set_num_threads(o.threads)
    torch.manual_seed(1337)
    model = Gpt(o)
    times = train(model, o, o.seconds, o.steps)
    median = statistics.median(times)
    result = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "threads": torch.get_num_threads(),
        "tokens_per_step": o.batch * o.context,
        "steps": len(times),
        "median_ms": median,
        "min_ms": min(times),
        "tokens_per_second": o.batch * o.context / median * 1e3,
        "product_gflop_per_second": product_rate(),
        "attention": "fused" if FUSED_ATTENTION else "explicit",
        "torch": torch.__version__,
    }
    if o.generate:
        model.eval()
        length = min(TEXT_LENGTH, o.context)
        result["tokens_per_text"] = length
        for cached in (True, False):
            key = "generation_%s_tokens_per_second" % ("cached" if cached else "uncached")
            result[key] = generation_rate(model, length, cached, o.seconds / 4)
    if o.json:
        print(json.dumps(result, indent=2))
        return
    print("PyTorch %s, %d threads, %s attention, %s parameters, batch of %d x %d"
          % (result["torch"], result["threads"], result["attention"], format(result["parameters"], ","), o.batch,
             o.context))
    print("Training step   %.2f ms (min %.2f, %d steps), %s tokens/s"
          % (median, min(times), len(times), format(round(result["tokens_per_second"]), ",")))
    print("Products        %.1f GFLOP/s at 1024 x 1024 x 1024" % result["product_gflop_per_second"])
    if o.generate:
        print("Generation      %s tokens/s with a key/value cache, %s without; %d tokens"
              % (format(round(result["generation_cached_tokens_per_second"]), ","),
                 format(round(result["generation_uncached_tokens_per_second"]), ","), result["tokens_per_text"]))


if __name__ == "__main__":
    main()
