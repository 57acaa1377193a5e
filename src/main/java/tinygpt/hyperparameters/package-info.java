/**
 * Hyperparameters: everything a person (or a search) sets before training, and nothing that training changes.
 *
 * <p>They are immutable records in four groups: {@link tinygpt.hyperparameters.ModelShape model},
 * {@link tinygpt.hyperparameters.Optimization optimization}, {@link tinygpt.hyperparameters.DataPlan data} and the seed.
 * Each component carries its own description, from which the command line, the config file and the help are derived, so
 * that a new hyperparameter is one line. Their canonical JSON has a SHA-256, which every checkpoint carries.
 *
 * <p>What does not change the result of a run (threads, output folder, how often it is logged) is not a hyperparameter and
 * is not here.
 */
package tinygpt.hyperparameters;
