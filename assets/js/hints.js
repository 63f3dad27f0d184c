// What the server says of what is being typed, after a pause: lines for the search field, whose number it is.

import { $, element } from './core.js';
import { get } from './http.js';

const PAUSE = 120;
let timer = 0;

// `show` gets the answer, unless more was typed meanwhile.
export function hear(source, typed, show) {
  clearTimeout(timer);
  const mine = timer = setTimeout(
    () => get(source + encodeURIComponent(typed)).then((said) => mine === timer && show(said), () => {}), PAUSE,
  );
}

export function startHints() {
  $('#search')?.addEventListener('input', ({ target: { list, value } }) => hear(
    `${list.dataset.source}?q=`, value,
    ({ hints }) => list.replaceChildren(...hints.map((value) => element('option', { value }))),
  ));
}
