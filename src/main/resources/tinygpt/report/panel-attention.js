'use strict';
// Panel 6: where each head looks in a fixed prompt, and what the model expects next.

class AttentionPanel {
  constructor(stage) {
    this.stage = stage;
    this.head = 0;
  }

  take(state) {
    if (!state.probe || state.probe.frames.length === 0) {
      this.maps = null;
      missing(this.stage, ...NO_SNAPSHOTS);
      return;
    }
    this.probe = state.probe;
    this.frames = state.probe.frames.map((frame) => ({ ...frame, attention: unpack(frame.attention) }));
    if (!this.maps) this.build();
    else this.repaint();
  }

  build() {
    const { tokens, layers, heads } = this.probe;
    this.token = tokens.length - 1;
    this.maps = [];
    const grid = el('div', { class: 'heads' });
    grid.style.setProperty('--heads', heads);
    for (let i = 0; i < layers * heads; i++) {
      const button = el('button', { type: 'button', 'aria-pressed': 'false', onclick: () => this.choose(i, this.token) });
      grid.append(button);
      const picture = new Picture(button, (w) => w, (c, w) => this.drawMap(c, w, i));
      button.append(el('span', {}, `L${Math.floor(i / heads)} H${i % heads}`));
      this.maps.push({ button, picture });
    }
    this.strip = el(
      'div',
      { class: 'tokens', role: 'group', 'aria-label': 'Tokens of the prompt' },
      tokens.map((token, i) => el('button', { type: 'button', onclick: () => this.choose(this.head, i), onpointerenter: () => this.choose(this.head, i) }, showToken(token))),
    );
    const large = el('div', { class: 'large' });
    this.headTitle = el('h3', {});
    this.reading = el('p', { class: 'readout' });
    this.next = el('div', { class: 'next' });
    this.stage.replaceChildren(
      el('p', { class: 'prompt' }, 'Prompt: ', el('q', {}, this.probe.prompt)),
      el(
        'div',
        { class: 'attention' },
        el('div', {}, el('h3', {}, 'All heads: layer, head'), grid, colorBar(VIRIDIS, '0', '1, all of it')),
        el('div', {}, this.headTitle, large),
        this.next,
      ),
      el('h3', {}, 'A token of the prompt'),
      this.strip,
      this.reading,
    );
    this.large = new Picture(large, (w) => Math.min(w, 400), (c, w) => this.drawLarge(c, Math.min(w, 400)), 'pointable');
    this.large.onPoint((x, y) => {
      const { cell, left } = this.largeLayout(Math.min(this.large.width, 400));
      const row = Math.floor((y - left) / cell);
      if (row >= 0 && row < tokens.length) this.choose(this.head, row);
    });
    this.numbers = new Numbers(this.stage, () => this.table());
  }

  frame() {
    return this.frames[Math.max(0, lastUpTo(this.frames.map((frame) => frame.step), shown.step))];
  }

  at(head, query, keyToken) {
    const n = this.probe.tokens.length;
    return this.frame().attention[(head * n + query) * n + keyToken] / 255;
  }

  grid(context, head, x, y, size) {
    const n = this.probe.tokens.length;
    context.fillStyle = themeColor('blank');
    context.fillRect(x, y, size, size);
    paintGrid(context, n, n, x, y, size, size, (query, k) => (k <= query ? sequential(this.at(head, query, k)) : null));
  }

  drawMap(context, width, head) {
    this.grid(context, head, 0, 0, width);
  }

  /** Tokens of several characters need a wider margin, and stand upright above their columns. */
  largeLayout(size) {
    const tokens = this.probe.tokens;
    const longest = Math.max(...tokens.map((token) => [...shortToken(token)].length));
    const font = (cell) => Math.max(8, Math.min(13, cell * 0.9));
    const left = Math.max(24, Math.ceil(longest * font(size / tokens.length) * 0.62) + 10);
    const cell = (size - left) / tokens.length;
    return { left, cell, font: font(cell), upright: longest > 1 };
  }

