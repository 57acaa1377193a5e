'use strict';
// Panel 4: how the values of one tensor are spread, snapshot by snapshot: ridges, and quantiles over time.

class HistogramPanel {
  constructor(stage) {
    this.stage = stage;
    this.at = 0;
  }

  take(state) {
    if (state.histograms.length === 0) {
      this.ridges = null;
      missing(this.stage, ...NO_SNAPSHOTS);
      return;
    }
    this.data = state.histograms.map((one) => ({ ...one, counts: unpack(one.counts), values: unpack(one.quantiles.values) }));
    this.at = Math.min(this.at, this.data.length - 1);
    if (!this.ridges) this.build();
    else this.repaint();
  }

  build() {
    const tensors = this.data.map((one) => one.tensor);
    this.at = Math.max(0, tensors.indexOf(firstTrained(tensorOrder(shown.state.parameters.list).filter((i) => tensors.includes(i)))));
    const choice = tensorChooser(
      'Tensor',
      shown.state.parameters.list,
      (tensor) => {
        this.at = tensors.indexOf(tensor);
        this.repaint();
        this.step();
      },
      tensors,
    );
    const left = el('div', {}, el('h3', {}, 'Ridges'));
    const right = el('div', {}, el('h3', {}, 'Quantiles'));
    this.reading = el('p', { class: 'readout' });
    this.stage.replaceChildren(el('div', { class: 'controls' }, choice.field), el('div', { class: 'pair' }, left, right), this.reading);
    choice.select.value = String(this.data[this.at].tensor);
    this.ridges = new Picture(left, () => 340, (c, w, h) => this.drawRidges(c, w, h));
    this.bands = new Picture(right, () => 340, (c, w, h) => this.drawBands(c, w, h));
    this.numbers = new Numbers(this.stage, () => this.table());
  }

  drawRidges(context, width, height) {
    const { low, high, bins, counts } = this.data[this.at];
    const n = shown.state.snapshots.length;
    const left = 46;
    const wide = width - left - 12;
    const tallest = Math.max(1, ...counts);
    const peak = Math.min(110, height * 0.34);
    const first = peak + 6;
    const gap = n > 1 ? (height - 34 - first) / (n - 1) : 0;
    const x = (value) => left + ((value - low) / (high - low)) * wide;
    context.strokeStyle = themeColor('grid');
    context.fillStyle = themeColor('muted');
    context.textAlign = 'center';
    for (const tick of ticks(low, high, width < 420 ? 4 : 7)) {
      context.beginPath();
      context.moveTo(x(tick), first - peak);
      context.lineTo(x(tick), height - 30);
      context.stroke();
      context.fillText(String(tick), x(tick), height - 12);
    }
    const every = Math.max(1, Math.ceil(14 / Math.max(1, gap)));
    for (let frame = 0; frame < n; frame++) {
      const base = n > 1 ? first + frame * gap : height - 34;
      const here = frame === shown.index;
      context.beginPath();
      context.moveTo(left, base);
      for (let bin = 0; bin < bins; bin++) {
        const y = base - (peak * counts[frame * bins + bin]) / tallest;
        context.lineTo(left + (bin / bins) * wide, y);
        context.lineTo(left + ((bin + 1) / bins) * wide, y);
      }
      context.lineTo(left + wide, base);
      context.globalAlpha = here ? 0.95 : 0.8;
      context.fillStyle = here ? themeColor('accent') : themeColor('ridge');
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = here ? themeColor('ink') : themeColor('muted');
      context.lineWidth = here ? 1.5 : 0.75;
      context.stroke();
      if (here || frame % every === 0) {
        context.textAlign = 'right';
        context.fillStyle = themeColor(here ? 'ink' : 'muted');
        context.font = `${here ? '600 ' : ''}11px ${FONT}`;
        const crowded = !here && Math.abs(frame - shown.index) * gap < 12;
        if (!crowded) context.fillText(shortCount(shown.state.snapshots[frame]), left - 6, base - 4);
      }
    }
  }

