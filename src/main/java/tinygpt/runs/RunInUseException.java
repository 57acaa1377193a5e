package tinygpt.runs;

/** Another process, or another part of this one, writes to a run. The message names the folder and, if known, who it is. */
public final class RunInUseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    RunInUseException(String message) {
        super(message);
    }
}
