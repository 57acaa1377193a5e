// ONNX Runtime, through transformers.js, opens the ONNX folder.
import { AutoModelForCausalLM, AutoTokenizer, Tensor, env } from "@huggingface/transformers";
import { main, softmax } from "./compare.mjs";

env.allowRemoteModels = false;

function tensor(rows) {
  return new Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]);
}

await main(async (one) => {
  env.localModelPath = one.folder;
  const tokenizer = await AutoTokenizer.from_pretrained("onnx");
  const ids = tokenizer.encode(one.text, { add_special_tokens: false });
  one.tokens(ids);
  one.decoded(tokenizer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false }));

  const model = await AutoModelForCausalLM.from_pretrained("onnx", { dtype: "fp32" });
  const length = { max_new_tokens: one.generated.length, do_sample: false };
  const generate = async (rows, masks) =>
    (await model.generate({ input_ids: tensor(rows), attention_mask: tensor(masks), ...length })).tolist();
  const [alone] = await generate([one.prompt], [one.prompt.map(() => 1)]);
  one.greedy(alone.slice(one.prompt.length).map(Number));

  // Beside a longer text, padded at the left.
  const other = one.ids.slice(0, one.prompt.length + 5);
  const padded = [0, 0, 0, 0, 0, ...one.prompt];
  const [row] = await generate([padded, other], [padded.map((_, i) => (i < 5 ? 0 : 1)), other.map(() => 1)]);
  one.greedy(row.slice(padded.length, padded.length + one.generated.length).map(Number), "the greedy text of a batch");

  const { logits } = await model({ input_ids: tensor([one.all]), attention_mask: tensor([one.all.map(() => 1)]) });
  const [, , vocabulary] = logits.dims;
  for (let at = 0; at < one.all.length; at++) {
    const found = softmax(logits.data.subarray(at * vocabulary, (at + 1) * vocabulary));
    one.probabilities(at, (id) => found[id]);
  }
  await model.dispose();
});
