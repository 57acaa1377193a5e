'use strict';
// Line charts: uPlot with the looks of this page, made anew when the width or the theme changes.

class LineChart {
  /** describe() gives {data, series, scales, axes, hooks}; see uPlot. onStep(step) is told of a click. */
  constructor(parent, height, describe, onStep) {
    this.place = el('div', { class: 'chart', role: 'img', 'aria-label': 'a chart that is not drawn yet' });
    parent.append(this.place);
    this.height = height;
    this.describeChart = describe;
    this.onStep = onStep;
    this.width = 0;
    new ResizeObserver(() => {
      if (this.place.clientWidth !== this.width) this.rebuild();
    }).observe(this.place);
  }

  describe(text) {
    this.place.setAttribute('aria-label', text);
  }

  rebuild() {
    this.width = this.place.clientWidth;
    if (this.width === 0) return;
    if (this.plot) this.plot.destroy();
    const { data, series, scales, axes, hooks } = this.describeChart();
    this.plot = new uPlot(
      {
        width: this.width,
        height: this.height,
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
        padding: [14, 12, 0, 0],
        series: [{}, ...series],
        scales,
        axes: axes.map((axis) => ({
          stroke: themeColor('muted'),
          font: '12px ' + FONT,
          labelFont: '12px ' + FONT,
          labelSize: 18,
          size: axis.side === 3 || axis.scale === 'y' ? 56 : 34,
          grid: { stroke: themeColor('grid'), width: 1 },
          ticks: { stroke: themeColor('grid'), width: 1, size: 4 },
          ...axis,
        })),
        hooks,
      },
      data,
      this.place,
    );
    if (this.onStep) {
      this.plot.over.addEventListener('click', (event) => {
        this.onStep(this.plot.posToVal(event.offsetX, 'x'));
      });
    }
  }

  /** Paints again, after the step has changed. */
  redraw() {
    if (this.plot) this.plot.redraw(false, false);
    else this.rebuild();
  }
}

/** A vertical line through a chart at a step, if that is in view. */
function verticalLine(plot, step, color, width) {
  const x = plot.valToPos(step, 'x', true);
  const { left, top, width: w, height } = plot.bbox;
  if (!(x >= left - 1 && x <= left + w + 1)) return;
  const context = plot.ctx;
  context.save();
  context.strokeStyle = color;
  context.setLineDash([]);
  context.lineWidth = width * devicePixelRatio;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, top + height);
  context.stroke();
  context.restore();
}

function horizontalLine(plot, value, color, dash, text, side = 'right') {
  const y = plot.valToPos(value, 'y', true);
  const { left, top, width, height } = plot.bbox;
  if (!(y >= top && y <= top + height)) return;
  const context = plot.ctx;
  context.save();
  context.strokeStyle = color;
  context.fillStyle = color;
  context.lineWidth = devicePixelRatio;
  context.setLineDash(dash.map((d) => d * devicePixelRatio));
  context.beginPath();
  context.moveTo(left, y);
  context.lineTo(left + width, y);
  context.stroke();
  if (text) {
    context.font = 12 * devicePixelRatio + 'px ' + FONT;
    context.textAlign = side;
    context.textBaseline = 'bottom';
    const x = side === 'left' ? left + 4 * devicePixelRatio : left + width - 4 * devicePixelRatio;
    context.fillText(text, x, y - 3 * devicePixelRatio);
  }
  context.restore();
}

/** A key to the lines of a chart: each with its dash, so that colour is not needed. */
function key(entries) {
  return el(
    'ul',
    { class: 'key' },
    entries.map(([text, color, style]) => {
      const sign = el('span', { class: 'sign ' + (style || 'line'), 'aria-hidden': 'true' });
      sign.style.color = color;
      return el('li', {}, sign, text);
    }),
  );
}
