// The keyboard. Single keys are off while one types, in dialogs and menus, and where the profile says so; keys with
// Ctrl always work. On layouts without Latin letters the place of the key counts, not what is printed on it.

import * as bulk from './bulk.js';
import { $, $$, app, can, element, page, run, text } from './core.js';
import * as list from './list.js';
import { say } from './toast.js';

const SECOND_WAITS = 1_200;

// What each key does, in the order of the help dialog. The palette shows the same keys.
export const KEYS = [
  { group: 'keys_list', words: 'cmd_next', command: 'next', keys: ['J'], also: ['ArrowDown'] },
  { group: 'keys_list', words: 'cmd_previous', command: 'previous', keys: ['K'], also: ['ArrowUp'] },
  { group: 'keys_list', words: 'cmd_open', command: 'open', keys: ['O'] },
  { group: 'keys_list', words: 'cmd_back', command: 'back', keys: ['U'] },
  { group: 'keys_list', words: 'cmd_pick', command: 'pick', keys: ['X'] },
  { group: 'keys_list', words: 'cmd_pick_next', command: 'pick-next', keys: ['Shift', 'J'] },
  { group: 'keys_list', words: 'cmd_pick_previous', command: 'pick-previous', keys: ['Shift', 'K'] },
  { group: 'keys_list', words: 'cmd_pick_all', command: 'pick-all', keys: ['*', 'A'] },
  { group: 'keys_list', words: 'cmd_bulk_all', command: 'bulk-all', keys: ['*', 'V'] },
  { group: 'keys_list', words: 'cmd_bulk_clear', command: 'bulk-clear', keys: ['*', 'N'] },
  { group: 'keys_list', words: 'cmd_merge', command: 'merge', keys: ['.'] },
  { group: 'keys_ticket', words: 'cmd_reply', command: 'reply', keys: ['R'] },
  { group: 'keys_ticket', words: 'cmd_note', command: 'note', keys: ['N'] },
  { group: 'keys_ticket', words: 'cmd_macros', command: 'macros', keys: ['M'] },
  { group: 'keys_ticket', words: 'cmd_articles', command: 'articles', keys: ['Shift', 'I'] },
  { group: 'keys_ticket', words: 'cmd_send', command: 'send', keys: ['Ctrl', '↵'] },
  { group: 'keys_ticket', words: 'cmd_send_only', command: 'send-only', keys: ['Ctrl', 'Shift', '↵'] },
  { group: 'keys_ticket', words: 'cmd_assign', command: 'assign', keys: ['A'] },
  { group: 'keys_ticket', words: 'cmd_mine', command: 'mine', keys: ['I'] },
  { group: 'keys_ticket', words: 'cmd_tag', command: 'tag', keys: ['T'], also: ['L'] },
  { group: 'keys_ticket', words: 'cmd_status', command: 'status', keys: ['S'] },
  { group: 'keys_ticket', words: 'cmd_priority', command: 'priority', keys: ['P'] },
  { group: 'keys_ticket', words: 'cmd_field', command: 'field', keys: ['D'] },
  { group: 'keys_ticket', words: 'cmd_ways', command: 'ways', keys: ['Y'] },
  { group: 'keys_ticket', words: 'cmd_snooze', command: 'snooze', keys: ['H'] },
  { group: 'keys_ticket', words: 'cmd_join', command: 'join', keys: ['Shift', 'M'] },
  { group: 'keys_ticket', words: 'cmd_split', command: 'split', keys: ['Shift', 'S'] },
  { group: 'keys_ticket', words: 'cmd_link', command: 'link', keys: ['Shift', 'L'] },
  { group: 'keys_ticket', words: 'cmd_ask', command: 'ask', keys: ['Shift', 'Q'] },
  { group: 'keys_ticket', words: 'cmd_hand_over', command: 'hand-over', keys: ['Shift', 'G'] },
  { group: 'keys_ticket', words: 'cmd_follow', command: 'follow', keys: ['Shift', 'W'] },
  { group: 'keys_ticket', words: 'cmd_spam', command: 'spam', keys: ['#'] },
  { group: 'keys_ticket', words: 'cmd_unsnooze', command: 'unsnooze', keys: ['Shift', 'H'] },
  { group: 'keys_ticket', words: 'cmd_remind', command: 'remind', keys: ['B'] },
  { group: 'keys_ticket', words: 'cmd_team', command: 'team', keys: ['V'] },
  { group: 'keys_ticket', words: 'cmd_close', command: 'close', keys: ['E'] },
  { group: 'keys_ticket', words: 'cmd_close_stay', command: 'close-stay', keys: ['Shift', 'E'] },
  { group: 'keys_ticket', words: 'cmd_reopen', command: 'reopen', keys: ['Shift', 'O'] },
  { group: 'keys_ticket', words: 'cmd_unread', command: 'unread', keys: ['Shift', 'U'] },
  { group: 'keys_ticket', words: 'cmd_forward', command: 'forward', keys: ['F'] },
  { group: 'keys_ticket', words: 'cmd_reply_all', command: 'reply-all', keys: ['Shift', 'R'] },
  { group: 'keys_ticket', words: 'cmd_recipients', command: 'recipients', keys: ['Shift', 'T'] },
  { group: 'keys_ticket', words: 'cmd_attach', command: 'attach', keys: ['Shift', 'A'] },
  { group: 'keys_ticket', words: 'cmd_formatting', command: 'formatting', keys: ['Shift', 'F'] },
  { group: 'keys_ticket', words: 'cmd_copy_number', command: 'copy-number', keys: ['Shift', 'C'] },
  { group: 'keys_ticket', words: 'cmd_customer', command: 'customer', keys: [']'] },
  { group: 'keys_app', words: 'cmd_undo', command: 'undo', keys: ['Z'] },
  { group: 'keys_app', words: 'cmd_palette', command: 'palette', keys: ['Ctrl', 'K'] },
  { group: 'keys_app', words: 'cmd_theme', command: 'theme', keys: ['Shift', 'N'] },
  { group: 'keys_app', words: 'cmd_density', command: 'density', keys: ['Shift', 'D'] },
  { group: 'keys_app', words: 'cmd_search', command: 'search', keys: ['/'] },
  { group: 'keys_app', words: 'cmd_begin', command: 'begin', keys: ['W'] },
  { group: 'keys_app', words: 'cmd_log_call', command: 'log-call', keys: ['C'] },
  { group: 'keys_app', words: 'cmd_presence', command: 'presence', keys: ['Q'] },
  { group: 'keys_app', words: 'cmd_keys', command: 'keys', keys: ['?'] },
  { group: 'keys_go', words: 'view_mine', command: 'view-mine', keys: ['G', 'I'] },
  { group: 'keys_go', words: 'view_unassigned', command: 'view-unassigned', keys: ['G', 'U'] },
  { group: 'keys_go', words: 'view_open', command: 'view-open', keys: ['G', 'A'] },
  { group: 'keys_go', words: 'cmd_notices', command: 'notices', keys: ['G', 'M'] },
  { group: 'keys_go', words: 'cmd_reports', command: 'reports', keys: ['G', 'R'] },
  { group: 'keys_go', words: 'cmd_profile', command: 'profile', keys: ['G', 'P'] },
  { group: 'keys_go', words: 'cmd_view_new', command: 'view-new', keys: ['G', 'N'] },
];

const OF_TICKET = new Set(KEYS.filter(({ group }) => group === 'keys_ticket').map(({ command }) => command));
const OPENS_WITHIN = 5_000;

const single = new Map();
const after = { G: new Map(), '*': new Map() };
for (const { command, keys, also = [] } of KEYS) {
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
    $$('.side .nav a[data-view-key]')[name - 1]?.click();
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
  const groups = [...new Set(KEYS.map((one) => one.group))];
  $('.in', dialog).replaceChildren(...groups.map((group) => {
    const lines = KEYS.filter((one) => one.group === group).map((one) => line(text(one.words), one.keys));
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
