// What may come next in the search field: whole lines the browser offers below it.

import { $, element } from './core.js';
import { get } from './http.js';

const PAUSE = 120;
let timer = 0;
let asked = 0;

export function startHints() {
  const list = $('#search-hints');
  const field = list && $(`[list=${list.id}]`);
  if (!field) return;
  field.addEventListener('input', () => {
    clearTimeout(timer);
    const mine = ++asked;
    timer = setTimeout(async () => {
      const { hints } = await get(`${list.dataset.source}?q=${encodeURIComponent(field.value)}`).catch(() => ({ hints: [] }));
      if (mine === asked) list.replaceChildren(...hints.map((value) => element('option', { value })));
    }, PAUSE);
  });
}
