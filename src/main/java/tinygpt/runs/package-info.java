/**
 * What a run leaves on disk.
 *
 * <p>A {@link tinygpt.runs.Checkpoint} is one self-describing safetensors file: the parameters under their registry
 * names, the optimizer's moments beside them, and in its metadata the hyperparameters, the tokenizer, how far training
 * has come, and two fingerprints. The fingerprint of the hyperparameters stays the same over a run and that of the
 * parameters does not, which is how a reader of the files can see which is which. {@link tinygpt.runs.ModelSource} says
 * what kind of model lies at a path.
 *
 * <p>The {@link tinygpt.runs.Ledger} writes both down for every checkpoint, tensor by tensor, in a chain of hashes, and
 * holds the files against it later.
 */
package tinygpt.runs;
