package tinygpt.training;

import java.io.Serializable;
import java.util.List;
import java.util.Optional;

/**
 * What is told of a replica's part of a round.
 *
 * @param steps in their order; if it failed, the last is the one that was not taken
 * @param failure why it could not go on, or null
 */
public record ReplicaReport(List<ReplicaStep> steps, String failure) implements Serializable {
    public ReplicaReport {
        steps = List.copyOf(steps);
    }

    /** Why it could not go on; empty if it took all its steps. */
    public Optional<String> failed() {
        return Optional.ofNullable(failure);
    }
}
