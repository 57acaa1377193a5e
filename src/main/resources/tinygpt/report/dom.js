'use strict';
// Small helpers to build the page. Text goes in as text, never as HTML: a corpus may hold anything.

/** An element with attributes and children; children that are null or false are left out. */
function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let ids = 0;

/** A labelled choice: options are [value, text], or {group, options}. */
function chooser(label, options, onChange) {
  const id = 'choice-' + ++ids;
  const option = ([value, text]) => el('option', { value }, text);
  const select = el(
    'select',
    { id, onchange: () => onChange(select.value) },
    options.map((one) => (one.group ? el('optgroup', { label: one.group }, one.options.map(option)) : option(one))),
  );
  return { select, field: el('div', { class: 'field' }, el('label', { for: id }, label), select) };
}

/** A few choices side by side, one of which holds. */
function segmented(label, options, chosen, onChange) {
  const name = 'segment-' + ++ids;
  return el(
    'fieldset',
    { class: 'segmented' },
    el('legend', {}, label),
    options.map(([value, text]) =>
      el(
        'label',
        {},
        el('input', { type: 'radio', name, value, checked: value === chosen, onchange: () => onChange(value) }),
        el('span', {}, text),
      ),
    ),
  );
}

function checkbox(label, checked, onChange) {
  const box = el('input', { type: 'checkbox', checked, onchange: () => onChange(box.checked) });
  return el('label', { class: 'check' }, box, el('span', {}, label));
}

/** A table; numbers are cells that are right aligned. head: [text, isNumber]. */
function dataTable(caption, head, rows) {
  const cell = (value, i) => el(i === 0 ? 'th' : 'td', { scope: i === 0 ? 'row' : null, class: head[i][1] ? 'n' : null }, value);
  return el(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    el(
      'table',
      {},
      el('caption', {}, caption),
      el('thead', {}, el('tr', {}, head.map(([text, n]) => el(text ? 'th' : 'td', { scope: text ? 'col' : null, class: n ? 'n' : null }, text)))),
      el('tbody', {}, rows.map((row) => el('tr', {}, row.map(cell)))),
    ),
  );
}

/** The numbers behind a picture: made when somebody opens them, and anew when the step changes. */
class Numbers {
  constructor(parent, make) {
    this.make = make;
    this.details = el('details', { class: 'numbers', ontoggle: () => this.refresh() }, el('summary', {}, 'The numbers'));
    parent.append(this.details);
  }

  refresh() {
    while (this.details.children.length > 1) this.details.lastChild.remove();
    if (this.details.open) this.details.append(this.make());
  }
}

/** Says that a panel has nothing to show, and how to change that. */
function missing(stage, ...sentences) {
  stage.replaceChildren(el('div', { class: 'missing' }, sentences.map((text) => el('p', {}, text))));
}
