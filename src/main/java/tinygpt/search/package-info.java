/**
 * Searching hyperparameters: many training runs that differ in chosen hyperparameters, compared by their validation loss.
 *
 * <p>{@link tinygpt.search.SearchSpace} says what is tried, {@link tinygpt.search.TrialList} makes trial i of it as a pure
 * function of (seed, i), {@link tinygpt.search.Schedule} decides which trial trains next and which are given up, and
 * {@link tinygpt.search.Search} has a {@link tinygpt.search.TrialRunner} train them, some at a time. Each trial is a normal
 * run in a folder of its own, trained by this process or by a {@link tinygpt.search.TrialCluster}; it begins with random
 * weights or with those of a {@link tinygpt.search.BaseModel}.
 *
 * <p>Everything a decision is made of stands in {@code trials.jsonl}, a line for each rung that a trial reached or failed to
 * reach, and one for each that is tried again. So a search that was killed goes on by reading that file, and ends with the
 * table it would have had.
 */
package tinygpt.search;
