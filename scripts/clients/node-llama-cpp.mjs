// llama.cpp, through node-llama-cpp, opens the GGUF file.
import { join } from "node:path";
import { getLlama } from "node-llama-cpp";
import { main } from "./compare.mjs";

const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });

await main(async (one) => {
  const model = await llama.loadModel({ modelPath: join(one.folder, "model.gguf") });
  const ids = model.tokenize(one.text, true); // the text has <|endoftext|> in it, which is one token
  one.tokens(ids);
  one.decoded(model.detokenize(ids, true));

  const context = await model.createContext({ contextSize: model.trainContextSize, threads: 1 });
  const sequence = context.getSequence();
  const generated = [];
  for await (const token of sequence.evaluate(one.prompt, { temperature: 0, yieldEogToken: true })) {
    generated.push(token);
    if (generated.length === one.generated.length) {
      break;
    }
  }
  one.greedy(generated);

  await sequence.clearHistory();
  // All of them: unless told otherwise it leaves out what is unlikely, and raises the rest.
  const options = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  const question = { generateNext: { probabilities: true, options } };
  const answers = await sequence.controlledEvaluate(one.all.map((id) => [id, question]));
  for (let at = 0; at < one.all.length; at++) {
    const found = answers[at].next.probabilities;
    one.probabilities(at, (id) => found.get(id) ?? 0);
  }
  await context.dispose();
  await model.dispose();
});
