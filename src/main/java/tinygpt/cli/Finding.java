package tinygpt.cli;

/**
 * One line of {@code doctor}.
 *
 * @param what what was looked at
 * @param value how it is
 * @param state whether that is well
 * @param advice what to do where it is not the best; empty where it is
 */
record Finding(String what, String value, State state, String advice) {
    /** How well something is. */
    enum State {
        OK,
        /** It works, and could be better. */
        COULD_BE_BETTER,
        BROKEN
    }

    static Finding ok(String what, String value) {
        return new Finding(what, value, State.OK, "");
    }

    static Finding better(String what, String value, String advice) {
        return new Finding(what, value, State.COULD_BE_BETTER, advice);
    }

    static Finding broken(String what, String value, String advice) {
        return new Finding(what, value, State.BROKEN, advice);
    }
}
