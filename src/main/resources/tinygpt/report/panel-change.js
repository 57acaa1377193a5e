'use strict';
// The panel of weights for two models: one tensor in A, in B, and what changed.

class ChangePanel extends WeightPanel {
  constructor(stage) {
    super(stage);
    this.mode = 'change';
  }

  modes() {
    return [['change', 'change B − A'], ['a', 'A'], ['b', 'B']];
  }

  nothing() {
    const { difference, differing } = shown.state;
    if (difference.same || differing === 0) return ['A and B have the same weights to the bit: there is no change to be seen.'];
    return ['No tensor can be shown: those that differ have other shapes in A and B, or do not fit into this page.'];
  }

  /** Each mode is a frame of its own. */
  now() {
    return this.data[this.at].frames.findIndex((frame) => frame.of === this.mode);
  }

  valueAt(frame, cell) {
    return this.number(frame, cell, this.block);
  }

  cellOf(of, cell) {
    return this.number(this.data[this.at].frames.findIndex((frame) => frame.of === of), cell, this.block);
  }

  limit() {
    const one = this.data[this.at];
    if (this.mode !== 'change') return one.limit;
    return this.limitOfChange([this.at, this.block].join(), [this.now()]);
  }

  place() {
    return { change: 'changed from A to B', a: 'in A', b: 'in B' }[this.mode];
  }

  reading(cell) {
    const block = this.block === 'extreme8' && this.data[this.at].frames[0].extreme8;
    return `${weight(this.cellOf('a', cell))} in A, ${weight(this.cellOf('b', cell))} in B; ${block ? 'largest change' : 'change'} ${signed(this.cellOf('change', cell))}`;
  }

  limitRule() {
    return this.mode === 'change' ? 'the 99.5th percentile of the changes shown' : this.data[this.at].limitRule;
  }

  summary() {
    const { numbers } = this.data[this.at];
    const moved = numbers.relative_change === null ? '' : ` |B − A| / |A| is ${ratio(numbers.relative_change)};`;
    return `${moved} ${count(numbers.changed)} of ${count(numbers.compared)} weights changed`;
  }

  table() {
    const one = this.data[this.at];
    const row = this.cell[0];
    const names = { a: 'A', b: 'B', change: 'B − A' };
    return el(
      'div',
      {},
      dataTable(
        `${one.name} as a whole`,
        [['of', false], ['mean', true], ['standard deviation', true], ['least', true], ['largest', true]],
        one.frames.map((f) => [names[f.of], figure(f.mean), figure(f.sd), figure(f.min), figure(f.max)]),
      ),
      dataTable(
        `${span('Row', row, one.rows, one.shownRows)}${this.label(row)}`,
        [['column', true], ['A', true], ['B', true], ['change', true]],
        Array.from({ length: one.shownColumns }, (_, column) => {
          const cell = row * one.shownColumns + column;
          const name = span('', column, one.columns, one.shownColumns).replace(/^s? /, '');
          return [name, weight(this.cellOf('a', cell)), weight(this.cellOf('b', cell)), signed(this.cellOf('change', cell))];
        }),
      ),
    );
  }
}
