package tinygpt.cli;

import java.nio.file.Path;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.runs.TrainingText;
import tinygpt.search.BaseModel;

/**
 * What all trials begin with.
 *
 * @param data path of the text
 * @param text that they learn
 * @param base hyperparameters of all, but for what is searched
 * @param from the model whose weights they begin with, or null for random ones
 * @param adapted whether that model has adapters of its own
 */
record TrialBeginning(Path data, TrainingText text, Hyperparameters base, BaseModel from, boolean adapted) {}
