'use strict';
// How numbers are written and how packed arrays are read. The same rules as in the terminal.

/** Exact, with separators: 124,439,808. */
function count(n) {
  return n === null || n === undefined ? 'n/a' : Math.round(n).toLocaleString('en-US');
}

/** One decimal and a unit, chosen after rounding: 124.4M. */
function shortCount(n) {
  const units = ['', 'K', 'M', 'B', 'T'];
  let unit = 0;
  while (unit < units.length - 1 && Math.abs(n) >= (unit === 0 ? 1000 : 999.95)) {
    n /= 1000;
    unit++;
  }
  return unit === 0 ? String(n) : n.toFixed(1) + units[unit];
}

function fixed(x, digits) {
  if (x === null || x === undefined) return 'n/a';
  if (Number.isNaN(x)) return 'NaN';
  return Number.isFinite(x) ? x.toFixed(digits) : x > 0 ? 'infinite' : '-infinite';
}

/** Four decimals. */
function loss(x) {
  return fixed(x, 4);
}

/** 12.3% */
function percent(x) {
  return Number.isFinite(x) ? fixed(100 * x, 1) + '%' : 'n/a';
}

/** Two significant digits: 1.1e-03. */
function ratio(x) {
  if (x === null || x === undefined || !Number.isFinite(x)) return Number.isNaN(x) ? 'n/a' : fixed(x, 1);
  const [mantissa, exponent] = x.toExponential(1).split('e');
  const sign = exponent[0] === '-' ? '-' : '+';
  return mantissa + 'e' + sign + exponent.replace(/[+-]/, '').padStart(2, '0');
}

/** A weight: four decimals, scientific where that says too little. */
function weight(x) {
  if (x === 0) return '0';
  const size = Math.abs(x);
  return size < 0.001 || size >= 1e6 ? ratio(x) : fixed(x, size < 10 ? 4 : 2);
}

/** The same of a figure that may be missing: a tensor without one finite number has no mean. */
function figure(x) {
  return x === null ? 'n/a' : weight(x);
}

/** The same with its sign, as changes are written. */
function signed(x) {
  return (x > 0 ? '+' : '') + weight(x);
}

/** A token as it can be seen: blanks and line ends have signs of their own. */
function showToken(token) {
  return token.replace(/\n/g, '⏎').replace(/\t/g, '⇥').replace(/ /g, '␣');
}

/** The same in at most three signs, for labels in pictures. */
function shortToken(token) {
  const text = [...showToken(token)];
  return text.length > 3 ? text.slice(0, 2).join('') + '…' : text.join('');
}

/** Reads {"type":"f32","data":"<base64>"}; empty for null. */
function unpack(array) {
  const types = { f32: Float32Array, i8: Int8Array, u8: Uint8Array, i16: Int16Array, u16: Uint16Array };
  if (!array) return new Float32Array(0);
  const text = atob(array.data);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return new types[array.type](bytes.buffer);
}

/** Place of the number nearest to x in ascending numbers; 0 if there is none. */
function nearest(numbers, x) {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) {
    if (Math.abs(numbers[i] - x) < Math.abs(numbers[best] - x)) best = i;
  }
  return best;
}

/** Place of the last number that is not above x; -1 if all are. */
function lastUpTo(numbers, x) {
  let found = -1;
  for (let i = 0; i < numbers.length && numbers[i] <= x; i++) found = i;
  return found;
}

function median(numbers) {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  const n = sorted.length;
  return n === 0 ? NaN : n % 2 ? sorted[(n - 1) / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}
