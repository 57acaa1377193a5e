package tinygpt.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.IGetter;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;
import tinygpt.hyperparameters.InvalidHyperparameterException;

/**
 * Short ways to say what is trained: {@code --train-only} and {@code --freeze}, which together make the selector list
 * {@code trainable} (first what is trained, then what is taken away from it), and {@code --lora}, which sets the three keys
 * of the adapters.
 */
final class TuningOptions {
    private static final String TRAINABLE = "adaptation.trainable";
    private static final Map<String, String> LORA_KEYS =
            Map.of("rank", "adaptation.lora_rank", "alpha", "adaptation.lora_alpha", "on", "adaptation.lora_on");

    private final Selectors trainOnly = new Selectors();
    private final Selectors freeze = new Selectors();
    private String lora;

    /** The values of an option that may be repeated, where picocli adds to them. */
    private static final class Selectors implements IGetter, ISetter {
        private Object list;

        @Override
        @SuppressWarnings("unchecked")
        public <T> T get() {
            return (T) list;
        }

        @Override
        public <T> T set(T value) {
            list = value;
            return null;
        }

        List<String> values() {
            return list instanceof List<?> given
                    ? given.stream().map(String::valueOf).toList()
                    : List.of();
        }
    }

    /** Adds the options to a group of others. */
    void addTo(ArgGroupSpec.Builder group) {
        group.addArg(repeatable("--train-only", trainOnly)
                .description("Train these parameters and freeze the rest: kind:normalization, 'h.[01].*', wpe.weight."
                        + " May be repeated.")
                .build());
        group.addArg(repeatable("--freeze", freeze)
                .description("Leave these parameters as they are. May be repeated, and takes away from --train-only.")
                .build());
        group.addArg(OptionSpec.builder("--lora")
                .type(String.class)
                .arity("1")
                .paramLabel("rank=R[,alpha=A][,on=LAYERS]")
                .setter(setter(value -> lora = value == null ? null : String.valueOf(value)))
                .description("Train low-rank adapters of the layers, attention unless given, and freeze the rest:"
                        + " rank=8,alpha=16,on=attention,feed-forward.")
                .build());
    }

    /** The values that were given, by the path of their key. */
    Map<String, String> values() {
        Map<String, String> values = new LinkedHashMap<>();
        if (lora != null) {
            parseLora(values);
        }
        if (!trainOnly.values().isEmpty() || !freeze.values().isEmpty()) {
            List<String> list = new ArrayList<>();
            if (lora != null) {
                list.add("kind:adapter"); // what is said besides comes on top
            }
            trainOnly.values().forEach(selector -> list.add(one("--train-only", selector)));
            freeze.values().forEach(selector -> list.add("!" + one("--freeze", selector)));
            values.put(TRAINABLE, String.join(" ", list));
        }
        return values;
    }

    private void parseLora(Map<String, String> values) {
        String name = null;
        for (String part : lora.split(",")) {
            int equals = part.indexOf('=');
            String path =
                    equals < 0 ? null : LORA_KEYS.get(part.substring(0, equals).trim());
            if (path != null) {
                if (values.put(path, part.substring(equals + 1).trim()) != null) {
                    throw wrongLora();
                }
            } else if (equals < 0 && LORA_KEYS.get("on").equals(name)) {
                values.merge(name, part.trim(), (before, more) -> before + "," + more); // on=attention,feed-forward
                continue;
            } else {
                throw wrongLora();
            }
            name = path;
        }
        String rank = values.get(LORA_KEYS.get("rank"));
        if (rank == null) {
            throw wrongLora();
        }
        if (rank.matches("0+")) {
            throw new InvalidHyperparameterException(
                    "--lora rank=0 would make no adapters and train everything; give a rank of at least 1, or leave"
                            + " --lora out");
        }
    }

    private InvalidHyperparameterException wrongLora() {
        return new InvalidHyperparameterException(
                "--lora takes rank=R and, if you like, alpha=A and on=LAYERS, each once, not '" + lora
                        + "'; for example rank=8,alpha=16,on=attention");
    }

    /** A selector as one word of a list, where blanks separate and a ! would turn its meaning round. */
    private static String one(String option, String selector) {
        String word = selector.strip().replaceAll("\\s+", " ").replaceAll(" ?, ?", ",");
        if (word.isEmpty() || word.startsWith("!") || word.contains(" ")) {
            throw new InvalidHyperparameterException(
                    option + " takes one selector such as kind:attention or 'h.0.*', not '" + selector
                            + "'; repeat the option for more");
        }
        return word;
    }

    private static OptionSpec.Builder repeatable(String name, Selectors selectors) {
        return OptionSpec.builder(name)
                .type(List.class)
                .auxiliaryTypes(String.class)
                .arity("1")
                .paramLabel("SELECTOR")
                .getter(selectors)
                .setter(selectors);
    }

    private static ISetter setter(java.util.function.Consumer<Object> field) {
        return new ISetter() {
            @Override
            public <T> T set(T value) {
                field.accept(value);
                return null;
            }
        };
    }
}
