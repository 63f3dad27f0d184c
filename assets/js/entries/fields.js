// Fields of settings pages (a signature, a canned reply) in the same editor as replies, and what may be filled in there
// as buttons. Without the editor the plain fields go on working.

import { $, $$ } from '../core.js';

const none = () => {};

async function enrich(box) {
  const field = $('textarea', box);
  const { rich: html, editor } = box.dataset;
  const tools = $('.tools', box);
  const module = await import(editor).catch(none);
  if (!module) return;
  const place = document.createElement('div');
  place.className = 'rich';
  field.after(place);
  place.before(tools);
  const described = field.getAttribute('aria-describedby');
  const rich = new module.RichText({
    place, tools, placeholder: () => '', changed: none, files: none, address: none,
    attributes: {
      id: field.id, class: 'ed', role: 'textbox', 'aria-multiline': 'true', 'aria-label': field.labels[0].textContent.trim(),
      ...(described && { 'aria-describedby': described }),
    },
  });
  rich.show({ text: field.value, html });
  box.insert = (words, atEnd) => {
    if (atEnd) rich.focus();
    rich.insert(words);
  };
  field.removeAttribute('id');
  field.hidden = true;
  tools.hidden = false;
  field.form.addEventListener('submit', () => {
    const { text, html: written } = rich.value();
    field.value = text;
    $('input[type=hidden]', box).value = written;
  });
}

// Where something is filled in: at the caret of whichever field had it last, else at the end of the first one.
let last = null;

function insert(words) {
  const box = last?.isConnected ? last : $('[data-rich]');
  if (box.insert) return void box.insert(words, !last);
  const field = box.matches('textarea') ? box : $('textarea', box);
  if (!last) field.setSelectionRange(field.value.length, field.value.length);
  field.focus();
  field.setRangeText(words, field.selectionStart, field.selectionEnd, 'end');
}

// One stop for the Tab key, arrows from one to the next.
function step(event) {
  const buttons = $$('[data-insert]', event.currentTarget);
  const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!way) return;
  event.preventDefault();
  const next = buttons[(buttons.indexOf(document.activeElement) + way + buttons.length) % buttons.length];
  for (const one of buttons) one.tabIndex = one === next ? 0 : -1;
  next.focus();
}

document.addEventListener('focusin', ({ target }) => (last = target.closest('[data-rich], [data-takes]') ?? last));
for (const bar of $$('[data-inserts]')) {
  bar.addEventListener('keydown', step);
  bar.addEventListener('click', ({ target }) => {
    const words = target.closest('[data-insert]')?.dataset.insert;
    if (words) insert(words);
  });
}
$$('[data-rich]').forEach(enrich);
