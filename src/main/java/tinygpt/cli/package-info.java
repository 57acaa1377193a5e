/**
 * The command line: one class a command, all of them thin.
 *
 * <p>{@link tinygpt.cli.Main} finds the command that is asked for and loads only that one, so that a command which needs no
 * arithmetic starts no ND4J. Results go to stdout, progress and messages to stderr, and the exit code is a contract: see
 * {@link tinygpt.cli.Exit}.
 */
package tinygpt.cli;
