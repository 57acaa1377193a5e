'use strict';
// Panel 3: the norms of every tensor over the steps, as a map, and one of them as a line.

const QUANTITIES = {
  update_ratio: {
    text: 'update ratio ‖ΔW‖/‖W‖',
    short: 'update ratio',
    means: 'Update ratio = ‖ΔW‖₂ / ‖W‖₂: the 2-norm of what the step changed, beside that of the tensor after it.',
    isRatio: true,
  },
  update_ratio_meanabs: {
    text: 'update ratio mean|ΔW| / mean|W|',
    short: 'update ratio (mean)',
    means: 'Update ratio = mean|ΔW| / mean|W|, the mean sizes in place of the 2-norms, as DL4J shows it: a few large changes count for less.',
    isRatio: true,
  },
  grad_norm: {
    text: 'gradient norm before clipping',
    short: 'gradient norm',
    means: 'Gradient norm = ‖g‖₂ of the batch’s mean loss, before clipping.',
  },
  weight_norm: { text: 'weight norm ‖W‖', short: 'weight norm', means: 'Weight norm = ‖W‖₂ after the step.' },
};

class HealthPanel {
  constructor(stage) {
    this.stage = stage;
    this.quantity = null;
    this.tensor = 0;
  }

  /** Those that the run wrote down: the mean sizes came later than the rest. */
  quantities() {
    return Object.entries(QUANTITIES).filter(([name]) => shown.state.unpacked.health[name]);
  }

  build() {
    const first = shown.state.ratio === 'meanabs' ? 'update_ratio_meanabs' : 'update_ratio';
    this.quantity = shown.state.unpacked.health[first] ? first : 'update_ratio';
    this.order = tensorOrder(shown.state.parameters.list);
    const choice = tensorChooser('Tensor', shown.state.parameters.list, (i) => this.choose(i));
    this.select = choice.select;
    this.legend = el('div', {});
    this.far = el('p', { class: 'readout' });
    const map = el('div', {});
    const line = el('div', {});
    this.title = el('h3', {});
    this.definition = el('p', { class: 'remark', id: 'health-definition' });
    this.stage.replaceChildren(
      el(
        'div',
        { class: 'controls' },
        segmented('Quantity', this.quantities().map(([k, v]) => [k, v.short]), this.quantity, (value) => {
          this.quantity = value;
          this.repaint();
          this.step();
        }),
        choice.field,
      ),
      this.legend,
      map,
      this.far,
      this.title,
      this.definition,
      line,
    );
    this.map = new Picture(map, () => this.top() + this.order.length * this.rowHeight() + 26, (c, w, h) => this.drawMap(c, w, h), 'pointable');
    this.map.onPoint((x, y, type) => {
      const row = Math.floor((y - this.top()) / this.rowHeight());
      if (type === 'pointerdown' && row >= 0 && row < this.order.length) this.choose(this.order[row]);
    });
    this.chart = new LineChart(line, 220, () => this.lineChart(), (step) => shown.go(nearest(shown.steps, step)));
    this.numbers = new Numbers(this.stage, () => this.table());
    this.choose(firstTrained(this.order));
  }

  take(state) {
    if (state.unpacked.health.step.length === 0) {
      this.map = null;
      missing(this.stage, 'No norms were written: no step has been trained, or tensors.jsonl is not in the folder of the run.');
      return;
    }
    if (!this.map) this.build();
    else this.repaint();
  }

  top() {
    return 8;
  }

  rowHeight() {
    return this.order.length > 120 ? 4 : this.order.length > 70 ? 8 : 13;
  }

  choose(i) {
    this.tensor = Number(i);
    this.select.value = String(i);
    this.map.redraw();
    this.chart.rebuild();
    this.definition.textContent = QUANTITIES[this.quantity].means;
    this.title.textContent = `${shown.state.parameters.list[this.tensor].name}: ${QUANTITIES[this.quantity].text}`;
    this.describe();
  }

  value(tensor, column) {
    const health = shown.state.unpacked.health;
    return health[this.quantity][tensor * health.step.length + column];
  }

  /** Decimal logarithms of the smallest and largest of all shown values, without the outermost hundredth. */
  range() {
    const logs = [...shown.state.unpacked.health[this.quantity]].filter((x) => x > 0 && Number.isFinite(x)).map(Math.log10);
    logs.sort((a, b) => a - b);
    if (logs.length === 0) return [-1, 0];
    const low = logs[Math.floor(0.01 * (logs.length - 1))];
    const high = logs[Math.ceil(0.99 * (logs.length - 1))];
    return high - low > 0.2 ? [low, high] : [low - 0.5, high + 0.5];
  }

  labelWidth(width) {
    if (width < 560) return 0;
    const longest = Math.max(...shown.state.parameters.list.map((one) => one.name.length + (one.trainable ? 0 : 2)));
    return Math.max(172, Math.min(width * 0.4, Math.ceil(longest * 6.5)));
  }

