/**
 * Randomness without state. Every random number of the program is a pure function of (seed, stream, step, place), so
 * there is no generator to save: resuming a run, or changing the number of threads, cannot change a bit of the result.
 */
package tinygpt.random;
