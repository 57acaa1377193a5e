'use strict';
// Panel 2: the loss over the steps, what else was measured, and what the model wrote on the way.

const FURTHER = {
  lr: { unit: 'rate', text: 'learning rate in use (derived from its schedule)', log: false, write: ratio },
  grad_norm: { unit: 'norm', text: 'gradient norm before clipping', log: true, write: (x) => fixed(x, 3) },
  tok_s: { unit: 'tokens/s', text: 'tokens per second', log: false, write: (x) => count(x) },
};

class LossPanel {
  constructor(stage) {
    this.stage = stage;
    this.logSteps = false;
    this.further = 'lr';
    this.tokensShown = null;
  }

  build() {
    const choose = chooser('Below the loss', Object.entries(FURTHER).map(([k, v]) => [k, v.text]), (value) => {
      this.further = value;
      this.second.rebuild();
      this.summarize();
    });
    const scale = segmented('Steps', [['linear', 'linear'], ['log', 'logarithmic']], 'linear', (value) => {
      this.logSteps = value === 'log';
      this.first.rebuild();
      this.second.rebuild();
    });
    const upper = el('div', {});
    const lower = el('div', {});
    this.reading = el('p', { class: 'readout' });
    this.text = el('pre', { class: 'sample', tabindex: '0', 'aria-label': 'What the model writes' });
    this.textTitle = el('h3', {});
    this.samples = el('div', { class: 'samples' }, this.textTitle, this.text);
    this.stage.replaceChildren(
      key([
        ['training loss of each batch', LINES[5], 'thin'],
        ['its running mean', LINES[0], 'line'],
        ['validation loss', LINES[1], 'dots'],
        ['even guess, ln V', themeColor('muted'), 'dashed'],
        ['best', LINES[1], 'star'],
        ['checkpoint', themeColor('muted'), 'triangle'],
        ['sample', LINES[2], 'diamond'],
      ]),
      el('div', { class: 'controls' }, scale, choose.field),
      upper,
      this.reading,
      lower,
      this.samples,
    );
    const go = (step) => shown.go(nearest(shown.steps, step));
    this.first = new LineChart(upper, 320, () => this.lossChart(), go);
    this.second = new LineChart(lower, 150, () => this.furtherChart(), go);
    this.numbers = new Numbers(this.stage, () => this.table());
  }

  take(state) {
    const none = state.unpacked.step.length === 0 && state.metrics.evaluations.length === 0;
    if (none) {
      this.first = null;
      missing(this.stage, 'No step has been measured yet.');
      return;
    }
    if (!this.first) this.build();
    else this.repaint();
  }

  /** All steps that have a point, and for each series a value or null. */
  lossChart() {
    const state = shown.state;
    const { step, loss: train, mean } = state.unpacked;
    const evaluations = state.metrics.evaluations;
    const steps = [...new Set([...step, ...evaluations.map((e) => e.step)])].sort((a, b) => a - b);
    const place = new Map(steps.map((s, i) => [s, i]));
    const lines = [0, 1, 2].map(() => new Array(steps.length).fill(undefined));
    step.forEach((s, i) => {
      lines[0][place.get(s)] = Number.isFinite(train[i]) ? train[i] : null;
      lines[1][place.get(s)] = Number.isFinite(mean[i]) ? mean[i] : null;
    });
    evaluations.forEach((e) => (lines[2][place.get(e.step)] = e.loss));
    const all = lines.flat().filter((x) => Number.isFinite(x));
    const top = Math.max(state.uniformLoss, ...all) * 1.04;
    const bottom = all.length ? Math.min(...all) : 0;
    const point = (size) => ({ show: true, size, fill: themeColor('paper'), width: 2 });
    return {
      data: [this.xs(steps), ...lines],
      series: [
        { stroke: LINES[5], width: 1, alpha: 0.7, points: { show: steps.length < 3 } },
        { stroke: LINES[0], width: 2, points: { show: steps.length < 3 } },
        { stroke: LINES[1], width: 1.5, points: point(6) },
      ],
      scales: { x: this.xScale(steps), y: { range: [Math.max(0, bottom - 0.06 * (top - bottom)), top] } },
      axes: [this.xAxis(), { scale: 'y', label: 'loss, nats per token' }],
      hooks: { draw: [(plot) => this.marks(plot)] },
    };
  }

