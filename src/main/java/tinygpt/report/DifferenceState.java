package tinygpt.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tinygpt.inspection.BlockMap.RowReader;
import tinygpt.inspection.ModelDifference;
import tinygpt.inspection.TensorDifference;
import tinygpt.inspection.TensorDifference.Numbers;
import tinygpt.inspection.TensorDifference.State;
import tinygpt.inspection.WeightFile;
import tinygpt.parameters.Parameter;
import tinygpt.runs.CheckpointHeader;
import tinygpt.text.Tokenizer;

/**
 * Everything that the page about two models shows, as one JSON object: how they differ in figures, and pictures of the tensors
 * that changed, each in A, in B, and B - A. Read piece by piece, without ND4J.
 *
 * <p>The change is a picture of its own and not the difference of the other two, which have 255 steps only: a small change
 * would drown in their rounding.
 */
final class DifferenceState {
    /** Version of the format, which the page checks. */
    private static final int FORMAT = 1;

    /** No more tensors are listed: the page shall stay below 5 MB. */
    static final int MOST_ROWS = 2000;

    /** Bytes of a picture in the page beside its cells. */
    private static final int AROUND_A_PICTURE = 400;

    private static final int FRAMES = 3;

    private DifferenceState() {}

    /**
     * Reads it.
     *
     * @param givenA path that A was asked for by
     * @param givenB the same of B
     * @param difference of the two, as {@link ModelDifference#between} found it
     * @param listed tensors to be listed, in this order
     * @param bytes that the pictures may take; the most changed tensors come first
     * @throws tinygpt.formats.BadFileException if reading fails
     */
    static ObjectNode read(
            String givenA,
            WeightFile a,
            String givenB,
            WeightFile b,
            ModelDifference difference,
            List<TensorDifference> listed,
            long bytes) {
        List<String> names = PathNames.apart(givenA, givenB);
        List<TensorDifference> rows = listed.subList(0, Math.min(MOST_ROWS, listed.size()));
        ObjectNode state = JsonNodeFactory.instance.objectNode();
        state.put("format", FORMAT).put("program", RunState.program());
        state.set("a", model(names.get(0), a));
        state.set("b", model(names.get(1), b));
        state.set("difference", DifferenceData.json(names.get(0), names.get(1), difference, rows));
        Numbers all = difference.byKind().values().stream()
                .reduce(Numbers::plus)
                .orElseGet(() -> new Numbers(0, 0, 0, 0, 0, 0, 0));
        DifferenceData.numbers(state.putObject("all"), all);
        int tensors = difference.tensors().size();
        state.put("tensors", tensors)
                .put("differing", tensors - difference.in(State.SAME).size())
                .put("unlisted", tensors - rows.size());
        addPictures(state, a, b, difference, bytes);
        return state;
    }

    /** What one of the models is called, and where it stands. */
    private static ObjectNode model(String name, WeightFile file) {
        ObjectNode node = JsonNodeFactory.instance.objectNode().put("name", name);
        Optional<CheckpointHeader> header = file.header();
        node.put("step", header.map(CheckpointHeader::step).orElse(null));
        node.put("tokens", header.map(CheckpointHeader::tokensSeen).orElse(null));
        return node.put("parameters", file.registry().count());
    }

    private static void addPictures(
            ObjectNode state, WeightFile a, WeightFile b, ModelDifference difference, long bytes) {
        List<String> labels = tokenLabels(b);
        Map<String, Parameter> ofA = new HashMap<>();
        a.registry().owned().forEach(p -> ofA.put(p.name(), p));
        Map<String, Parameter> ofB = new HashMap<>();
        b.registry().owned().forEach(p -> ofB.put(p.name(), p));
        ArrayNode matrices = state.putArray("matrices");
        long left = bytes;
        int without = 0;
        for (TensorDifference tensor : difference.mostChangedFirst()) {
            if (tensor.state() != State.CHANGED) {
                continue;
            }
            Parameter now = ofB.get(tensor.name());
            MatrixFrame.Blocks blocks = MatrixFrame.Blocks.of(now.shape());
            List<String> rowLabels =
                    now.shape().length == 2 && blocks.rows() == labels.size() && isVocabulary(tensor) ? labels : null;
            if (cost(blocks, rowLabels) > left) {
                without++;
                continue;
            }
            Reader reader = new Reader(a, ofA.get(tensor.name()), b, now, blocks);
            ObjectNode node = reader.matrix(tensor, rowLabels);
            left -= node.toString().getBytes(StandardCharsets.UTF_8).length;
            matrices.add(node);
        }
        state.put("withoutPicture", without);
    }