  drawLarge(context, size) {
    const { left, cell, font, upright } = this.largeLayout(size);
    const tokens = this.probe.tokens;
    this.grid(context, this.head, left, left, size - left);
    context.font = `${font}px ui-monospace, monospace`;
    context.fillStyle = themeColor('muted');
    tokens.forEach((token, i) => {
      context.fillStyle = themeColor(i === this.token ? 'ink' : 'muted');
      context.textAlign = 'right';
      context.fillText(shortToken(token), left - 5, left + (i + 0.5) * cell);
      if (upright) {
        context.save();
        context.translate(left + (i + 0.5) * cell, left - 5);
        context.rotate(-Math.PI / 2);
        context.textAlign = 'left';
        context.fillText(shortToken(token), 0, 0);
        context.restore();
      } else {
        context.textAlign = 'center';
        context.fillText(shortToken(token), left + (i + 0.5) * cell, left - 10);
      }
    });
    context.strokeStyle = themeColor('ink');
    context.lineWidth = 2;
    context.strokeRect(left, left + this.token * cell, (this.token + 1) * cell, cell);
  }

  choose(head, token) {
    const same = head === this.head;
    this.head = head;
    this.token = token;
    if (!same) this.maps.forEach((one, i) => one.button.setAttribute('aria-pressed', String(i === head)));
    this.large.redraw();
    this.describe();
    this.numbers.refresh();
  }

  describe() {
    const { tokens, heads } = this.probe;
    const name = `layer ${Math.floor(this.head / heads)}, head ${this.head % heads}`;
    const looks = tokens
      .map((token, i) => [i <= this.token ? this.at(this.head, this.token, i) : 0, token, i])
      .sort((a, b) => b[0] - a[0])
      .slice(0, 3)
      .filter(([share]) => share > 0);
    this.headTitle.textContent = name[0].toUpperCase() + name.slice(1);
    this.reading.textContent =
      `At step ${count(this.frame().step)}, in ${name}, ‘${showToken(tokens[this.token])}’ (place ${this.token}) looks at ` +
      looks.map(([share, token, i]) => `‘${showToken(token)}’ (place ${i}) ${percent(share)}`).join(', ') + '.';
    this.large.describe(`Attention of ${name}. ${this.reading.textContent}`);
    [...this.strip.children].forEach((button, i) => button.setAttribute('aria-pressed', String(i === this.token)));
  }

  showNext() {
    const next = this.frame().next;
    this.next.replaceChildren(
      dataTable(
        `What the model expects after the prompt, at step ${count(this.frame().step)}`,
        [['token', false], ['probability', true], ['', false]],
        next.map(({ token, p }) => {
          const bar = el('span', { class: 'share', 'aria-hidden': 'true' });
          bar.style.width = Math.max(1, 100 * p) + '%';
          return [el('code', {}, showToken(token)), percent(p), el('span', { class: 'sharebar' }, bar)];
        }),
      ),
    );
  }

  step() {
    if (!this.maps) return;
    this.maps.forEach((one, i) => {
      one.picture.redraw();
      one.picture.describe(`Attention map of layer ${Math.floor(i / this.probe.heads)}, head ${i % this.probe.heads} at step ${count(this.frame().step)}`);
      one.button.setAttribute('aria-pressed', String(i === this.head));
    });
    this.large.redraw();
    this.describe();
    this.showNext();
    this.numbers.refresh();
  }

  table() {
    const { tokens, layers, heads } = this.probe;
    const all = Array.from({ length: layers * heads }, (_, head) => head);
    return dataTable(
      `Attention of ‘${showToken(tokens[this.token])}’ (place ${this.token}) at step ${count(this.frame().step)}, by head`,
      [['looks at', false], ...all.map((head) => [`${Math.floor(head / heads)}.${head % heads}`, true])],
      tokens.slice(0, this.token + 1).map((token, i) => [`${i} ‘${showToken(token)}’`, ...all.map((head) => percent(this.at(head, this.token, i)))]),
    );
  }

  repaint() {
    if (!this.maps) return;
    this.maps.forEach((one) => one.picture.redraw());
    this.large.redraw();
  }
}
