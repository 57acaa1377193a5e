package tinygpt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;
import tinygpt.formats.BadFileException;
import tinygpt.runs.RunInUseException;
import tinygpt.tensor.NotEnoughMemoryException;
import tinygpt.training.EngineFailedException;

/** Turns whatever went wrong into one line on stderr and an exit code; where it happened is shown only on request. */
final class Errors implements IParameterExceptionHandler, IExecutionExceptionHandler {
    private static final String TRACE_OPTION = "--stack-trace";

    /** A message may quote a file, which may say anything: not for pages, and not to the terminal. */
    private static final int LONGEST = 3000;

    private final PrintWriter err;
    private final boolean trace;
    private final boolean onlyUsage;

    Errors(PrintWriter err, boolean trace) {
        this(err, trace, false);
    }

    /**
     * Turns failures of one call of the program into exit codes.
     *
     * @param err where the line goes
     * @param trace whether to show where it happened
     * @param onlyUsage whether every failure but an interruption is {@link Exit#USAGE}, as the command {@code diff} has it,
     *     where 1 is an answer
     */
    Errors(PrintWriter err, boolean trace, boolean onlyUsage) {
        this.err = err;
        this.trace = trace;
        this.onlyUsage = onlyUsage;
    }

    static boolean traceWanted(String[] args) {
        for (String arg : args) {
            if (arg.equals(TRACE_OPTION)) {
                return true;
            }
        }
        return "1".equals(System.getenv("TINYGPT_TRACE"));
    }

    /** What the command line itself got wrong. */
    @Override
    public int handleParseException(ParameterException e, String[] args) {
        String guess = "";
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty()) {
            guess = "; did you mean " + String.join(" or ", unmatched.getSuggestions()) + "?";
        }
        String help = e.getCommandLine().getCommandSpec().qualifiedName() + " --help";
        print(e.getMessage() + guess + (guess.isEmpty() ? "; see '" : " See '") + help + "'", e);
        return Exit.USAGE;
    }

    /** What a command threw. */
    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult parsed) {
        return report(e);
    }

    /** Prints the line for a failure and returns its exit code. */
    int report(Throwable e) {
        int code = printAndClassify(e);
        return onlyUsage && code != Exit.INTERRUPTED ? Exit.USAGE : code;
    }

    private int printAndClassify(Throwable e) {
        if (e instanceof UncheckedIOException unchecked) {
            // Whoever gave it words of its own knew the file and what became of it.
            boolean bare = unchecked.getCause().toString().equals(e.getMessage());
            if (bare) {
                return printAndClassify(unchecked.getCause());
            }
            print(e.getMessage(), e);
            return Exit.BAD_DATA;
        }
        if (e instanceof NotEnoughMemoryException
                || e instanceof RunInUseException
                || e instanceof EngineFailedException) {
            print(e.getMessage(), e);
            return Exit.FAILURE;
        }
        if (e instanceof CommandFailure failure) {
            print(failure.getMessage(), e);
            return failure.exitCode();
        }
        if (e instanceof IllegalArgumentException && e.getMessage() != null) {
            print(e.getMessage(), e);
            return Exit.USAGE;
        }
        if (e instanceof BadFileException) {
            print(e.getMessage(), e);
            return Exit.BAD_DATA;
        }
        if (e instanceof IOException io) {
            print(describe(io), e);
            return Exit.BAD_DATA;
        }
        if (e instanceof InterruptedException) {
            print("interrupted", e);
            return Exit.INTERRUPTED;
        }
        if (e instanceof OutOfMemoryError) {
            print("out of memory: " + e.getMessage() + "; choose a smaller model or batch", e);
            return Exit.FAILURE;
        }
        String what = e.getMessage() == null ? "" : ": " + e.getMessage();
        String hint = trace ? "" : "; run it again with " + TRACE_OPTION + " to see where";
        print("unexpected " + e.getClass().getSimpleName() + what + hint, e);
        return Exit.FAILURE;
    }

    private static String describe(IOException e) {
        if (e instanceof NoSuchFileException missing) {
            return "there is no file " + missing.getFile();
        }
        if (e instanceof AccessDeniedException denied) {
            return denied.getFile() + " must not be read or written by this user";
        }
        if (e instanceof FileAlreadyExistsException exists) {
            return exists.getFile() + " exists already";
        }
        if (e instanceof FileSystemException other) {
            return other.getFile() + ": " + (other.getReason() == null ? "cannot be used" : other.getReason());
        }
        if (e instanceof CharacterCodingException) {
            return "the text is not valid UTF-8";
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private void print(String message, Throwable e) {
        String line = message.replaceAll("\\s*\\R\\s*", " ").replaceAll("[\\p{Cc}\\p{Cf}]", "?");
        err.println("tinygpt: error: " + (line.length() > LONGEST ? line.substring(0, LONGEST) + "..." : line));
        if (trace) {
            e.printStackTrace(err);
        }
        err.flush();
    }
}
