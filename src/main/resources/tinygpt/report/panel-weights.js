'use strict';
// Panel 5: one matrix at one snapshot, as it is or as it changed.

/** Above and below the cells, for the labels of the outermost rows. */
const ROOM = 6;

/** What a cell stands for along one side: row 7, or rows 28 to 31 where it is a block of them. */
function span(name, at, numbers, cells) {
  const each = Math.ceil(numbers / cells);
  const last = Math.min(numbers, (at + 1) * each) - 1;
  return each === 1 || at * each === last ? `${name} ${at * each}` : `${name}s ${at * each} to ${last}`;
}

class WeightPanel {
  constructor(stage) {
    this.stage = stage;
    this.at = 0;
    this.mode = 'value';
    this.block = 'mean8';
    this.signs = false;
    this.cell = [0, 0];
  }

  take(state) {
    if (state.matrices.length === 0) {
      this.picture = null;
      missing(this.stage, ...this.nothing());
      return;
    }
    this.limits = new Map();
    this.data = state.matrices.map((one) => ({
      ...one,
      frames: one.frames.map((frame) => ({ ...frame, mean8: unpack(frame.mean8), extreme8: frame.extreme8 ? unpack(frame.extreme8) : null })),
    }));
    this.at = Math.min(this.at, this.data.length - 1);
    if (!this.picture) this.build();
    else this.repaint();
  }

  /** Why there is no matrix. */
  nothing() {
    return NO_SNAPSHOTS;
  }

  /** What can be shown of a matrix: value and words. */
  modes() {
    return [['value', 'value'], ['start', 'change since step 0'], ['previous', 'change since previous']];
  }

  /** The frame that is shown. */
  now() {
    return this.frame(shown.index);
  }

  /** Shows another matrix. */
  choose(at) {
    this.at = at;
    this.select.value = String(at);
    this.fit();
    this.step();
  }

  build() {
    const again = () => {
      this.picture.redraw();
      this.describe();
      this.numbers.refresh();
    };
    const choice = chooser('Matrix', this.data.map((one, i) => [i, `${one.name} [${one.rows}, ${one.columns}]`]), (value) => this.choose(Number(value)));
    this.select = choice.select;
    this.blocks = segmented('One cell shows', [['mean8', 'mean'], ['extreme8', 'largest']], this.block, (value) => {
      this.block = value;
      again();
    });
    this.legend = el('div', {});
    this.row = this.field('Row', 0);
    this.column = this.field('Column', 1);
    this.readout = el('p', { class: 'readout', id: 'weight-readout' });
    const place = el('div', {});
    this.stage.replaceChildren(
      el(
        'div',
        { class: 'controls' },
        choice.field,
        segmented('Show', this.modes(), this.mode, (value) => {
          this.mode = value;
          again();
        }),
        this.blocks,
        checkbox('sign only', false, (on) => {
          this.signs = on;
          again();
        }),
      ),
      this.legend,
      place,
      el('div', { class: 'cellpicker' }, this.row.field, this.column.field, this.readout),
    );
    this.note = el('p', { class: 'remark' });
    this.stage.append(this.note);
    this.picture = new Picture(place, (w) => this.layout(w).height, (c, w) => this.paint(c, w), 'pointable');
    this.picture.onPoint((x, y) => this.point(x, y));
    this.numbers = new Numbers(this.stage, () => this.table());
    this.fit();
  }

  field(label, axis) {
    const id = 'cell-' + label.toLowerCase();
    const input = el('input', {
      type: 'number',
      id,
      min: 0,
      value: 0,
      oninput: () => {
        const cells = axis === 0 ? this.data[this.at].shownRows : this.data[this.at].shownColumns;
        this.cell[axis] = Math.max(0, Math.min(cells - 1, Math.floor(Number(input.value) || 0)));
        this.picture.redraw();
        this.describe();
      },
    });
    return { input, field: el('div', { class: 'field' }, el('label', { for: id }, label), input) };
  }

  /** Keeps the chosen cell inside a matrix that was changed. */
  fit() {
    const one = this.data[this.at];
    this.cell = [Math.min(this.cell[0], one.shownRows - 1), Math.min(this.cell[1], one.shownColumns - 1)];
    this.row.input.max = one.shownRows - 1;
    this.column.input.max = one.shownColumns - 1;
    this.showCell();
    this.blocks.hidden = !one.frames[0].extreme8;
  }