    private static boolean isVocabulary(TensorDifference tensor) {
        return switch (tensor.kind()) {
            case EMBEDDING, OUTPUT -> true;
            case POSITIONAL, ATTENTION, FEED_FORWARD, NORMALIZATION, ADAPTER -> false;
        };
    }

    /** Bytes of a tensor's pictures in the page, at most. */
    private static long cost(MatrixFrame.Blocks blocks, List<String> rowLabels) {
        long cells = (long) blocks.cells() * (blocks.single() ? 1 : 2) * 4 / 3 + AROUND_A_PICTURE;
        long named = rowLabels == null ? 0 : rowLabels.toString().getBytes(StandardCharsets.UTF_8).length * 2L;
        return FRAMES * cells + AROUND_A_PICTURE + named;
    }

    /** The tokens of a vocabulary that is small enough for a row each; empty if there is none. */
    private static List<String> tokenLabels(WeightFile file) {
        Optional<Tokenizer> tokenizer = file.tokenizer();
        List<String> labels = new ArrayList<>();
        if (tokenizer.isPresent() && tokenizer.get().vocabularySize() <= MatrixFrame.MOST) {
            for (int id = 0; id < tokenizer.get().vocabularySize(); id++) {
                labels.add(TokenLabel.of(tokenizer.get(), id).text());
            }
        }
        return labels;
    }

    /** Reads one tensor of both models. */
    private record Reader(WeightFile a, Parameter inA, WeightFile b, Parameter inB, MatrixFrame.Blocks blocks) {
        ObjectNode matrix(TensorDifference tensor, List<String> rowLabels) {
            TensorSummary.Source before = (first, numbers, n) -> a.read(inA, first, numbers, 0, n);
            TensorSummary.Source after = (first, numbers, n) -> b.read(inB, first, numbers, 0, n);
            float[] start = new float[(int) Math.min(inA.size(), Math.max(TensorSummary.PIECE, blocks.columns()))];
            TensorSummary.Source change = (first, numbers, n) -> {
                after.read(first, numbers, n);
                before.read(first, start, n);
                for (int i = 0; i < n; i++) {
                    numbers[i] -= start[i];
                }
            };
            TensorSummary summaryA = TensorSummary.of(before, inA.size());
            TensorSummary summaryB = TensorSummary.of(after, inB.size());
            ObjectNode node = MatrixData.matrix(
                    tensor.name(),
                    tensor.kind().label(),
                    blocks,
                    MatrixData.limit(List.of(summaryA, summaryB)),
                    "the larger 99.5th percentile of |w| in A and in B",
                    rowLabels);
            DifferenceData.numbers(node.putObject("numbers"), tensor.numbers());
            ArrayNode frames = node.withArray("frames");
            add(frames, "a", before, summaryA);
            add(frames, "b", after, summaryB);
            add(frames, "change", change, TensorSummary.of(change, inA.size()));
            return node;
        }

        private void add(ArrayNode frames, String of, TensorSummary.Source source, TensorSummary summary) {
            RowReader rows = (row, numbers) -> source.read((long) row * blocks.columns(), numbers, blocks.columns());
            MatrixData.frame(frames.addObject().put("of", of), MatrixFrame.of(rows, blocks), summary);
        }
    }
}
