package tinygpt.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tinygpt.generation.Generator;
import tinygpt.generation.SamplingSettings;
import tinygpt.inspection.Ablation;
import tinygpt.inspection.RoundingError;
import tinygpt.inspection.WeightEdit;
import tinygpt.model.Gpt;
import tinygpt.parameters.Parameter;
import tinygpt.parameters.ParameterRegistry;
import tinygpt.parameters.Quantization;
import tinygpt.runs.LoadedModel;
import tinygpt.tensor.WorkerTeam;
import tinygpt.text.Tokenizer;
import tinygpt.text.UnknownPolicy;

/** Weights can be kept with fewer bits, until it hurts. */
final class BitsStop implements TourStop {
    private static final int[] BITS = {8, 6, 4, 3, 2};
    private static final int FLOAT32 = 32;
    private static final int SAMPLE = 56;
    private static final double TEMPERATURE = 0.8;

    private final Output output;

    BitsStop(Output output) {
        this.output = output;
    }

    @Override
    public String title() {
        return "Fewer bits, nearly the same model, until it isn't";
    }

    /**
     * A model with its matrices rounded.
     *
     * @param bits of a weight; 32 for the model as it is
     * @param bytes that its weights take
     * @param formula the same by arithmetic
     * @param parameters how many it has
     * @param error |W' - W| / |W| of the matrices
     * @param loss on the validation split
     * @param change of the loss
     * @param sample a text with the same random numbers
     */
    record Rounded(
            int bits,
            long bytes,
            long formula,
            long parameters,
            double error,
            double loss,
            double change,
            String sample) {}

    @Override
    public void visit(TourGuide guide) {
        Path model = guide.model();
        guide.say(
                "You will see the trained model with its matrices, all but the positions, rounded to fewer and fewer bits, in memory: groups of "
                        + Quantization.USUAL_GROUP
                        + " weights share one scale, and each weight becomes a small whole number times"
                        + " that. The file stays as it is.");
        List<Rounded> rounded = measure(model);
        TextTable table = new TextTable("rrrrr", List.of("bits", "bytes", "error", "loss", "change"));
        TextTable texts = new TextTable("rl", List.of("bits", "what it writes, with the same random numbers"));
        for (Rounded r : rounded) {
            table.add(List.of(
                    Integer.toString(r.bits()),
                    Show.count(r.bytes()),
                    Show.probability(r.error()),
                    Show.loss(r.loss()),
                    Show.probability(r.change() / rounded.get(0).loss())));
            texts.add(List.of(Integer.toString(r.bits()), r.sample()));
        }
        guide.figure(table);
        guide.figure(texts);
        guide.claim(claims(rounded));
        Rounded two = rounded.get(rounded.size() - 1);
        guide.say("So a weight needs far fewer than 32 bits, since no single one matters much: 8 bits take "
                + Show.share(rounded.get(1).bytes(), rounded.get(0).bytes()) + " of the bytes and change the loss by "
                + Show.loss(rounded.get(1).change()) + ". With 2 bits a weight is -s, 0 or s, and the loss rises by "
                + Show.loss(two.change()) + ".");
    }

    private List<Rounded> measure(Path path) {
        try (LoadedModel loaded = LoadedModel.open(path);
                WorkerTeam team = new WorkerTeam(
                        Runtime.getRuntime().availableProcessors(),
                        Gpt.longestRow(loaded.model().shape()))) {
            ModelText text = ModelText.read(path, loaded, null, UnknownPolicy.FAIL, "", output);
            Gpt gpt = loaded.model();
            ParameterRegistry registry = gpt.registry();
            Ablation ablation = new Ablation(gpt, text.corpus().validation(), team);
            long whole = registry.count() * Float.BYTES;
            List<Rounded> rounded = new ArrayList<>();
            Tokenizer tokenizer = text.corpus().tokenizer();
            double before = ablation.before().loss();
            rounded.add(
                    new Rounded(FLOAT32, whole, whole, registry.count(), 0, before, 0, sample(gpt, team, tokenizer)));
            for (int bits : BITS) {
                Quantization rounding = Quantization.of(bits);
                WeightEdit edit = WeightEdit.round(rounding, registry);
                double error = RoundingError.of(rounding, registry).relative();
                Ablation.Effect effect =
                        ablation.eachAlone(List.of(edit), e -> {}).get(0);
                Runnable undo = edit.apply(registry);
                String sample = sample(gpt, team, tokenizer);
                undo.run();
                rounded.add(new Rounded(
                        bits,
                        rounding.bytes(registry),
                        formula(registry, bits),
                        registry.count(),
                        error,
                        effect.loss().loss(),
                        effect.change().loss(),
                        sample));
            }
            return rounded;
        }
    }

    /** Bytes of matrices whose rows are whole groups, b bits a weight and 32 a group, and 32 bits for every other number. */
    private static long formula(ParameterRegistry registry, int bits) {
        long matrices = registry.owned().stream()
                .filter(Quantization::covers)
                .mapToLong(Parameter::size)
                .sum();
        long rest = registry.count() - matrices;
        return (matrices * bits + matrices / Quantization.USUAL_GROUP * FLOAT32 + rest * FLOAT32) / Byte.SIZE;
    }

    private static String sample(Gpt gpt, WorkerTeam team, Tokenizer tokenizer) {
        try (Generator generator = new Generator(gpt, team.workspace())) {
            SamplingSettings settings = new SamplingSettings(TEMPERATURE, 0, 1, 1, SAMPLE, List.of());
            return generator.generate(tokenizer, "The ", settings).replaceAll("\\s+", " ");
        }
    }

    static List<Claim> claims(List<Rounded> rounded) {
        Rounded whole = rounded.get(0);
        Rounded eight = rounded.get(1);
        Rounded two = rounded.get(rounded.size() - 1);
        boolean falling = true;
        for (int i = 2; i < rounded.size(); i++) {
            falling &= rounded.get(i).error() > rounded.get(i - 1).error()
                    && rounded.get(i).bytes() < rounded.get(i - 1).bytes();
        }
        return List.of(
                new Claim(
                        rounded.stream().allMatch(r -> r.bytes() == r.formula()),
                        "the bytes are those of the formula, (n b + 32 n / " + Quantization.USUAL_GROUP
                                + " + 32 rest) / 8: " + Show.count(two.bytes()) + " for 2 bits"),
                new Claim(
                        rounded.stream().allMatch(r -> r.parameters() == whole.parameters()),
                        "all have " + Show.count(whole.parameters()) + " parameters; only their precision differs"),
                new Claim(
                        Math.abs(eight.change()) < 0.01 * whole.loss(),
                        "8 bits change the loss by less than 1%: " + Show.loss(eight.change())),
                new Claim(falling, "each bit less takes fewer bytes and makes the error larger"),
                new Claim(
                        two.change() > 10 * Math.abs(eight.change()),
                        "2 bits do more harm than 8, " + Show.loss(two.change()) + " against "
                                + Show.loss(eight.change())));
    }
}