  showCell() {
    this.row.input.value = this.cell[0];
    this.column.input.value = this.cell[1];
  }

  frame(index) {
    const one = this.data[this.at];
    const frames = one.frames;
    const wanted = shown.state.snapshots[index];
    let found = 0;
    for (let i = 0; i < frames.length; i++) if (frames[i].step <= wanted) found = i;
    return found;
  }

  number(frame, cell, block) {
    const data = this.data[this.at].frames[frame];
    const extreme = block === 'extreme8' && data.extreme8;
    const code = (extreme ? data.extreme8 : data.mean8)[cell];
    return code === -128 ? NaN : code * this.scale(data, extreme);
  }

  /** The value of code 1: where cells are blocks, means and largest values have each their own. */
  scale(data, extreme) {
    return !extreme && data.extreme8 ? data.meanScale : data.scale;
  }

  /** What a cell shows at a frame in the chosen mode. */
  valueAt(frame, cell) {
    const now = this.number(frame, cell, this.block);
    if (this.mode === 'value') return now;
    return now - this.number(this.mode === 'start' ? 0 : Math.max(0, frame - 1), cell, this.block);
  }

  /** The limit of the colours: of the file for values; for changes the same rule over all frames. */
  limit() {
    const one = this.data[this.at];
    if (this.mode === 'value') return one.limit;
    return this.limitOfChange([this.at, this.mode, this.block].join(), one.frames.map((_, i) => i).slice(1));
  }

  /** The 99.5th percentile of the sizes at some frames; the largest where that is 0, and that of values where all is. */
  limitOfChange(name, frames) {
    const one = this.data[this.at];
    if (!this.limits.has(name)) {
      const cells = one.shownRows * one.shownColumns;
      const every = Math.max(1, Math.floor((frames.length * cells) / 400000));
      const sizes = [];
      for (const frame of frames) {
        for (let cell = frame % every; cell < cells; cell += every) {
          const size = Math.abs(this.valueAt(frame, cell));
          if (Number.isFinite(size)) sizes.push(size);
        }
      }
      sizes.sort((a, b) => a - b);
      this.limits.set(name, sizes[Math.floor(0.995 * (sizes.length - 1))] || sizes[sizes.length - 1] || one.limit);
    }
    return this.limits.get(name);
  }

  layout(width) {
    const one = this.data[this.at];
    const labels = one.rowLabels ? 26 : 0;
    const room = width - labels;
    const size = Math.min(room / one.shownColumns, Math.max(560 / one.shownRows, 1.5), 16);
    const cell = size >= 3 ? Math.floor(size) : size;
    return { labels, cell, width: cell * one.shownColumns, height: Math.max(40, cell * one.shownRows) + 2 * ROOM };
  }

  paint(context, width) {
    const one = this.data[this.at];
    const { labels, cell, width: wide, height } = this.layout(width);
    const frame = this.now();
    const limit = this.limit();
    const columns = one.shownColumns;
    context.translate(0, ROOM);
    const tall = cell * one.shownRows;
    paintGrid(context, columns, one.shownRows, labels, 0, wide, tall, (row, column) => {
      const value = this.valueAt(frame, row * columns + column);
      return this.signs ? signColor(value) : diverging(value, limit);
    });
    if (cell >= 4 && !this.signs) {
      for (let at = 0; at < columns * one.shownRows; at++) {
        const value = this.valueAt(frame, at);
        if (Math.abs(value) > limit * 1.0001) {
          context.fillStyle = '#ffffff';
          context.fillRect(labels + ((at % columns) + 0.5) * cell - 1, (Math.floor(at / columns) + 0.5) * cell - 1, 2, 2);
        }
      }
    }
    if (one.rowLabels && cell * one.shownRows > 60) {
      const every = Math.ceil(9 / cell);
      context.font = `${Math.max(8, Math.min(12, cell * every))}px ui-monospace, monospace`;
      context.textAlign = 'right';
      context.fillStyle = themeColor('muted');
      for (let row = 0; row < one.shownRows; row += every) context.fillText(shortToken(one.rowLabels[row]), labels - 6, (row + 0.5) * cell);
    }
    context.strokeStyle = themeColor('ink');
    context.lineWidth = 1.5;
    const pad = Math.max(0, 6 - cell) / 2;
    context.strokeRect(labels + this.cell[1] * cell - pad, this.cell[0] * cell - pad, cell + 2 * pad, cell + 2 * pad);
  }

