// Who else is at a ticket: small faces and a line in its row, faces and a bar in the open one. And the other way round:
// what one does oneself is told while the page is looked at.
//
//   live:presence {whole, tickets: {number: [{agent, name, initials, hue, state}]}}   state: typing, here or idle

import { $, element, icon, me, text } from './core.js';
import { rowOf, rows } from './list.js';
import { send } from './live.js';
import * as thread from './thread.js';

const AWAY_AFTER = 5_000;
const IDLE_AFTER = 3 * 60_000;
const GONE_AFTER = 15 * 60_000;
const TYPING_AGAIN = 3_000;
const TYPING_LASTS = 6_000;
const MOST_FACES = 3;
const people = new Map();
let told = 'here';
let typedAt = 0;
let touchedAt = Date.now();
let hiding = 0;

// ---- what others do

const at = (number) => people.get(number) ?? [];
const names = (some) => some.map(({ name }) => name).join(', ');
const writing = (some) => some.filter(({ state }) => state === 'typing');
const sentence = (some, one, many) => text(some.length === 1 ? one : many, names(some));

function faces(some) {
  const shown = some.slice(0, MOST_FACES).map(({ initials, hue, name, state }) => {
    const does = text(state === 'idle' ? 'dozes' : state === 'typing' ? 'writes_one' : 'looks', name);
    return element('span', { class: `av s h-${hue}${state === 'idle' ? ' idle' : ''}`, title: does }, element('span', { 'aria-hidden': 'true' }, initials), element('span', { class: 'vh' }, `, ${does}`));
  });
  const more = some.length - shown.length;
  return element('span', { class: 'looks' }, icon(writing(some).length ? 'pencil-line' : 'eye'), ...shown, more > 0 ? element('span', { class: 'faint' }, `+${more}`) : null);
}

function drawRow(row) {
  const some = at(Number(row.dataset.ticket));
  const typing = writing(some);
  row.toggleAttribute('data-typing', typing.length > 0);
  $('.live', row)?.remove();
  $('.looks', row)?.remove();
  if (typing.length) {
    const dots = element('span', { class: 'typing', 'aria-hidden': 'true' }, element('i'), element('i'), element('i'));
    $('.pre', row).after(element('span', { class: 'live trunc' }, dots, sentence(typing, 'writes_one', 'writes_many')));
  }
  if (!some.length) return;
  const line = $('.l4', row);
  const assignee = $(':scope > .av', line);
  if (assignee) assignee.before(faces(some));
  else line.append(faces(some));
}

function drawThread() {
  const bar = $('#others');
  if (!bar) return;
  const some = at(thread.number());
  $('#thread-top .looks')?.remove();
  if (some.length) $('#thread-top .meta')?.append(faces(some));
  const typing = writing(some);
  bar.hidden = typing.length === 0;
  const words = typing.length ? sentence(typing, 'writes_here', 'write_here') : '';
  const line = $('[role=status]', bar);
  if (line.textContent !== words) line.textContent = words;
  const take = $('[data-cmd=mine]', bar);
  const { assignee } = thread.ticket() ?? {};
  if (take) take.hidden = assignee === me;
}

function heard({ whole, tickets }) {
  const changed = new Set(Object.keys(tickets).map(Number));
  if (whole) {
    for (const number of people.keys()) changed.add(number);
    people.clear();
  }
  for (const [number, some] of Object.entries(tickets)) {
    if (some.length) people.set(Number(number), some);
    else people.delete(Number(number));
  }
  for (const number of changed) {
    const row = rows && rowOf(number);
    if (row) drawRow(row);
  }
  if (changed.has(thread.number())) drawThread();
}

// ---- what one does oneself

function tell(state) {
  if (state === told && state !== 'typing') return;
  told = state;
  send('here', { state });
}

// Called with each change of what is written; the server forgets it after six seconds.
export function wrote(something) {
  if (!something) {
    typedAt = 0;
    if (told === 'typing') tell('here');
    return;
  }
  if (Date.now() - typedAt < TYPING_AGAIN) return;
  typedAt = Date.now();
  tell('typing');
}

function look() {
  if (document.hidden) return;
  const quiet = Date.now() - touchedAt;
  if (told === 'typing' && Date.now() - typedAt < TYPING_LASTS) return;
  tell(quiet > GONE_AFTER ? 'away' : quiet > IDLE_AFTER ? 'idle' : 'here');
}

function touched() {
  const dozed = told === 'idle' || told === 'away';
  touchedAt = Date.now();
  if (dozed && !document.hidden) tell('here');
}

function turned() {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(() => tell('away'), AWAY_AFTER);
  else touched();
}

export function startPresence() {
  if (!rows) return;
  document.addEventListener('live:presence', ({ detail }) => heard(detail));
  document.addEventListener('ticket:opened', drawThread);
  document.addEventListener('ticket:changed', drawThread);
  for (const kind of ['pointermove', 'keydown', 'wheel', 'touchstart']) addEventListener(kind, touched, { passive: true });
  document.addEventListener('visibilitychange', turned);
  setInterval(look, 2_000);
  // Rows are drawn anew by whatever changes them.
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const row of addedNodes) if (row.dataset?.ticket && people.has(Number(row.dataset.ticket))) drawRow(row);
  }).observe(rows, { childList: true });
}
