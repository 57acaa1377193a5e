// What every client written in JavaScript is compared with, and how.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

const LARGEST_DIFFERENCE = 1e-3;

/** What tinygpt says of one model, and how far a client is from it. */
export class Case {
  constructor(folder) {
    this.folder = folder;
    this.name = basename(folder);
    this.text = readFileSync(join(folder, "text.txt"), "utf8");
    this.ids = this.#ids("ids");
    this.prompt = this.#ids("prompt");
    this.generated = this.#ids("generated");
    this.logits = JSON.parse(readFileSync(join(folder, "logits.json"), "utf8")).logits;
    this.largest = 0;
    this.compared = new Set();
  }

  #ids(file) {
    return readFileSync(join(this.folder, file), "utf8").trim().split(",").map(Number);
  }

  /** The prompt with what tinygpt writes after it. */
  get all() {
    return [...this.prompt, ...this.generated];
  }

  tokens(got) {
    this.#same("the text", this.ids, got);
    this.compared.add("tokens");
  }

  decoded(got) {
    if (got !== this.text) {
      throw new Error("the tokens do not decode to the text");
    }
    this.compared.add("decoded");
  }

  greedy(got, what = "the greedy text") {
    this.#same(what, this.generated, got);
    this.compared.add("greedy");
  }

  #same(what, expected, got) {
    const at = expected.findIndex((id, i) => id !== got[i]);
    if (at >= 0) {
      throw new Error(`token ${at} of ${what} is ${got[at]}, not ${expected[at]}`);
    }
    if (got.length !== expected.length) {
      throw new Error(`${what} has ${got.length} tokens, not ${expected.length}`);
    }
  }

  /** Compares what may follow token number `at` of `all`: `probability` gives one for each token id. */
  probabilities(at, probability) {
    const expected = softmax(this.logits[at]);
    for (let id = 0; id < expected.length; id++) {
      const difference = Math.abs(expected[id] - probability(id));
      if (!(difference <= LARGEST_DIFFERENCE)) {
        throw new Error(`the probability of id ${id} after token ${at} is ${probability(id)}, not ${expected[id]}`);
      }
      this.largest = Math.max(this.largest, difference);
    }
    this.compared.add("probabilities");
  }
}

export function softmax(logits) {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Array.from(logits, (x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

/** Checks every case named on the command line and prints one line. */
export async function main(check) {
  const cases = process.argv.slice(2).map((folder) => new Case(folder));
  for (const one of cases) {
    try {
      await check(one);
      for (const what of ["tokens", "decoded", "greedy", "probabilities"]) {
        if (!one.compared.has(what)) {
          throw new Error(`${what} were not compared`);
        }
      }
    } catch (e) {
      console.error(e);
      console.log(`FAILED: ${one.name}: ${String(e.message ?? e).split("\n")[0]}`);
      process.exit(1);
    }
  }
  const characters = [...cases[0].text].length.toLocaleString("en");
  const largest = Math.max(...cases.map((one) => one.largest)).toExponential(1);
  console.log(
    `ok: ${cases.map((one) => one.name).join(", ")}: ${characters} characters are the same tokens,` +
      ` ${cases[0].generated.length} greedy tokens too, probabilities within ${largest}`,
  );
  process.exit(0);
}
