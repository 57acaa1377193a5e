'use strict';
// Colours that everybody can tell apart, and what the present theme gives.

/** ColorBrewer PuOr: orange is negative, purple positive. The map whose two sides stay apart best for all kinds of eyes. */
const PUOR = ['#7f3b08', '#b35806', '#e08214', '#fdb863', '#fee0b6', '#f7f7f7', '#d8daeb', '#b2abd2', '#8073ac', '#542788', '#2d004b'];
/** viridis in eleven steps, for magnitudes. */
const VIRIDIS = ['#440154', '#482576', '#414487', '#35608d', '#2a788e', '#21908d', '#22a884', '#43bf71', '#7ad151', '#bcdf27', '#fde725'];
/** Okabe and Ito: the four whose contrast to both backgrounds is above 3 to 1, then the rest, which need a shape too. */
const LINES = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8a8a8a'];

function parts(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** 256 colours between the given ones, as [r, g, b]. */
function table(colors) {
  const steps = colors.map(parts);
  const all = [];
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (steps.length - 1);
    const from = Math.min(steps.length - 2, Math.floor(place));
    all.push(steps[from].map((c, k) => Math.round(c + (place - from) * (steps[from + 1][k] - c))));
  }
  return all;
}

const DIVERGING = table(PUOR);
const SEQUENTIAL = table(VIRIDIS);

/** The colour of a value between -limit and limit. */
function diverging(value, limit) {
  const share = limit > 0 ? Math.max(-1, Math.min(1, value / limit)) : 0;
  return DIVERGING[Math.round(((share + 1) / 2) * 255)];
}

/** Only the sign, in three colours that differ in brightness too. */
function signColor(value) {
  if (Number.isNaN(value)) return null;
  return value === 0 ? parts('#f7f7f7') : value < 0 ? parts('#e08214') : parts('#542788');
}

/** The colour of a share between 0 and 1. */
function sequential(share) {
  return SEQUENTIAL[Math.round(Math.max(0, Math.min(1, share)) * 255)];
}

function rgb([r, g, b]) {
  return `rgb(${r},${g},${b})`;
}

/** A colour of the theme: --ink, --muted, --line, --paper, --accent. */
function themeColor(name) {
  return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
}

/** A bar of colours with what its ends mean. */
function colorBar(colors, low, high) {
  const bar = el('span', { class: 'bar', 'aria-hidden': 'true' });
  bar.style.background = `linear-gradient(90deg, ${colors.join(',')})`;
  return el('p', { class: 'scale' }, el('span', {}, low), bar, el('span', {}, high));
}
