// `@` in a note: people and teams of the house, from the menu the page has anyway. What is chosen is only text; the
// server reads it.

import { $, $$, element, text } from './core.js';

const MOST = 8;
const OPEN = /(?:^|[\s(])@([\p{L}\p{N}'’-]*(?: [\p{L}'’-]+)?)$/u;
let list = null;
let place = null;

const names = () => [...new Set($$('#menu-assign .opt[data-value]').filter((one) => one.dataset.value).map((one) => one.dataset.name ?? $('.trunc', one).textContent.trim()))];

// The words before the caret, in the plain field and in the editor alike.
function before(field) {
  if (field.matches('textarea')) return field.value.slice(0, field.selectionStart);
  const { anchorNode, anchorOffset, isCollapsed } = getSelection();
  return isCollapsed && anchorNode?.nodeType === Node.TEXT_NODE && field.contains(anchorNode) ? anchorNode.data.slice(0, anchorOffset) : '';
}

const fieldOf = (target) => target.closest?.('#composer[data-mode=note] .ed, [data-mentions]');

function look({ target }) {
  const field = fieldOf(target);
  const typed = field && before(field).match(OPEN)?.[1].toLocaleLowerCase();
  const found = typed === undefined || typed === null ? [] : names().filter((name) => name.toLocaleLowerCase().split(' ').some((_, at, parts) => parts.slice(at).join(' ').startsWith(typed)));
  if (!found.length || (found.length === 1 && found[0].toLocaleLowerCase() === typed)) return close();
  show(field, typed, found.slice(0, MOST));
}

function show(field, typed, found) {
  list ??= element('div', { class: 'mentions', id: 'mentions', role: 'listbox', 'aria-label': text('mention'), popover: 'manual' });
  place = { field, typed };
  list.replaceChildren(...found.map((name, at) => element('div', { role: 'option', id: `mention-${at}`, 'aria-selected': String(at === 0), class: 'opt' }, name)));
  const holder = field.closest('dialog') ?? document.body;
  if (list.parentElement !== holder) holder.append(list);
  if (!list.matches(':popover-open')) list.showPopover();
  const box = field.getBoundingClientRect();
  list.style.left = `${box.left}px`;
  list.style.top = `${Math.max(8, box.top - list.offsetHeight - 6)}px`;
  field.setAttribute('aria-controls', 'mentions');
  field.setAttribute('aria-activedescendant', 'mention-0');
}

function close() {
  if (!place) return;
  place.field.removeAttribute('aria-activedescendant');
  place = null;
  if (list.matches(':popover-open')) list.hidePopover();
}

function choose(option) {
  const { field, typed } = place;
  const words = `${option.textContent} `;
  close();
  if (field.matches('textarea')) {
    const end = field.selectionStart;
    field.setRangeText(words, end - typed.length, end, 'end');
    field.dispatchEvent(new Event('input', { bubbles: true }));
    return;
  }
  const selection = getSelection();
  for (let left = typed.length; left > 0; left -= 1) selection.modify('extend', 'backward', 'character');
  document.execCommand('insertText', false, words);
}

function onKey(event) {
  if (!place || event.isComposing) return;
  const all = $$('.opt', list);
  const at = all.findIndex((one) => one.getAttribute('aria-selected') === 'true');
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const next = (at + step + all.length) % all.length;
    all.forEach((one, index) => one.setAttribute('aria-selected', String(index === next)));
    place.field.setAttribute('aria-activedescendant', all[next].id);
  } else if (['Enter', 'Tab'].includes(event.key) && !event.ctrlKey && !event.metaKey) {
    choose(all[at]);
  } else if (event.key === 'Escape') {
    close();
  } else {
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
}

export function startMentions() {
  if (!$('#menu-assign')) return;
  document.addEventListener('input', look);
  document.addEventListener('focusin', (event) => setTimeout(() => look(event))); // the editor took the plain field's place
  addEventListener('keydown', onKey, true);
  document.addEventListener('focusout', () => setTimeout(() => place && document.activeElement !== place.field && close()));
  document.addEventListener('pointerdown', (event) => {
    const option = event.target.closest('.mentions .opt');
    if (!option) return;
    event.preventDefault();
    choose(option);
  });
}
