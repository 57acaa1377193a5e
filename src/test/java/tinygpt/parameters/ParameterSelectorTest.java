package tinygpt.parameters;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tinygpt.hyperparameters.Preset;

final class ParameterSelectorTest {
    private static final ParameterRegistry REGISTRY = ParameterRegistry.of(
            Preset.named("tiny").hyperparameters().with("model.layers", "12").model());

    @Test
    void kind_selectsAllOfThatKind() {
        assertEquals(Set.of("wpe.weight"), names("kind:positional"));
        assertEquals(Set.of("lm_head.weight"), names("kind:output"));
        assertEquals(12 * 4, names("kind:attention").size());
    }

    @Test
    void severalKinds_areUnited() {
        assertEquals(Set.of("wte.weight", "wpe.weight"), names("kind:embedding, positional"));
    }

    @Test
    void star_isAnyRunOfCharacters() {
        assertEquals(12, names("h.0.*").size());
        assertEquals(Set.of("ln_f.weight", "ln_f.bias"), names("ln_f*"));
        assertEquals(REGISTRY.all().size(), names("*").size());
    }

    @Test
    void dot_isADot() {
        assertEquals(Set.of(), names("wte?weight?"));
        assertEquals(Set.of(), names("h.1.ln.1.weight"));
    }

    @Test
    void questionMark_isOneCharacter() {
        assertEquals(10, names("h.?.ln_1.bias").size());
        assertEquals(2, names("h.1?.ln_1.bias").size());
    }

    @Test
    void brackets_areARangeOrASet() {
        assertEquals(Set.of("h.0.ln_1.bias", "h.1.ln_1.bias", "h.2.ln_1.bias"), names("h.[0-2].ln_1.bias"));
        assertEquals(Set.of("h.3.ln_1.bias", "h.7.ln_1.bias"), names("h.[37].ln_1.bias"));
    }

    @Test
    void name_selectsItself() {
        assertEquals(Set.of("h.10.mlp.c_fc.weight"), names("h.10.mlp.c_fc.weight"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            kind:layer | there is no kind 'layer' of parameter; there are embedding, positional, attention, feed-forward, normalization, output, adapter
            kind:      | there is no kind '' of parameter; there are embedding, positional, attention, feed-forward, normalization, output, adapter
            h.[0-3.*   | 'h.[0-3.*' is not a pattern: brackets hold letters, digits and ranges, as in h.[0-3].*
            h.[^0].*   | 'h.[^0].*' is not a pattern: brackets hold letters, digits and ranges, as in h.[0-3].*
            h.[3-0].*  | 'h.[3-0].*' is not a pattern: a range in brackets must ascend
            """)
    void brokenSelector_isRefused(String selector, String message) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> ParameterSelector.parse(selector))
                        .getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "h.+", "\\E", "a|b", "{weight,bias}", "^wte.weight$"})
    void signsOfRegularExpressions_areOrdinary(String glob) {
        assertEquals(Set.of(), names(glob));
    }

    private static Set<String> names(String selector) {
        List<Parameter> all = REGISTRY.all();
        return all.stream()
                .filter(ParameterSelector.parse(selector))
                .map(Parameter::name)
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
