// llama.cpp, through node-llama-cpp, opens the GGUF file.
import { join } from "node:path";
import { getLlama } from "node-llama-cpp";
import { main } from "./compare.mjs";

const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });

await main(async (one) => {
  const model = await llama.loadModel({ modelPath: join(one.folder, "model.gguf") });
  const ids = model.tokenize(one.text, false);
  one.tokens(ids);
  one.decoded(model.detokenize(ids));

  const context = await model.createContext({ contextSize: model.trainContextSize });
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
  const from = one.prompt.length - 1;
  const question = { generateNext: { probabilities: true, options: { temperature: 1 } } };
  const answers = await sequence.controlledEvaluate(one.all.map((id, at) => (at >= from ? [id, question] : id)));
  for (let at = from; at < one.all.length; at++) {
    const found = answers[at].next.probabilities;
    one.probabilities(at, (id) => found.get(id) ?? 0);
  }
  await context.dispose();
  await model.dispose();
});
