package tinygpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tinygpt.formats.StrictJson;
import tinygpt.hyperparameters.Hyperparameters;
import tinygpt.hyperparameters.Optimization;
import tinygpt.runs.RunFolder;
import tinygpt.training.LearningRateSchedule;

/** Training moves the parameters and never the hyperparameters. */
final class FixedStop implements TourStop {
    private static final int SHOWN = 6;

    @Override
    public String title() {
        return "Parameters move, hyperparameters stay";
    }

    /**
     * The learning rate that a step used.
     *
     * @param step counted from 1
     * @param used as the log has it
     * @param derived from the hyperparameters
     */
    record Rate(long step, double used, double derived) {}

    @Override
    public void visit(TourGuide guide) throws IOException {
        guide.say("Hyperparameters are what you set; parameters are what training sets. You will see the fingerprints"
                + " of both at every checkpoint of a run.");
        Path model = guide.model();
        guide.show("ledger", model.toString());
        guide.say("The learning rate moves too, but nobody learned it: each value follows from the hyperparameters and"
                + " the number of the step. From " + model.resolve("metrics.jsonl") + ":");
        List<Rate> rates = rates(model);
        guide.figure(table(rates));
        JsonNode ledger = guide.json("ledger", model.toString(), "--format", "json");
        guide.claim(claims(ledger, rates));
        guide.say("So " + Show.count(guide.steps()) + " steps of training changed every tensor and not one"
                + " hyperparameter. No step ever does.");
    }

    static List<Rate> rates(Path run) throws IOException {
        RunFolder folder = new RunFolder(run);
        Optimization optimization = Hyperparameters.fromJson(
                        StrictJson.tree(folder.config(), "the config", Files.readAllBytes(folder.config())))
                .optimization();
        List<Rate> rates = new ArrayList<>();
        Path log = run.resolve("metrics.jsonl");
        for (String line : Files.readAllLines(log, StandardCharsets.UTF_8)) {
            JsonNode entry = StrictJson.tree(log, "a line", line);
            if (entry.has("lr")) {
                long step = entry.path("step").asLong();
                rates.add(new Rate(step, entry.path("lr").asDouble(), LearningRateSchedule.at(optimization, step - 1)));
            }
        }
        return rates;
    }

    private static TextTable table(List<Rate> rates) {
        TextTable table = new TextTable("rrr", List.of("step", "rate in use", "rate by the schedule"));
        int last = rates.size() - 1;
        int before = -1;
        for (int i = 0; i < SHOWN; i++) {
            int at = (int) ((long) last * i / (SHOWN - 1));
            if (at > before) {
                Rate rate = rates.get(at);
                table.add(List.of(Show.count(rate.step()), Show.value(rate.used()), Show.value(rate.derived())));
            }
            before = at;
        }
        return table;
    }

    static List<Claim> claims(JsonNode ledger, List<Rate> rates) {
        Set<String> configs = new HashSet<>();
        Set<String> weights = new HashSet<>();
        int tensors = ledger.path("tensors").asInt();
        long trained = 0;
        long wholly = 0;
        for (JsonNode line : ledger.path("lines")) {
            configs.add(line.path("config_sha256").asText());
            if (line.path("step").asLong() > 0) {
                trained++;
                weights.add(line.path("weights_sha256").asText());
                wholly += line.path("tensors_changed").asInt() == tensors ? 1 : 0;
            }
        }
        boolean derived = !rates.isEmpty() && rates.stream().allMatch(rate -> rate.used() == rate.derived());
        return List.of(
                new Claim(
                        configs.size() == 1,
                        "all " + ledger.path("lines").size() + " lines have " + configs.size()
                                + " fingerprint of the hyperparameters"),
                new Claim(
                        trained > 0 && wholly == trained && weights.size() == trained,
                        "at " + wholly + " of " + Show.counted(trained, "checkpoint") + " all " + tensors
                                + " tensors have changed since the one before"),
                new Claim(ledger.path("sound").asBoolean(), "the files are as they were written"),
                new Claim(
                        derived,
                        "the learning rates of all " + Show.count(rates.size())
                                + " steps are those of the schedule, to the bit"));
    }
}
