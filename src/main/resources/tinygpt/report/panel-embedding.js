'use strict';
// Panel 7: the token embedding in two dimensions, with axes that stay where they are.

const GROUPS = {
  vowel: ['circle', LINES[1]],
  consonant: ['square', LINES[0]],
  capital: ['triangle', LINES[2]],
  digit: ['diamond', LINES[3]],
  space: ['star', LINES[4]],
  punctuation: ['plus', LINES[5]],
  'space and letters': ['square', LINES[1]],
  letters: ['diamond', LINES[0]],
  other: ['circle', LINES[6]],
};

class EmbeddingPanel {
  constructor(stage) {
    this.stage = stage;
    this.trails = true;
  }

  take(state) {
    if (!state.embedding || state.embedding.frames.length === 0) {
      this.picture = null;
      missing(this.stage, ...NO_SNAPSHOTS);
      return;
    }
    this.data = state.embedding;
    this.frames = state.embedding.frames.map((frame) => ({ ...frame, points: unpack(frame.points) }));
    this.reach = 0;
    for (const frame of this.frames) for (const value of frame.points) this.reach = Math.max(this.reach, Math.abs(value * frame.scale));
    this.reach = this.reach * 1.06 || 1;
    if (!this.picture) this.build();
    else this.repaint();
  }

  build() {
    const present = Object.keys(GROUPS).filter((group) => this.data.groups.includes(group));
    const { explained, tensor, basis } = this.data;
    this.reading = el('p', { class: 'readout' });
    const place = el('div', {});
    this.stage.replaceChildren(
      key(present.map((group) => [group, GROUPS[group][1], GROUPS[group][0]])),
      el(
        'div',
        { class: 'controls' },
        checkbox('paths of the last snapshots', true, (on) => {
          this.trails = on;
          this.picture.redraw();
        }),
      ),
      place,
      this.reading,
      el(
        'p',
        { class: 'remark' },
        `${tensor}: the axes explain ${percent(explained[0])} and ${percent(explained[1])} of the variance, together ${percent(explained[0] + explained[1])}; ${basis}.`,
      ),
    );
    this.picture = new Picture(place, (w) => Math.min(600, Math.max(320, w * 0.62)), (c, w, h) => this.paint(c, w, h), 'pointable');
    this.picture.onPoint((x, y) => this.point(x, y));
    this.numbers = new Numbers(this.stage, () => this.table());
    this.chosen = Math.max(0, this.data.groups.indexOf('vowel'));
  }

  frameAt() {
    return Math.max(0, lastUpTo(this.frames.map((frame) => frame.step), shown.step));
  }

  coordinates(frame, token) {
    const { points, scale } = this.frames[frame];
    return [points[2 * token] * scale, points[2 * token + 1] * scale];
  }

  place(width, height, [x, y]) {
    const unit = Math.min(width, height) / 2 - 14;
    const stretch = Math.max(1, Math.min(1.7, width / height));
    return [width / 2 + (x / this.reach) * unit * stretch, height / 2 - (y / this.reach) * unit];
  }

  paint(context, width, height) {
    const frame = this.frameAt();
    const tokens = this.data.labels.length;
    context.strokeStyle = themeColor('grid');
    context.beginPath();
    context.moveTo(width / 2, 6);
    context.lineTo(width / 2, height - 6);
    context.moveTo(6, height / 2);
    context.lineTo(width - 6, height / 2);
    context.stroke();
    context.fillStyle = themeColor('muted');
    context.textAlign = 'right';
    context.fillText('first component →', width - 8, height / 2 + 12);
    context.textAlign = 'left';
    context.fillText('↑ second component', width / 2 + 8, 14);
    if (this.trails) {
      context.strokeStyle = themeColor('muted');
      context.globalAlpha = 0.3;
      context.lineWidth = 1;
      for (let token = 0; token < tokens; token++) {
        context.beginPath();
        for (let f = Math.max(0, frame - 5); f <= frame; f++) context.lineTo(...this.place(width, height, this.coordinates(f, token)));
        context.stroke();
      }
      context.globalAlpha = 1;
    }
    const many = tokens > 400;
    context.font = '12px ui-monospace, monospace';
    for (let token = 0; token < tokens; token++) {
      const [x, y] = this.place(width, height, this.coordinates(frame, token));
      const [shape, color] = GROUPS[this.data.groups[token]] || GROUPS.other;
      context.fillStyle = color;
      sign(context, shape, x, y, many ? 2.5 : 4.5);
      if (!many) {
        context.fillStyle = themeColor('ink');
        context.fillText(showToken(this.data.labels[token]), x + 7, y);
      }
      if (token === this.chosen) {
        context.strokeStyle = themeColor('ink');
        context.lineWidth = 1.5;
        context.beginPath();
        context.arc(x, y, 9, 0, 2 * Math.PI);
        context.stroke();
      }
    }
  }

  point(x, y) {
    const frame = this.frameAt();
    const distances = this.data.labels.map((_, token) => {
      const [px, py] = this.place(this.picture.width, this.picture.canvas.clientHeight, this.coordinates(frame, token));
      return (px - x) ** 2 + (py - y) ** 2;
    });
    const best = distances.indexOf(Math.min(...distances));
    if (best !== this.chosen && distances[best] < 900) {
      this.chosen = best;
      this.picture.redraw();
      this.describe();
    }
  }

  moved(token) {
    const [x, y] = this.coordinates(this.frameAt(), token);
    const [x0, y0] = this.coordinates(0, token);
    return Math.hypot(x - x0, y - y0);
  }

  describe() {
    const frame = this.frameAt();
    const own = this.coordinates(frame, this.chosen);
    const near = this.data.labels
      .map((label, token) => [Math.hypot(...this.coordinates(frame, token).map((v, i) => v - own[i])), label, token])
      .filter(([, , token]) => token !== this.chosen)
      .sort((a, b) => a[0] - b[0])
      .slice(0, 3)
      .map(([, label]) => `‘${showToken(label)}’`);
    this.reading.textContent =
      `‘${showToken(this.data.labels[this.chosen])}’ (${this.data.groups[this.chosen]}) at step ${count(this.frames[frame].step)}: ` +
      `${weight(own[0])}, ${weight(own[1])}; on this map nearest to ${near.join(', ')}; it has moved ${weight(this.moved(this.chosen))}.`;
    this.picture.describe(
      `Map of ${this.data.labels.length} tokens at step ${count(this.frames[frame].step)}; both axes reach from ${weight(-this.reach)} to ${weight(this.reach)}. ${this.reading.textContent}`,
    );
  }

  step() {
    if (!this.picture) return;
    this.picture.redraw();
    this.describe();
    this.numbers.refresh();
  }

  table() {
    const frame = this.frameAt();
    return dataTable(
      `Tokens at step ${count(this.frames[frame].step)}`,
      [['token', false], ['group', false], ['first', true], ['second', true], ['moved since the first snapshot', true]],
      this.data.labels.slice(0, 500).map((label, token) => {
        const [x, y] = this.coordinates(frame, token);
        return [showToken(label), this.data.groups[token], weight(x), weight(y), weight(this.moved(token))];
      }),
    );
  }

  repaint() {
    if (this.picture) this.picture.redraw();
  }
}
