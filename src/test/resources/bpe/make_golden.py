"""Writes what Hugging Face's tokenizers (0.23.2) learn from small texts and from data/tales.txt.

    pip install tokenizers==0.23.2 && python make_golden.py ../../../..
"""
import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers


def trained(texts, size, frequency):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, min_frequency=frequency, special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    return tokenizer, tokens[257:], merges


def small(count):
    random.seed(7)
    alphabets = ["ab", "abc", "aab", "abcd  ", "ab \n'st", "a\u00e9\u4e2d\U0001F600 "]
    cases = []
    for i in range(count):
        text = "".join(random.choice(alphabets[i % 6]) for _ in range(random.choice([5, 30, 200, 600])))
        size, frequency = random.choice([257, 260, 270, 300, 400]), random.choice([0, 0, 2, 5])
        tokenizer, learned, merges = trained([text], size, frequency)
        cases.append(dict(text=text, vocabulary_size=size, min_frequency=frequency, learned=learned, merges=merges,
                          ids=tokenizer.encode(text).ids))
    return cases


def tales(root):
    text = (root / "data" / "tales.txt").read_text(encoding="utf-8")
    tokenizer, _, merges = trained(text.split("<|endoftext|>"), 1024, 0)
    return dict(merges=merges, tokens_of_text=len(tokenizer.encode(text).ids))


if __name__ == "__main__":
    here = Path(__file__).parent
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 72
    out = Path(sys.argv[3]) if len(sys.argv) > 3 else here / "trained.json"
    out.write_text("[\n" + ",\n".join(json.dumps(c) for c in small(count)) + "\n]\n")
    (here / "trained-tales.json").write_text(json.dumps(tales(Path(sys.argv[1])), indent=0) + "\n")
