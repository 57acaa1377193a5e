'use strict';
// A canvas that is sharp on every screen, follows the width of its place and says in words what it shows.

class Picture {
  /** draw(context, width, height) paints in CSS pixels; heightOf(width) says how high it is. */
  constructor(parent, heightOf, draw, className) {
    this.heightOf = heightOf;
    this.draw = draw;
    this.canvas = el('canvas', { role: 'img', 'aria-label': 'a picture that is not drawn yet', class: className || null });
    this.place = el('div', { class: 'picture' }, this.canvas);
    parent.append(this.place);
    this.width = 0;
    new ResizeObserver(() => {
      if (this.place.clientWidth !== this.width) this.redraw();
    }).observe(this.place);
  }

  /** What the picture shows, for those who do not see it. */
  describe(text) {
    this.canvas.setAttribute('aria-label', text);
  }

  redraw() {
    this.width = this.place.clientWidth;
    if (this.width === 0) return;
    const height = Math.round(this.heightOf(this.width));
    const dots = Math.max(1, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(this.width * dots);
    this.canvas.height = Math.round(height * dots);
    this.canvas.style.width = this.width + 'px';
    this.canvas.style.height = height + 'px';
    const context = this.canvas.getContext('2d');
    context.setTransform(dots, 0, 0, dots, 0, 0);
    context.clearRect(0, 0, this.width, height);
    context.font = '12px ' + FONT;
    context.textBaseline = 'middle';
    this.draw(context, this.width, height);
  }

  /** Calls back with the place of the pointer, in CSS pixels; a tap counts as well as hovering. */
  onPoint(callback) {
    const tell = (event) => callback(event.offsetX, event.offsetY, event.type);
    this.canvas.addEventListener('pointermove', tell);
    this.canvas.addEventListener('pointerdown', tell);
  }
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';

/** Paints a grid of cells, each of one colour [r, g, b] or null for none, without blurring. */
function paintGrid(context, columns, rows, x, y, width, height, colorOf) {
  const small = document.createElement('canvas');
  small.width = columns;
  small.height = rows;
  const image = new ImageData(columns, rows);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at += 4) {
      const color = colorOf(row, column);
      if (color) {
        image.data[at] = color[0];
        image.data[at + 1] = color[1];
        image.data[at + 2] = color[2];
        image.data[at + 3] = 255;
      }
    }
  }
  small.getContext('2d').putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, x, y, width, height);
}

/** Round numbers between two limits, at most so many. */
function ticks(low, high, most) {
  const step = 10 ** Math.floor(Math.log10((high - low) / most || 1));
  const width = [1, 2, 5, 10].map((f) => f * step).find((w) => (high - low) / w <= most) || 10 * step;
  const all = [];
  // Not by adding up: the rounding of the sum would make 0 something like -2.8e-17.
  for (let i = Math.ceil(low / width); i * width <= high + width * 1e-6; i++) all.push(Number((i * width).toPrecision(12)));
  return all;
}
