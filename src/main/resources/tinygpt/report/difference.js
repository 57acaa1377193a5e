'use strict';
// The page of two models: reads the data that is part of it, makes the panel and the table that can be sorted.

/** What the panel asks. */
const shown = { state: null };

/** A table whose columns can be sorted; a second time the other way round. What has no number stays at the end. */
function sortable(table) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  heads.forEach((head, column) => {
    const sort = el('button', { type: 'button', class: 'sort', onclick: () => order(head, column) }, head.textContent);
    head.replaceChildren(sort);
  });

  function order(head, column) {
    const numbers = head.classList.contains('n');
    const before = head.getAttribute('aria-sort');
    const falling = before ? before === 'ascending' : numbers;
    const key = (row) => {
      const cell = row.cells[column];
      if (!numbers) return cell.textContent;
      return cell.dataset.value === undefined ? NaN : Number(cell.dataset.value);
    };
    const rows = [...body.rows].map((row) => [key(row), row]);
    rows.sort(([x], [y]) => {
      if (!numbers) return (falling ? -1 : 1) * x.localeCompare(y, 'en', { numeric: true });
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return falling ? y - x : x - y;
    });
    for (const other of heads) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
    body.append(...rows.map(([, row]) => row));
  }
}

/** The names of tensors that have a picture lead to it. */
function link(table, panel) {
  const places = new Map(panel.data.map((one, i) => [one.name, i]));
  for (const row of table.tBodies[0].rows) {
    const code = row.cells[0].querySelector('code');
    const place = places.get(code.textContent);
    if (place !== undefined) row.cells[0].replaceChildren(el('a', { href: '#weights-title', onclick: () => panel.choose(place) }, code));
  }
}

function start() {
  const state = JSON.parse(document.getElementById('state').textContent);
  if (state.format !== 1) throw new Error('this page reads format 1, the state has format ' + state.format);
  document.documentElement.className = 'scripted';
  shown.state = state;
  const panel = new ChangePanel(document.getElementById('weights'));
  panel.take(state);
  const table = document.querySelector('#tensors table');
  if (panel.data) {
    // A vector is a single line: where a matrix changed it says more.
    panel.choose(Math.max(0, panel.data.findIndex((one) => one.rows > 1)));
    link(table, panel);
  }
  sortable(table);
  if (state.withoutPicture > 0) {
    const tensors = state.withoutPicture === 1 ? '1 tensor' : count(state.withoutPicture) + ' tensors';
    panel.stage.append(el('p', { class: 'remark', id: 'without-picture' }, `${tensors} that changed less, or are larger, would make this page larger than 5 MB and have no picture; their figures are in the table.`));
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => panel.repaint());
}

start();
