/**
 * Seeing the weights: what the parameters of a model are, who set each number, and how training changed it.
 *
 * <p>A {@link tinygpt.inspection.WeightFile} opens a run, a checkpoint or a Hugging Face folder and reads its tensors piece
 * by piece, so that a file of any size can be looked at in little memory. {@link tinygpt.inspection.InitialValues} knows
 * where the numbers started. {@link tinygpt.inspection.ModelStatistics}, {@link tinygpt.inspection.ModelDifference} and
 * {@link tinygpt.inspection.BlockMap} look at files only and start no ND4J; {@link tinygpt.inspection.Audit} trains one step
 * to see that every parameter is initialised, decayed, reached and moved as declared.
 *
 * <p>{@link tinygpt.inspection.AttentionHead} and {@link tinygpt.inspection.LogitLens} watch one forward pass, and {@link
 * tinygpt.inspection.Ablation} takes parts out of a model in memory, or rounds its numbers as {@link
 * tinygpt.parameters.Quantization} says; {@link tinygpt.inspection.RoundingError} tells how far that moves them.
 *
 * <p>{@link tinygpt.inspection.WeightStep} and {@link tinygpt.inspection.BatchStep} explain one training step, on a run that
 * was brought back to it; {@link tinygpt.inspection.DoubleLoss} is what gradients are held against.
 * {@link tinygpt.inspection.GradientCheck} and {@link tinygpt.inspection.GoldenCheck} say whether the arithmetic is right on
 * this machine. No file is
 * changed here; how all this is shown is the command line's business.
 */
package tinygpt.inspection;