  drawMap(context, width, height) {
    const { step } = shown.state.unpacked.health;
    const list = shown.state.parameters.list;
    const [low, high] = this.range();
    const left = this.labelWidth(width) + 8;
    const wide = width - left - 10;
    const rowHeight = this.rowHeight();
    const top = this.top();
    const rows = this.order.length;
    context.fillStyle = themeColor('blank');
    context.fillRect(left, top, wide, rows * rowHeight);
    paintGrid(context, step.length, rows, left, top, wide, rows * rowHeight, (row, column) => {
      const x = this.value(this.order[row], column);
      return x > 0 && Number.isFinite(x) ? sequential((Math.log10(x) - low) / (high - low)) : null;
    });
    context.fillStyle = themeColor('paper');
    for (let row = 1; row < rows; row++) {
      if (list[this.order[row]].kind !== list[this.order[row - 1]].kind) context.fillRect(left, top + row * rowHeight - 1, wide, 2);
    }
    context.textAlign = 'right';
    this.order.forEach((tensor, row) => {
      const chosen = tensor === this.tensor;
      if (left > 20 && rowHeight >= 8) {
        context.font = `${chosen ? '600 ' : ''}11px ${FONT}`;
        context.fillStyle = themeColor(chosen ? 'ink' : 'muted');
        const middle = top + (row + 0.5) * rowHeight;
        context.fillText(list[tensor].name, left - 8, middle);
        if (!list[tensor].trainable) drawLock(context, left - 14 - context.measureText(list[tensor].name).width, middle);
      }
      if (chosen) {
        context.strokeStyle = themeColor('ink');
        context.lineWidth = 1.5;
        context.strokeRect(left - 1, top + row * rowHeight - 0.5, wide + 2, rowHeight + 1);
      }
    });
    if (left < 20) this.nameKinds(context, left, top, rowHeight);
    const column = nearest(step, shown.step);
    const x = left + ((column + 0.5) / step.length) * wide;
    context.strokeStyle = themeColor('ink');
    context.lineWidth = 2;
    context.strokeRect(x - 2.5, top - 4, 5, rows * rowHeight + 8);
    context.font = '12px ' + FONT;
    context.fillStyle = themeColor('muted');
    context.textAlign = 'left';
    context.fillText('step ' + count(step[0]), left, height - 9);
    context.textAlign = 'right';
    context.fillText(count(step[step.length - 1]), left + wide, height - 9);
  }

  /** Where there is no room for the names of tensors, those of their kinds stand in the map. */
  nameKinds(context, left, top, rowHeight) {
    const list = shown.state.parameters.list;
    context.textAlign = 'left';
    context.font = '600 11px ' + FONT;
    this.order.forEach((tensor, row) => {
      const { kind } = list[tensor];
      if (row > 0 && kind === list[this.order[row - 1]].kind) return;
      const y = top + row * rowHeight;
      context.fillStyle = themeColor('paper');
      context.fillRect(left, y, context.measureText(kind).width + 8, 13);
      context.fillStyle = themeColor('ink');
      context.fillText(kind, left + 4, y + 7);
    });
  }

  lineChart() {
    const { step } = shown.state.unpacked.health;
    const list = shown.state.parameters.list;
    const own = list[this.tensor].kind;
    const usable = (x) => (x > 0 && Number.isFinite(x) ? x : null);
    const line = [...step].map((_, c) => usable(this.value(this.tensor, c)));
    const family = list.map((one, i) => i).filter((i) => list[i].kind === own && list[i].trainable);
    const middle = [...step].map((_, c) => usable(median(family.map((i) => this.value(i, c)).filter((x) => x > 0))));
    const all = [...line, ...middle].filter((x) => x !== null);
    const band = Boolean(QUANTITIES[this.quantity].isRatio);
    const low = Math.min(...all, band ? 1e-4 : Infinity);
    const high = Math.max(...all, band ? 1e-2 : -Infinity);
    const fine = Number.isFinite(low) && Number.isFinite(high);
    return {
      data: [[...step], line, middle],
      series: [
        { stroke: LINES[0], width: 2, points: { show: step.length < 3 } },
        { stroke: LINES[1], width: 1.5, dash: [5, 4], points: { show: step.length < 3 } },
      ],
      scales: {
        x: { time: false, range: [step[0], Math.max(step[step.length - 1], step[0] + 1)] },
        y: { distr: 3, range: fine ? [low * 0.7, high * 1.4] : [0.1, 1] },
      },
      axes: [
        { scale: 'x', values: (plot, xs) => xs.map((x) => (Number.isInteger(x) ? shortCount(x) : '')) },
        { scale: 'y', values: (plot, ys) => ys.map((y) => (y === null ? '' : shortNumber(y))) },
      ],
      hooks: {
        drawClear: [(plot) => band && this.shadeBand(plot)],
        draw: [
          (plot) => {
            if (band) horizontalLine(plot, 1e-3, themeColor('muted'), [2, 4], 'rule of thumb 1e-03', 'left');
            verticalLine(plot, shown.step, themeColor('accent'), 1.5);
          },
        ],
      },
    };
  }

  /** The reference band from 1e-4 to 1e-2. */
  shadeBand(plot) {
    const { left, top, width, height } = plot.bbox;
    const clamp = (y) => Math.max(top, Math.min(top + height, y));
    const high = clamp(plot.valToPos(1e-2, 'y', true));
    const low = clamp(plot.valToPos(1e-4, 'y', true));
    plot.ctx.fillStyle = themeColor('band');
    plot.ctx.fillRect(left, high, width, low - high);
  }