  point(x, y) {
    const one = this.data[this.at];
    const { labels, cell } = this.layout(this.picture.width);
    const row = Math.floor((y - ROOM) / cell);
    const column = Math.floor((x - labels) / cell);
    if (row < 0 || column < 0 || row >= one.shownRows || column >= one.shownColumns) return;
    if (row === this.cell[0] && column === this.cell[1]) return;
    this.cell = [row, column];
    this.showCell();
    this.picture.redraw();
    this.describe();
  }

  describe() {
    const one = this.data[this.at];
    const frame = this.now();
    const data = one.frames[frame];
    const [row, column] = this.cell;
    this.readout.textContent =
      `${span('row', row, one.rows, one.shownRows)}${this.label(row)}, ${span('column', column, one.columns, one.shownColumns)}: ` +
      this.reading(row * one.shownColumns + column);
    const limit = this.limit();
    const cells = one.shownRows * one.shownColumns;
    let beyond = 0;
    for (let i = 0; i < cells; i++) if (Math.abs(this.valueAt(frame, i)) > limit * 1.0001) beyond++;
    this.note.textContent =
      `${one.reduction}. Limits ±${weight(limit)}: ${this.limitRule()}; ` +
      `${count(beyond)} of ${count(cells)} cells lie beyond. Numbers are stored in 255 steps of ${ratio(this.scale(data, this.block === 'extreme8'))}.`;
    this.picture.describe(
      `${one.name} ${this.place()}: mean ${figure(data.mean)}, standard deviation ${figure(data.sd)}, from ${figure(data.min)} to ${figure(data.max)}.${this.summary()}.`,
    );
    this.legend.replaceChildren(
      this.signs
        ? key([['negative', '#e08214', 'box'], ['zero', '#f7f7f7', 'box'], ['positive', '#542788', 'box']])
        : colorBar(PUOR, `−${weight(limit)} orange`, `+${weight(limit)} purple`),
    );
  }

  /** The token that a row is, if there is one. */
  label(row) {
    const { rowLabels } = this.data[this.at];
    return rowLabels ? ` ‘${showToken(rowLabels[row])}’` : '';
  }

  place() {
    return 'at step ' + count(this.data[this.at].frames[this.now()].step);
  }

  /** What the chosen cell holds, in words. */
  reading(cell) {
    const { frames } = this.data[this.at];
    const frame = this.now();
    const now = this.number(frame, cell, this.block);
    return (
      `${weight(now)} ${this.place()}; ${signed(now - this.number(0, cell, this.block))} since step ${count(frames[0].step)}, ` +
      `${signed(now - this.number(Math.max(0, frame - 1), cell, this.block))} since the snapshot before`
    );
  }

  limitRule() {
    return this.mode === 'value' ? this.data[this.at].limitRule : '99.5th percentile of the change over the whole run';
  }

  /** What is shown, at the end of the description. */
  summary() {
    return ` Shown: ${{ value: 'values', start: 'change since step 0', previous: 'change since the snapshot before' }[this.mode]}`;
  }

  step() {
    if (!this.picture) return;
    this.picture.redraw();
    this.describe();
    this.numbers.refresh();
  }

  /** The whole matrix at every snapshot in four figures; and the chosen row at this one, in numbers. */
  table() {
    const one = this.data[this.at];
    const row = this.cell[0];
    const frame = this.now();
    const columns = Math.min(one.shownColumns, 128);
    return el(
      'div',
      {},
      dataTable(
        `${one.name} at every snapshot`,
        [['step', true], ['mean', true], ['standard deviation', true], ['least', true], ['largest', true]],
        one.frames.map((f) => [count(f.step), figure(f.mean), figure(f.sd), figure(f.min), figure(f.max)]),
      ),
      dataTable(
        `Row ${row}${this.label(row)} at step ${count(one.frames[frame].step)}`,
        [['column', true], ['value', true], ['change since step 0', true]],
        Array.from({ length: columns }, (_, column) => {
          const cell = row * one.shownColumns + column;
          const now = this.number(frame, cell, this.block);
          return [column, weight(now), signed(now - this.number(0, cell, this.block))];
        }),
      ),
    );
  }

  repaint() {
    if (!this.picture) return;
    this.picture.redraw();
    this.describe();
  }
}
