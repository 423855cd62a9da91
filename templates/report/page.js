'use strict';
(() => {
  const byId = (id) => document.getElementById(id);
  const find = byId('find'), outcome = byId('by-outcome'), code = byId('by-code'), shown = byId('shown');
  // Case and ё make no difference.
  const fold = (text) => text.toLowerCase().replace(/ё/g, 'е');
  const rows = Array.from(document.querySelectorAll('#sample tbody tr'), (row) => ({
    row,
    text: fold(row.textContent),
    outcome: row.dataset.o,
    codes: row.dataset.c.split(' '),
  }));
  const filter = () => {
    const words = fold(find.value).split(/\s+/).filter(Boolean);
    let count = 0;
    for (const one of rows) {
      const fits = (!outcome.value || one.outcome === outcome.value)
        && (!code.value || one.codes.includes(code.value))
        && words.every((word) => one.text.includes(word));
      one.row.hidden = !fits;
      count += fits ? 1 : 0;
    }
    shown.textContent = `${count} ${shown.dataset.of} ${rows.length} ${shown.dataset.shown}`;
    byId('none').hidden = count > 0;
    byId('sample').hidden = count === 0;
  };
  const clear = () => {
    find.value = outcome.value = code.value = '';
    filter();
  };
  for (const one of [find, outcome, code]) one.addEventListener('input', filter);
  byId('clear').addEventListener('click', () => {
    clear();
    find.focus();
  });
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === '/' && !typing) {
      event.preventDefault();
      find.focus();
    } else if (event.key === 'Escape' && event.target === find) {
      event.preventDefault();
      clear();
    }
  });
  // Paper cannot be opened by a click; what was closed is closed again afterwards.
  let opened = [];
  addEventListener('beforeprint', () => {
    opened = Array.from(document.querySelectorAll('details:not([open])'));
    for (const one of opened) one.open = true;
  });
  addEventListener('afterprint', () => {
    for (const one of opened) one.open = false;
  });
  byId('finder').hidden = rows.length === 0;
  // A browser that comes back to the page may have kept what was typed.
  filter();
})();
