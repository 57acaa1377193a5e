'use strict';
// The page of a search: one trial is chosen, and lit up in the table, the curves and the plots.

const search = JSON.parse(document.getElementById('state').textContent);

const AXES = {
  step: ['steps', (x) => shortCount(x)],
  tokens: ['tokens', (x) => shortCount(x)],
  seconds: ['seconds in steps', (x) => String(Number(x.toPrecision(3)))],
};

class Curves {
  constructor(stage) {
    this.axis = 'step';
    this.chosen = search.best;
    const choice = segmented('Against', Object.entries(AXES).map(([key, [text]]) => [key, text]), 'step', (value) => {
      this.axis = value;
      this.chart.rebuild();
      this.describe();
    });
    const place = el('div', {});
    stage.append(
      key([
        ['chosen trial', LINES[1], 'line'],
        ['best trial', themeColor('accent'), 'line'],
        ['others', themeColor('muted'), 'thin'],
      ]),
      el('div', { class: 'controls' }, choice),
      place,
    );
    this.chart = new LineChart(place, 380, () => this.plot());
  }

  /** All places that have a point, and for each trial a value or null: a line goes on across the places of others. */
  plot() {
    const xs = [...new Set(search.trials.flatMap((trial) => trial[this.axis]))].sort((a, b) => a - b);
    const place = new Map(xs.map((x, i) => [x, i]));
    const order = [...search.trials].sort((a, b) => this.weight(a) - this.weight(b)); // what is lit is drawn last
    const lines = order.map((trial) => {
      const line = new Array(xs.length).fill(null);
      trial[this.axis].forEach((x, i) => (line[place.get(x)] = trial.loss[i]));
      return line;
    });
    const losses = lines.flat().filter((x) => Number.isFinite(x));
    const high = losses.length ? Math.max(...losses) : 1;
    const low = losses.length ? Math.min(...losses) : 0;
    const room = 0.04 * (high - low || 1);
    return {
      data: [xs.length ? xs : [0], ...(xs.length ? lines : order.map(() => [null]))],
      series: order.map((trial) => ({
        stroke: [themeColor('muted'), themeColor('accent'), LINES[1]][this.weight(trial)],
        width: [1, 2, 3][this.weight(trial)],
        alpha: this.weight(trial) ? 1 : 0.55,
        spanGaps: true,
        points: { show: trial.loss.length === 1 || this.weight(trial) === 2, size: 6 },
      })),
      scales: {
        x: { time: false, range: [xs[0] || 0, Math.max(xs[xs.length - 1] || 0, (xs[0] || 0) + 1e-9)] },
        y: { range: [low - room, high + room] },
      },
      axes: [
        { scale: 'x', label: AXES[this.axis][0], size: 50, values: (plot, list) => list.map((x) => (x === null ? '' : AXES[this.axis][1](x))) },
        { scale: 'y', label: 'validation loss, nats per token' },
      ],
    };
  }

  weight(trial) {
    return trial.name === this.chosen ? 2 : trial.name === search.best ? 1 : 0;
  }

  describe() {
    const trial = search.trials.find((one) => one.name === this.chosen);
    const last = trial && trial.loss.length ? ` Its validation loss is ${loss(trial.loss[trial.loss.length - 1])}.` : '';
    const text = trial ? `Trial ${trial.name}, ${trial.state}: ${trial.label}.${last}` : 'No trial is chosen.';
    document.getElementById('chosen').textContent = text;
    this.chart.describe(`Validation loss of ${search.trials.length} trials against ${AXES[this.axis][0]}. ${text}`);
  }

  choose(name) {
    this.chosen = name;
    document.querySelectorAll('[data-trial]').forEach((one) => {
      const on = one.dataset.trial === name;
      one.classList.toggle('on', on);
      const button = one.querySelector('button');
      if (button) button.setAttribute('aria-pressed', String(on));
    });
    this.chart.rebuild();
    this.describe();
  }
}

function start() {
  document.documentElement.className = 'scripted';
  const curves = new Curves(document.getElementById('curves'));
  document.querySelectorAll('#results tr[data-trial]').forEach((row) => {
    const cell = row.cells[1];
    cell.replaceChildren(el('button', { type: 'button', 'aria-pressed': 'false', 'aria-label': 'light up trial ' + row.dataset.trial }, cell.textContent));
    row.addEventListener('click', () => curves.choose(row.dataset.trial));
  });
  document.querySelectorAll('.dot').forEach((dot) => dot.addEventListener('click', () => curves.choose(dot.dataset.trial)));
  curves.choose(search.best);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => curves.chart.rebuild());
}

start();
