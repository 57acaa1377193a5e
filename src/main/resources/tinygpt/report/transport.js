'use strict';
// The one step slider of the page. Panels ask it which step is shown and are told when that changes.

/** What all panels share. */
const shown = {
  state: null,
  /** The steps the slider goes through: the snapshots, or where there are none the evaluations. */
  steps: [0],
  index: 0,
  panels: [],

  get step() {
    return this.steps[this.index];
  },

  hasSnapshots() {
    return this.state.snapshots.length > 0;
  },

  /** Takes a new state; whoever looked at the last step goes on looking at the last one. */
  take(state) {
    const step = this.steps[this.index];
    const atEnd = this.state === null || this.index === this.steps.length - 1;
    this.state = state;
    const evaluated = state.metrics.evaluations.map((evaluation) => evaluation.step);
    this.steps = state.snapshots.length ? state.snapshots : evaluated.length ? evaluated : [0];
    this.index = atEnd ? this.steps.length - 1 : nearest(this.steps, step);
    for (const panel of this.panels) panel.take(state);
    transport.refresh();
    this.tell();
  },

  go(index) {
    const to = Math.max(0, Math.min(this.steps.length - 1, index));
    if (to !== this.index) {
      this.index = to;
      this.tell();
    }
  },

  tell() {
    transport.show();
    for (const panel of this.panels) panel.step(this.index, this.step);
  },

  repaint() {
    for (const panel of this.panels) panel.repaint();
  },
};

const transport = {
  timer: 0,

  build() {
    const place = document.getElementById('transport');
    this.play = el('button', { type: 'button', class: 'play', onclick: () => this.toggle() }, 'Play');
    this.back = el('button', { type: 'button', 'aria-label': 'Previous step', onclick: () => shown.go(shown.index - 1) }, '◀');
    this.forth = el('button', { type: 'button', 'aria-label': 'Next step', onclick: () => shown.go(shown.index + 1) }, '▶');
    this.slider = el('input', { type: 'range', id: 'step-slider', min: 0, step: 1, oninput: () => shown.go(Number(this.slider.value)) });
    this.now = el('output', { for: 'step-slider', id: 'step-now', 'aria-live': 'off' });
    place.append(
      el('div', { class: 'buttons' }, this.back, this.play, this.forth),
      el('div', { class: 'track' }, el('label', { for: 'step-slider' }, 'Step'), this.slider),
      this.now,
    );
    place.hidden = false;
    document.addEventListener('keydown', (event) => this.key(event));
  },

  /** Left and right go one snapshot, space plays, unless the key means something where the focus is. */
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const own = event.target === this.slider;
    if (!own && event.target.closest && event.target.closest('input, select, textarea, button, summary, a, [tabindex="0"]')) return;
    if (event.key === ' ') {
      event.preventDefault();
      this.toggle();
    } else if (!own && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      event.preventDefault();
      shown.go(shown.index + (event.key === 'ArrowLeft' ? -1 : 1));
    }
  },

  toggle() {
    if (this.timer) return this.stop();
    if (shown.index === shown.steps.length - 1) shown.go(0);
    // Nothing plays by itself; and where motion is unwelcome it is slow.
    const pause = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1500 : 450;
    this.timer = setInterval(() => {
      if (shown.index === shown.steps.length - 1) this.stop();
      else shown.go(shown.index + 1);
    }, pause);
    this.play.textContent = 'Pause';
  },

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.play.textContent = 'Play';
  },

  refresh() {
    const alone = shown.steps.length < 2;
    this.slider.max = Math.max(0, shown.steps.length - 1);
    for (const control of [this.slider, this.play]) control.disabled = alone;
  },

  show() {
    const { index, step, steps } = shown;
    const value = lossAt(shown.state, step);
    this.slider.value = index;
    this.slider.setAttribute('aria-valuetext', `step ${count(step)}, loss ${fixed(value, 2)}`);
    this.now.replaceChildren(
      el('strong', {}, 'step ' + count(step)),
      ' ',
      el('span', { class: 'loss' }, `loss ${loss(value)}`),
      el('span', { class: 'of' }, ` ${shown.hasSnapshots() ? 'snapshot' : 'evaluation'} ${index + 1} of ${steps.length}`),
    );
    this.back.disabled = index === 0;
    this.forth.disabled = index === steps.length - 1;
  },
};

/** The loss nearest to a step: of validation if it was evaluated there, else the running mean of training. */
function lossAt(state, step) {
  const evaluation = state.metrics.evaluations.find((one) => one.step === step);
  if (evaluation) return evaluation.loss === null ? NaN : evaluation.loss;
  const metrics = state.unpacked;
  if (metrics.step.length === 0) return null;
  return metrics.mean[nearest(metrics.step, step)];
}
