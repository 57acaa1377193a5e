/**
 * Text and token ids: how characters become numbers and back, which of them are trained on, and which windows of them a
 * step takes.
 *
 * <p>A tokenizer knows characters, bytes, or frequent sequences of bytes: {@link tinygpt.text.BytePairTokenizer} is GPT-2's
 * kind, {@link tinygpt.text.BytePairTrainer} learns one from a text, and {@link tinygpt.text.BytePairVocabulary} is what its
 * files hold. For other programs, {@link tinygpt.text.BytePairForm} is any tokenizer as one of that kind.
 *
 * <p>Everything here is plain Java on the heap. A {@link tinygpt.text.Tokenizer} maps text to ids, a
 * {@link tinygpt.text.Corpus} splits the ids of one text into a training part and the validation part after it,
 * {@link tinygpt.text.Windows} says where in them a batch or an evaluation reads, and {@link tinygpt.text.NgramLadder}
 * tells what loss models that only count would reach on the same split.
 */
package tinygpt.text;
