'use strict';
// A page that is served while training goes on: follows the run, and comes back when the connection is lost.

const live = {
  polling: 0,
  waiting: 0,
  fetching: false,
  again: false,
  /** What events told lately: a state may have been made before them. */
  recent: [],
  ended: false,

  start() {
    this.place = document.getElementById('live');
    this.place.hidden = false;
    this.text = el('p', { 'aria-live': 'off', id: 'live-now' }, 'connecting …');
    this.spoken = el('p', { role: 'status', class: 'spoken' });
    this.connection = el('p', { id: 'live-connection', class: 'connection' }, 'connecting');
    this.place.append(
      this.connection,
      this.text,
      el('button', { type: 'button', onclick: () => (this.spoken.textContent = this.text.textContent) }, 'Read current values'),
      this.spoken,
    );
    this.connect();
  },

  connect() {
    if (!window.EventSource) return this.poll();
    const source = new EventSource('events');
    this.source = source;
    let opened = false;
    source.onopen = () => {
      opened = true;
      this.say('live');
      clearInterval(this.polling);
      this.polling = 0;
      this.fetchState();
    };
    // The browser connects again by itself, unless it was refused: then the state is asked for now and then.
    source.onerror = () => {
      this.say('connection lost, trying again');
      if (source.readyState === EventSource.CLOSED || !opened) this.poll();
    };
    const on = (name, take) => source.addEventListener(name, (event) => take(JSON.parse(event.data)));
    const told = (name, take) => on(name, (data) => {
      this.remember(data.step, () => take(data));
      take(data);
    });
    told('step', (data) => this.step(data));
    told('eval', (data) => this.evaluation(data));
    told('sample', (data) => this.sample(data));
    const changed = (data) => {
      this.remember(data.step);
      this.fetchState();
    };
    on('snapshot', changed);
    on('ledger', changed);
    on('done', () => this.done());
  },

  /** Keeps an event for the next state. Step 0: the run begins, or went back to before what was told. */
  remember(step, take) {
    if (step === 0) this.recent = [];
    if (take) this.recent.push({ step, take });
    if (this.recent.length > 1000) this.recent = this.recent.slice(-500);
  },

  say(text) {
    this.connection.textContent = text;
  },

  poll() {
    if (this.polling) return;
    this.say('asking every 2 seconds');
    this.polling = setInterval(() => this.fetchState(), 2000);
    this.fetchState();
  },

  /** One question at a time; whoever asks meanwhile gets what comes after it. */
  async fetchState() {
    if (this.fetching) {
      this.again = true;
      return;
    }
    this.fetching = true;
    try {
      const response = await fetch('state', { cache: 'no-store' });
      if (!response.ok) throw new Error(String(response.status));
      const state = prepare(await response.json());
      const before = shown.state;
      shown.take(state);
      if (this.signature(before) !== this.signature(state)) await this.freshen();
      const { step } = state.unpacked;
      const last = step.length - 1;
      if (last >= 0) this.show({ step: step[last], loss: state.unpacked.loss[last], lr: state.unpacked.lr[last], tok_s: state.unpacked.tok_s[last] });
      else this.text.textContent = 'waiting for the first step';
      for (const event of this.recent) event.take();
      if (state.run.status !== 'running') this.done(true);
    } catch (problem) {
      this.say(this.ended ? 'training has ended, and its server too' : 'the server does not answer, trying again');
    }
    this.fetching = false;
    if (this.again) {
      this.again = false;
      this.fetchState();
    }
  },

  /** What the tables at the top and the ledger say. */
  signature({ run, ledger, metrics }) {
    return JSON.stringify([run.status, ledger.verdict, ledger.lines.length, metrics.evaluations.length]);
  },

  /** Takes the tables from the page as it would be made now. */
  async freshen() {
    const response = await fetch('./', { cache: 'no-store' });
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    for (const place of document.querySelectorAll('[data-fresh]')) {
      const fresh = page.querySelector(`[data-fresh="${place.dataset.fresh}"]`);
      const details = fresh.querySelectorAll('details');
      place.querySelectorAll('details').forEach((old, i) => (details[i].open = old.open));
      place.replaceChildren(...fresh.childNodes);
    }
  },

  show({ step, loss: value, lr, tok_s: speed }) {
    document.getElementById('run-done').textContent = count(step);
    document.getElementById('run-steps').textContent = `${count(step)} of ${count(shown.state.run.steps)}`;
    this.text.textContent =
      `step ${count(step)} of ${count(shown.state.run.steps)}, loss ${value === null ? 'NaN' : loss(value)}, ` +
      `learning rate ${ratio(lr)}, ${count(speed)} tokens per second`;
  },

  step(data) {
    const known = shown.state.unpacked;
    if (known.step.length && data.step <= known.step[known.step.length - 1]) return;
    const value = data.loss === null ? NaN : data.loss;
    const last = known.mean[known.mean.length - 1];
    known.step.push(data.step);
    known.loss.push(value);
    // Between two fetches of the state the mean goes on without its correction, which is 1 by then.
    known.mean.push(Number.isFinite(last) && Number.isFinite(value) ? 0.9 * last + 0.1 * value : value);
    known.lr.push(data.lr);
    known.grad_norm.push(data.grad_norm === null ? NaN : data.grad_norm);
    known.tok_s.push(data.tok_s);
    if (!Number.isFinite(value)) known.bad.push(data.step);
    this.show(data);
    this.repaintSoon();
  },

  sample(data) {
    const samples = shown.state.samples;
    if (samples.some((one) => one.step === data.step)) return;
    samples.push(data);
    this.repaintSoon();
  },

  evaluation(data) {
    const evaluations = shown.state.metrics.evaluations;
    if (evaluations.some((one) => one.step === data.step)) return;
    if (data.best) evaluations.forEach((one) => (one.best = false));
    evaluations.push(data);
    this.repaintSoon();
  },

  /** Paints at most four times a second, however many events come. */
  repaintSoon() {
    if (this.waiting) return;
    this.waiting = setTimeout(() => {
      this.waiting = 0;
      const [losses] = shown.panels;
      losses.take(shown.state);
      losses.step();
    }, 250);
  },

  done(fetched) {
    this.ended = true;
    if (this.source) this.source.close();
    clearInterval(this.polling);
    this.polling = 0;
    this.say('training has ended');
    if (!this.link) {
      this.link = el('a', { class: 'button', href: 'report.html', download: shown.state.name + '.html' }, 'Save report');
      this.place.append(this.link);
    }
    if (!fetched) this.fetchState();
  },
};
