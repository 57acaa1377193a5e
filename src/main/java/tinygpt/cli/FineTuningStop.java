package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Fine-tuning is training that begins with other weights. */
final class FineTuningStop implements TourStop {
    /** What may move: the second of the two layers. */
    private static final String TRAINED = "h.1.";

    @Override
    public String title() {
        return "Fine-tuning is the same thing, continued";
    }

    @Override
    public void visit(TourGuide guide) throws IOException {
        Path model = guide.model();
        Path tales = DataFile.orDefault(null);
        Path scenes = scenes(guide, tales);
        Path tuned = guide.file("tuned");
        int steps = Math.max(2, guide.steps() / 10);
        guide.say("You will see the trained model go on with another text, scenes of plays, while all but its second"
                + " layer is frozen; then what has moved.");
        guide.show(
                "train",
                "--from",
                model.toString(),
                "--data",
                scenes.toString(),
                "--train-only",
                TRAINED + "*",
                "--steps",
                Integer.toString(steps),
                "--eval-every",
                "0",
                "--progress",
                "none",
                "--no-latest",
                "--out",
                tuned.toString());
        guide.show("diff", model.toString(), tuned.toString());
        JsonNode diff = guide.json("diff", model.toString(), tuned.toString(), "--json");
        double[] onTales = {loss(guide, model, tales), loss(guide, tuned, tales)};
        double[] onScenes = {loss(guide, model, scenes), loss(guide, tuned, scenes)};
        TextTable table = new TextTable("lrr", List.of("loss", "before", "after"));
        table.add(List.of("on the scenes", Show.loss(onScenes[0]), Show.loss(onScenes[1])));
        table.add(List.of("on the tales", Show.loss(onTales[0]), Show.loss(onTales[1])));
        guide.figure(table);
        guide.claim(claims(diff, onTales, onScenes));
        guide.say("So fine-tuning has no machinery of its own: the same names, the same steps, another text, and if you"
                + " like fewer tensors that may move. What was learned before is forgotten a little: "
                + Show.loss(onTales[1] - onTales[0]) + " of loss on the tales.");
    }

    /** The scenes without the one character that the tales lack, an X, since the model has no token for it. */
    private static Path scenes(TourGuide guide, Path tales) throws IOException {
        Path given = tales.resolveSibling("scenes.txt");
        if (!Files.isRegularFile(given)) {
            throw new CommandFailure(
                    Exit.BAD_DATA, "the scenes that come with tinygpt are not at " + given + "; put them back there");
        }
        Path copy = guide.file("scenes.txt");
        Files.writeString(copy, Files.readString(given).replace('X', 'x'));
        return copy;
    }

    private static double loss(TourGuide guide, Path model, Path text) {
        return guide.json("eval", "--model", model.toString(), "--data", text.toString(), "--format", "json")
                .path("loss")
                .asDouble(Double.NaN);
    }

    static List<Claim> claims(JsonNode diff, double[] onTales, double[] onScenes) {
        int frozen = 0;
        int frozenSame = 0;
        int trained = 0;
        int trainedMoved = 0;
        for (JsonNode tensor : diff.path("tensors")) {
            String hash = tensor.path("sha256_a").asText();
            boolean same =
                    !hash.isEmpty() && hash.equals(tensor.path("sha256_b").asText());
            if (tensor.path("name").asText().startsWith(TRAINED)) {
                trained++;
                trainedMoved += same ? 0 : 1;
            } else {
                frozen++;
                frozenSame += same ? 1 : 0;
            }
        }
        return List.of(
                new Claim(
                        frozen > 0 && frozenSame == frozen,
                        frozenSame + " of " + frozen + " frozen tensors have the same SHA-256 as before"),
                new Claim(
                        trained > 0 && trainedMoved == trained,
                        trainedMoved + " of " + trained + " tensors of the second layer have moved"),
                new Claim(
                        onScenes[1] < onScenes[0],
                        "the model has learned from the scenes: its loss there fell from " + Show.loss(onScenes[0])
                                + " to " + Show.loss(onScenes[1])),
                new Claim(
                        onTales[1] > onTales[0],
                        "and has forgotten some of the tales: from " + Show.loss(onTales[0]) + " to "
                                + Show.loss(onTales[1])));
    }
}
