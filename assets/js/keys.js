// The keyboard. Single keys are off while one types, in dialogs and menus, and where the profile says so; keys with
// Ctrl always work. On layouts without Latin letters the place of the key counts, not what is printed on it.

import * as bulk from './bulk.js';
import { $, $$, app, can, element, keymap, page, run, text } from './core.js';
import * as list from './list.js';
import { say } from './toast.js';

const SECOND_WAITS = 1_200;

// What each key does, in the order of the help dialog: the table is tickets/inbox/keys.py.
export const KEYS = Object.values(keymap).flat().map(([command, keys, ...also]) => ({ command, keys: keys.split(' '), also }));
export const wordsOf = (command) => text(`${/^view-(?!new)/.test(command) ? '' : 'cmd_'}${command.replaceAll('-', '_')}`);

const OF_TICKET = new Set(keymap.keys_ticket?.map(([command]) => command));
const OPENS_WITHIN = 5_000;

const single = new Map();
const after = { G: new Map(), '*': new Map() };
for (const { command, keys, also } of KEYS) {
  if (keys[0] === 'Ctrl') continue;
  if (keys[0] in after) after[keys[0]].set(keys[1], command);
  else for (const key of [keys.length > 1 ? `Shift+${keys[1]}` : keys[0], ...also]) single.set(key, command);
}

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
export const keyName = (key) => (key === 'Ctrl' && isMac ? '⌘' : key);
const PLACES = { BracketLeft: '[', BracketRight: ']', Slash: '/', Period: '.', Comma: ',' };

// The key as a Latin layout would give it; letters in upper case, Shift named where it changes what is meant.
function nameOf({ key, code, shiftKey }) {
  let name = key;
  if (key.length === 1 && key > '\x7f') {
    name = code.match(/^(?:Key|Digit)(.)$/)?.[1] ?? PLACES[code] ?? key;
    if (name === '/' && shiftKey) return '?';
  }
  if (!/^[a-z]$/i.test(name)) return name;
  return shiftKey ? `Shift+${name.toUpperCase()}` : name.toUpperCase();
}

let began = { key: null, until: 0 };
const TYPED_IN = 'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]';
// The field of a dialog or menu just closed keeps the focus until the next frame is drawn; nobody types in it any more.
const types = (target) => target.closest?.(TYPED_IN)?.checkVisibility();

function onKey(event) {
  const { target = document.body } = event;
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && nameOf(event) === 'K') {
    event.preventDefault();
    return run('palette');
  }
  if (event.ctrlKey || event.metaKey || event.altKey || $('dialog[open]') || $('.menu:popover-open')) return;
  if (event.key === 'Escape') return escape(target, event);
  if (types(target) || !('shortcuts' in document.body.dataset)) return;
  const name = nameOf(event);
  const chosen = commandFor(name, target);
  if (chosen && (refuseForMany(chosen) || run(chosen, null) || runOnRow(chosen))) event.preventDefault();
}

// While rows are picked nothing is done to the ticket that happens to be open.
function refuseForMany(name) {
  if (!bulk.any() || !OF_TICKET.has(name) || bulk.OF_MANY.has(name) || name === 'customer') return false;
  say(text('one_at_a_time'));
  return true;
}

// The views that 1 to 9 open: saved ones, or the standing ones where none are saved.
export function numbered() {
  const saved = $$('#saved a');
  return saved.length ? saved : $$('.side .nav a[data-view-key]');
}

// With no ticket open a key of a ticket is meant for the row that has the focus: that one is opened first.
function runOnRow(name) {
  const row = document.activeElement?.closest('#rows .row');
  if (!row || can('back') || !OF_TICKET.has(name)) return false;
  document.addEventListener('ticket:opened', () => setTimeout(() => run(name)), { once: true, signal: AbortSignal.timeout(OPENS_WITHIN) });
  return run('open');
}

function commandFor(name, target) {
  if (Date.now() < began.until) {
    const { key } = began;
    began = { key: null, until: 0 };
    return after[key].get(name);
  }
  if (name in after) {
    began = { key: name, until: Date.now() + SECOND_WAITS };
    return null;
  }
  if (/^[1-9]$/.test(name)) {
    numbered()[name - 1]?.click();
    return null;
  }
  // Arrows scroll what has the focus, but for the list.
  if (name.startsWith('Arrow') && target !== document.body && !target.closest('#list')) return null;
  return single.get(name);
}

// From the inside out: what one types in, the customer's drawer, the ticket.
function escape(target, event) {
  if (types(target)) {
    target.blur();
    const row = list.rows && list.current();
    if (row && target.closest('#composer')) list.focusRow(row);
  } else if (can('bulk-clear')) {
    run('bulk-clear');
  } else if (app?.hasAttribute('data-ctx') && matchMedia('(max-width: 1359px)').matches) {
    run('customer');
  } else if (can('back')) {
    run('back');
  } else {
    return;
  }
  event.preventDefault();
}

export const kbd = (keys) => keys.map((key) => element('kbd', {}, keyName(key)));

function showKeys() {
  const dialog = $('#keys');
  $('.in', dialog).replaceChildren(...Object.entries(keymap).map(([group, table]) => {
    const lines = table.map(([command, keys]) => line(wordsOf(command), keys.split(' ')));
    if (group === 'keys_go') lines.push(line(text('saved_views'), ['1', '…', '9']));
    return element('section', {}, element('h3', {}, text(group)), element('ul', {}, ...lines));
  }));
  dialog.showModal();
}

const line = (words, keys) => element('li', {}, element('span', {}, words), ...kbd(keys));

export function startKeys() {
  document.addEventListener('keydown', onKey);
  // Keys pressed in a mail's frame; the frame's own text cannot be typed in.
  document.addEventListener('frame:key', ({ detail }) => {
    const { key, code, shiftKey, ctrlKey, metaKey, altKey } = detail;
    onKey({ key, code, shiftKey, ctrlKey, metaKey, altKey, target: document.body, preventDefault: () => detail.preventDefault() });
  });
  if (isMac) for (const shown of $$('kbd')) shown.textContent = shown.textContent.replace('Ctrl', '⌘');
  const dialog = $('#keys');
  if (!dialog) return;
  page.addEventListener('click', ({ target }) => target.closest('[data-close]') && target.closest('dialog').close());
}

export { showKeys };