  /** Tensors whose value is more than ten times away from the median of their kind. */
  outliers(column) {
    const list = shown.state.parameters.list;
    const found = [];
    for (const kind of new Set(list.map((one) => one.kind))) {
      const family = list.map((one, i) => i).filter((i) => list[i].kind === kind && list[i].trainable && this.value(i, column) > 0);
      const middle = median(family.map((i) => this.value(i, column)));
      if (family.length < 3) continue;
      for (const i of family) {
        const times = this.value(i, column) / middle;
        if (times > 10 || times < 0.1) found.push([list[i].name, times]);
      }
    }
    return found;
  }

  describe() {
    const { step } = shown.state.unpacked.health;
    const column = nearest(step, shown.step);
    const [low, high] = this.range();
    const value = this.value(this.tensor, column);
    const name = shown.state.parameters.list[this.tensor].name;
    const far = this.outliers(column);
    this.far.textContent =
      `Step ${count(step[column])}: ${QUANTITIES[this.quantity].short} of ${name} is ${value > 0 ? ratio(value) : 'n/a'}. ` +
      (far.length === 0
        ? 'No tensor is more than ten times away from the median of its kind.'
        : `More than ten times away from the median of their kind: ${far
            .slice(0, 4)
            .map(([tensor, times]) => `${tensor} (${times > 1 ? fixed(times, 0) + ' times above' : fixed(1 / times, 0) + ' times below'})`)
            .join(', ')}${far.length > 4 ? ` and ${far.length - 4} more` : ''}.`);
    this.map.describe(
      `Map of ${QUANTITIES[this.quantity].text}, ${this.order.length} tensors by ${step.length} steps, from ${ratio(10 ** low)} to ${ratio(10 ** high)}. ${this.far.textContent}`,
    );
    this.chart.describe(`${name}, ${QUANTITIES[this.quantity].text}, beside the median of its kind. At step ${count(step[column])} ${value > 0 ? ratio(value) : 'n/a'}.`);
    this.legend.replaceChildren(
      colorBar(VIRIDIS, ratio(10 ** low), `${ratio(10 ** high)}, logarithmic`),
      key([['the chosen tensor', LINES[0], 'line'], ['median of its kind', LINES[1], 'dashed']]),
    );
  }

  step() {
    if (!this.map) return;
    this.map.redraw();
    this.chart.redraw();
    this.describe();
    this.numbers.refresh();
  }

  table() {
    const { step } = shown.state.unpacked.health;
    const health = shown.state.unpacked.health;
    const column = nearest(step, shown.step);
    const at = (name, i) => health[name][i * step.length + column];
    const ratios = this.quantities().filter(([, one]) => one.isRatio);
    return dataTable(
      `All tensors at step ${count(step[column])}`,
      [['tensor', false], ['kind', false], ['weight norm', true], ['gradient norm', true], ...ratios.map(([, one]) => [one.short, true]), ['remarks', false]],
      this.order.map((i) => {
        const one = shown.state.parameters.list[i];
        return [
          one.name,
          one.kind,
          weight(at('weight_norm', i)),
          ratio(at('grad_norm', i)),
          ...ratios.map(([name]) => (at(name, i) >= 0 ? ratio(at(name, i)) : 'n/a')),
          [one.trainable ? '' : '🔒 frozen', one.tied ? `also ${one.tied}: the gradient is the sum of both uses` : ''].filter(Boolean).join(', '),
        ];
      }),
    );
  }

  repaint() {
    if (this.map) this.choose(this.tensor);
  }
}

/** The order of a map: by kind, then by layer. */
function tensorOrder(list) {
  const kinds = shown.state.parameters.kinds.map((one) => one.kind);
  return list
    .map((one, i) => i)
    .sort((a, b) => kinds.indexOf(list[a].kind) - kinds.indexOf(list[b].kind) || a - b);
}

/** A lock left of a place, 7 by 9: the fonts of a canvas may have none. */
function drawLock(context, right, middle) {
  context.fillRect(right - 7, middle - 1, 7, 5);
  context.strokeStyle = context.fillStyle;
  context.lineWidth = 1.2;
  context.beginPath();
  context.arc(right - 3.5, middle - 1.5, 2.2, Math.PI, 0);
  context.stroke();
}

/** Of tensors the first that training moves; the first of all where everything is frozen. */
function firstTrained(places) {
  return places.find((i) => shown.state.parameters.list[i].trainable) ?? places[0];
}

/** A choice of tensors, grouped by kind; value = place in the list. */
function tensorChooser(label, list, onChange, only) {
  const places = tensorOrder(list).filter((i) => !only || only.includes(i));
  const kinds = [...new Set(places.map((i) => list[i].kind))];
  return chooser(
    label,
    kinds.map((kind) => ({ group: kind, options: places.filter((i) => list[i].kind === kind).map((i) => [i, list[i].name]) })),
    (value) => onChange(Number(value)),
  );
}
