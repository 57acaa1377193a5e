package tinygpt.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TextTableTest {
    private static final List<List<String>> EXPENDABLE =
            List.of(List.of("no column"), List.of("kind"), List.of("min", "max"));

    private static TextTable table() {
        TextTable table = new TextTable("llrrl", List.of("name", "kind", "min", "max", "set by"));
        table.add(List.of("wte", "embedding", "-1", "12", "training"));
        return table;
    }

    @Test
    void tableThatFits_isTheSame() {
        TextTable table = table();
        assertSame(table, table.within(Output.UNLIMITED, EXPENDABLE));
        assertEquals(35, table.lines().get(1).length());
        assertSame(table, table.within(35, EXPENDABLE));
        assertEquals(Optional.empty(), table.leftOutNote(35));
    }

    @Test
    void tableThatIsTooWide_losesColumnsInTheirOrder_andSaysSo() {
        TextTable less = table().within(34, EXPENDABLE);
        assertEquals(List.of("name  min  max  set by", "wte    -1   12  training"), less.lines());
        assertEquals(Optional.of("not shown in 34 columns: kind"), less.leftOutNote(34));

        TextTable least = table().within(5, EXPENDABLE);
        assertEquals(List.of("name  set by", "wte   training"), least.lines());
        assertEquals(Optional.of("not shown in 5 columns: kind, min, max"), least.leftOutNote(5));
    }
}