  drawBands(context, width, height) {
    const { values, quantiles } = this.data[this.at];
    const p = quantiles.p;
    const n = shown.state.snapshots.length;
    const k = p.length;
    const finite = [...values].filter(Number.isFinite);
    if (finite.length === 0) return;
    let low = Math.min(...finite);
    let high = Math.max(...finite);
    if (high - low < 1e-12) [low, high] = [low - 0.5, high + 0.5];
    const left = 52;
    const wide = width - left - 12;
    const tall = height - 44;
    const x = (frame) => left + (n > 1 ? (frame / (n - 1)) * wide : wide / 2);
    const y = (value) => 10 + (1 - (value - low) / (high - low)) * tall;
    context.fillStyle = themeColor('muted');
    context.strokeStyle = themeColor('grid');
    context.textAlign = 'right';
    for (const tick of ticks(low, high, 6)) {
      context.beginPath();
      context.moveTo(left, y(tick));
      context.lineTo(left + wide, y(tick));
      context.stroke();
      context.fillText(String(tick), left - 6, y(tick));
    }
    const line = (q) => Array.from({ length: n }, (_, frame) => [x(frame), y(values[frame * k + q])]);
    const thick = n > 1 ? 0 : 20;
    const band = (from, to, color) => {
      context.fillStyle = color;
      context.beginPath();
      line(from).forEach(([a, b], i) => (i ? context.lineTo(a, b) : context.moveTo(a - thick, b)));
      if (thick) context.lineTo(line(from)[0][0] + thick, line(from)[0][1]);
      if (thick) context.lineTo(line(to)[0][0] + thick, line(to)[0][1]);
      line(to).reverse().forEach(([a, b]) => context.lineTo(a - thick, b));
      context.closePath();
      context.fill();
    };
    const middle = (k - 1) / 2;
    const shades = ['--', themeColor('band1'), themeColor('band2'), themeColor('band3')];
    for (let i = 0; i < middle; i++) band(i, k - 1 - i, shades[Math.min(3, i + 1)]);
    context.strokeStyle = themeColor('ink');
    context.lineWidth = 2;
    context.beginPath();
    line(middle).forEach(([a, b], i) => (i ? context.lineTo(a, b) : context.moveTo(a, b)));
    context.stroke();
    context.strokeStyle = themeColor('accent');
    context.beginPath();
    context.moveTo(x(shown.index), 10);
    context.lineTo(x(shown.index), 10 + tall);
    context.stroke();
    context.fillStyle = themeColor('muted');
    context.textAlign = 'center';
    const every = Math.max(1, Math.ceil(44 / (wide / Math.max(1, n - 1))));
    for (let frame = 0; frame < n; frame += every) context.fillText(shortCount(shown.state.snapshots[frame]), x(frame), height - 14);
  }

  step(index, step) {
    if (!this.ridges) return;
    this.ridges.redraw();
    this.bands.redraw();
    const one = this.data[this.at];
    const k = one.quantiles.p.length;
    const q = one.values.slice(shown.index * k, (shown.index + 1) * k);
    const name = shown.state.parameters.list[one.tensor].name;
    this.reading.textContent =
      `${name} at step ${count(shown.step)}: values from ${weight(q[0])} to ${weight(q[k - 1])}, median ${weight(q[(k - 1) / 2])}, ` +
      `the middle half between ${weight(q[(k - 1) / 2 - 1])} and ${weight(q[(k - 1) / 2 + 1])}.`;
    this.ridges.describe(`Histograms of ${shown.state.snapshots.length} snapshots. ${this.reading.textContent}`);
    this.bands.describe(`Quantiles over ${shown.state.snapshots.length} snapshots. ${this.reading.textContent}`);
    this.numbers.refresh();
  }

  table() {
    const one = this.data[this.at];
    const p = one.quantiles.p;
    return dataTable(
      `Quantiles of ${shown.state.parameters.list[one.tensor].name}`,
      [['step', true], ...p.map((share) => [share === 0 ? 'least' : share === 1 ? 'largest' : percent(share).replace('.0', ''), true])],
      shown.state.snapshots.map((step, frame) => [count(step), ...p.map((_, i) => weight(one.values[frame * p.length + i]))]),
    );
  }

  repaint() {
    if (!this.ridges) return;
    this.ridges.redraw();
    this.bands.redraw();
  }
}

const NO_SNAPSHOTS = [
  'This run has no snapshots of its weights.',
  'They are taken while a run trains, unless it is told “--snapshots none”. Train again without that (or with “--snapshots 20”), then make this report anew.',
];