  furtherChart() {
    const { step } = shown.state.unpacked;
    const values = shown.state.unpacked[this.further];
    const { log } = FURTHER[this.further];
    const usable = [...values].map((x) => (Number.isFinite(x) && (!log || x > 0) ? x : null));
    const numbers = usable.filter((x) => x !== null);
    const steps = step.length ? step : [0];
    const high = numbers.length ? Math.max(...numbers) : 1;
    const low = numbers.length ? Math.min(...numbers) : 0.1;
    return {
      data: [this.xs(steps), step.length ? usable : [null]],
      series: [{ stroke: LINES[2], width: 1.5, points: { show: steps.length < 3 } }],
      scales: {
        x: this.xScale(this.allSteps()),
        y: log ? { distr: 3, range: [low * 0.8, high * 1.25] } : { range: [0, high * 1.1 || 1] },
      },
      axes: [
        this.xAxis(),
        {
          scale: 'y',
          label: FURTHER[this.further].unit,
          values: (plot, list) => list.map((x) => (x === null ? '' : this.further === 'lr' ? (x === 0 ? '0' : ratio(x)) : shortNumber(x))),
        },
      ],
      hooks: { draw: [(plot) => verticalLine(plot, this.x(shown.step), themeColor('accent'), 1.5)] },
    };
  }

  allSteps() {
    const steps = [...shown.state.unpacked.step, ...shown.state.metrics.evaluations.map((e) => e.step)];
    return [Math.min(...steps), Math.max(...steps)];
  }

  /** A logarithmic axis has no place for step 0: it stands at 1/2. */
  x(step) {
    return this.logSteps ? Math.max(0.5, step) : step;
  }

  xs(steps) {
    return steps.map((step) => this.x(step));
  }

  xScale(steps) {
    const first = this.x(steps[0]);
    const last = Math.max(this.x(steps[steps.length - 1]), first + 1);
    return { time: false, distr: this.logSteps ? 3 : 1, range: [first, last] };
  }

  xAxis() {
    return {
      scale: 'x',
      values: (plot, list) => list.map((x) => (x === null || !Number.isInteger(x) ? '' : shortCount(x))),
    };
  }

  /** The even guess, the step of the slider, checkpoints, samples, the best evaluation, and what is not a number. */
  marks(plot) {
    const state = shown.state;
    const context = plot.ctx;
    const dots = devicePixelRatio;
    const { top, height, left } = plot.bbox;
    horizontalLine(plot, state.uniformLoss, themeColor('muted'), [6, 5], `even guess ${loss(state.uniformLoss)}`);
    verticalLine(plot, this.x(shown.step), themeColor('accent'), 1.5);
    const at = (step) => plot.valToPos(this.x(step), 'x', true);
    context.save();
    context.fillStyle = themeColor('muted');
    for (const line of state.ledger.lines) sign(context, 'triangle', at(line.step), top + height - 5 * dots, 4 * dots);
    context.fillStyle = LINES[2];
    for (const sample of state.samples) sign(context, 'diamond', at(sample.step), top + height - 15 * dots, 4 * dots);
    context.fillStyle = LINES[1];
    for (const e of state.metrics.evaluations) {
      if (e.best && e.loss !== null) sign(context, 'star', at(e.step), plot.valToPos(e.loss, 'y', true), 8 * dots);
    }
    const bad = [...state.unpacked.bad];
    context.fillStyle = context.strokeStyle = themeColor('alarm');
    context.font = 12 * dots + 'px ' + FONT;
    context.textBaseline = 'top';
    bad.forEach((step, i) => {
      verticalLine(plot, this.x(step), themeColor('alarm'), 1);
      if (i === 0) {
        const text = `⚑ not a number at step ${count(step)}`;
        const wide = context.measureText(text).width;
        const x = at(step);
        context.fillText(text, x - wide - 4 * dots > left ? x - wide - 4 * dots : x + 4 * dots, top + 2 * dots);
      }
    });
    context.restore();
  }

