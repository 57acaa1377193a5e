package tinygpt.report;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;

/**
 * Something that happened in a run, as pages are told of it.
 *
 * @param step how many steps were done; the event's id
 * @param name one of the names below
 * @param json what a page needs to know, an object without line feeds
 */
record LiveEvent(long step, String name, String json) {
    static final String STEP = "step";
    static final String EVALUATION = "eval";
    static final String SAMPLE = "sample";
    /** That the state holds more than events tell: it has to be asked for again. */
    static final String SNAPSHOT = "snapshot";

    static final String LEDGER = "ledger";
    static final String DONE = "done";

    static LiveEvent of(long step, String name, ObjectNode data) {
        return new LiveEvent(step, name, data.toString());
    }

    /** An event that says no more than its step. */
    static LiveEvent of(long step, String name) {
        return of(step, name, JsonNodeFactory.instance.objectNode().put("step", step));
    }

    /** As it is sent: <a href="https://html.spec.whatwg.org/multipage/server-sent-events.html">server-sent events</a>. */
    byte[] toBytes() {
        return ("id: " + step + "\nevent: " + name + "\ndata: " + json + "\n\n").getBytes(StandardCharsets.UTF_8);
    }
}
