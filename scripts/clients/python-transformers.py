"""PyTorch, through transformers, opens the Hugging Face folder."""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

LARGEST_DIFFERENCE = 1e-3


class Different(Exception):
    """A client does something else than tinygpt."""


def read(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as file:
        return file.read()


def ids(folder, name):
    return [int(i) for i in read(folder, name).strip().split(",")]


def same(what, expected, got):
    for at, (a, b) in enumerate(zip(expected, got)):
        if a != b:
            raise Different(f"token {at} of {what} is {b}, not {a}")
    if len(expected) != len(got):
        raise Different(f"{what} has {len(got)} tokens, not {len(expected)}")


def check(folder):
    """Compares one model; returns the largest difference of a probability."""
    text, tokens = read(folder, "text.txt"), ids(folder, "ids")
    prompt, generated = ids(folder, "prompt"), ids(folder, "generated")
    logits = torch.tensor(json.loads(read(folder, "logits.json"))["logits"], dtype=torch.float64)

    tokenizer = AutoTokenizer.from_pretrained(os.path.join(folder, "hf"))
    got = tokenizer.encode(text, add_special_tokens=False)
    same("the text", tokens, got)
    if tokenizer.decode(got, clean_up_tokenization_spaces=False) != text:
        raise Different("the tokens do not decode to the text")

    model = AutoModelForCausalLM.from_pretrained(os.path.join(folder, "hf")).eval()
    with torch.no_grad():
        given = torch.tensor([prompt])
        out = model.generate(
            given, attention_mask=torch.ones_like(given), max_new_tokens=len(generated), do_sample=False
        )
        same("the greedy text", generated, out[0, len(prompt) :].tolist())
        theirs = model(torch.tensor([prompt + generated])).logits[0].double()
    difference = (torch.softmax(theirs, -1) - torch.softmax(logits, -1)).abs().max().item()
    if not difference <= LARGEST_DIFFERENCE:
        raise Different(f"a probability is off by {difference:.1e}")
    return difference


def main(folders):
    largest = 0.0
    for folder in folders:
        try:
            largest = max(largest, check(folder))
        except Exception as e:  # whatever a client raises is its failure
            print(f"FAILED: {os.path.basename(folder)}: {str(e).splitlines()[0] if str(e) else repr(e)}")
            return 1
    names = ", ".join(os.path.basename(folder) for folder in folders)
    characters, greedy = len(read(folders[0], "text.txt")), len(ids(folders[0], "generated"))
    print(
        f"ok: {names}: {characters:,} characters are the same tokens, {greedy} greedy tokens too,"
        f" probabilities within {largest:.1e}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