  step() {
    if (!this.first) return;
    this.first.redraw();
    this.second.redraw();
    this.summarize();
    this.showSample();
    this.numbers.refresh();
  }

  summarize() {
    const state = shown.state;
    const { step, loss: train, mean, lr, bad } = state.unpacked;
    const i = step.length ? nearest(step, shown.step) : -1;
    const evaluation = [...state.metrics.evaluations].reverse().find((e) => e.step <= shown.step);
    const best = state.metrics.evaluations.find((e) => e.best);
    this.reading.textContent = [
      `At step ${count(shown.step)}:`,
      i >= 0 ? `training loss ${loss(train[i])}, running mean ${loss(mean[i])},` : '',
      evaluation ? `validation loss ${loss(evaluation.loss === null ? NaN : evaluation.loss)}${evaluation.step === shown.step ? '' : ` (step ${count(evaluation.step)})`},` : '',
      i >= 0 ? `learning rate ${ratio(lr[i])}.` : '',
      best ? `Best validation loss ${loss(best.loss)} at step ${count(best.step)}.` : '',
      i >= 0 ? `${percent(state.metrics.clippedShare)} of the steps were clipped.` : '',
    ].join(' ');
    this.first.describe(
      `Loss over ${count(step.length)} plotted steps. Even guess ${loss(state.uniformLoss)}. ` +
        this.reading.textContent +
        (bad.length ? ` Not a number at step ${count(bad[0])}.` : ''),
    );
    const values = [...state.unpacked[this.further]].filter(Number.isFinite);
    const { text, write } = FURTHER[this.further];
    this.second.describe(
      values.length ? `${text}: from ${write(Math.min(...values))} to ${write(Math.max(...values))}, last ${write(values[values.length - 1])}.` : `${text}: nothing measured.`,
    );
  }

  showSample() {
    const samples = shown.state.samples;
    this.samples.hidden = samples.length === 0;
    if (samples.length === 0) return;
    const i = Math.max(0, lastUpTo(samples.map((sample) => sample.step), shown.step));
    this.textTitle.textContent = `What the model writes at step ${count(samples[i].step)}`;
    this.text.textContent = samples[i].text || '(nothing)';
  }

  table() {
    return dataTable(
      'Validation loss',
      [['step', true], ['loss, nats per token', true], ['standard error', true], ['best', false]],
      shown.state.metrics.evaluations.map((e) => [count(e.step), e.loss === null ? 'NaN' : loss(e.loss), loss(e.se), e.best ? 'best' : '']),
    );
  }

  repaint() {
    if (!this.first) return;
    this.first.rebuild();
    this.second.rebuild();
  }
}

function shortNumber(x) {
  return Math.abs(x) >= 1000 ? shortCount(x) : Math.abs(x) >= 0.01 || x === 0 ? String(Number(x.toPrecision(2))) : ratio(x);
}

/** A filled sign around a place. */
function sign(context, shape, x, y, r) {
  context.beginPath();
  const corners = {
    triangle: [[0, -1], [1, 1], [-1, 1]],
    diamond: [[0, -1.2], [1, 0], [0, 1.2], [-1, 0]],
    square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
    plus: [[-0.3, -1], [0.3, -1], [0.3, -0.3], [1, -0.3], [1, 0.3], [0.3, 0.3], [0.3, 1], [-0.3, 1], [-0.3, 0.3], [-1, 0.3], [-1, -0.3], [-0.3, -0.3]],
    star: Array.from({ length: 10 }, (_, i) => {
      const size = i % 2 ? 0.42 : 1;
      return [size * Math.sin((i * Math.PI) / 5), -size * Math.cos((i * Math.PI) / 5)];
    }),
  };
  if (corners[shape]) corners[shape].forEach(([dx, dy], i) => (i ? context.lineTo(x + r * dx, y + r * dy) : context.moveTo(x + r * dx, y + r * dy)));
  else context.arc(x, y, r * 0.95, 0, 2 * Math.PI);
  context.closePath();
  context.fill();
}
