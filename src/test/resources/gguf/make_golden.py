"""Writes blocks.json with gguf-py (pip install gguf), llama.cpp's own Python library, whose quantizers give the bytes of
ggml's reference. Three blocks: two of ordinary numbers, one of small ones with a zero."""
import json
import sys

import numpy
from gguf import quants
from gguf.constants import GGMLQuantizationType

numbers = numpy.random.default_rng(5).standard_normal(96).astype(numpy.float32)
numbers[64:] *= 1e-3
numbers[70] = 0
out = {"numbers": [float(number) for number in numbers]}
for name in ("F16", "BF16", "Q8_0", "Q4_0"):
    kind = GGMLQuantizationType[name]
    stored = quants.quantize(numbers.reshape(1, -1), kind)
    out[name] = {
        "bytes": numpy.ascontiguousarray(stored).tobytes().hex(),
        "back": [float(number) for number in quants.dequantize(stored, kind).reshape(-1)],
    }
json.dump(out, sys.stdout, indent=1)
