// Many tickets at once: rows are picked (X, the box, Shift with click or J and K), then what is done is done to all of
// them, as a job of the server that tells how far it is. "All in this view" reaches beyond the rows that are loaded.

import { $, $$, command, kept, text } from './core.js';
import { get, post } from './http.js';
import * as list from './list.js';
import { complain, say } from './toast.js';

const POLL = 1_000;
const RUNNING = 'bulk-job';
const bar = $('#bulk');
// The list, or what a search found.
const rows = list.rows ?? $('#hits');
const left = new Set();
let beyond = false;
let from = 0; // a ticket: its row is drawn anew with each change
let following = null;
let timer = 0;

export const picked = () => (bar ? $$('.row[data-picked]', rows) : []);
export const any = () => picked().length > 0;
export const whole = () => beyond;
// What can be done to many at once, as the keys call it.
export const OF_MANY = new Set([
  'assign', 'mine', 'tag', 'status', 'priority', 'field', 'snooze', 'unsnooze', 'team', 'close', 'close-stay', 'reopen', 'spam', 'join',
]);

const loaded = () => $$('.row:not(.gone)', rows);
const boxOf = (row) => $('.pick', row);
// As the server counted when all were picked, else as the sidebar has it, which is capped or missing for some views.
let exact = '';
const inView = () => exact || ($('[data-view-count]')?.textContent ?? '');
const withNumber = (key, bare) => (inView() ? text(key, inView()) : text(bare));

function pick(row, on = true) {
  row.toggleAttribute('data-picked', on);
  boxOf(row).checked = on;
  if (beyond) left[on ? 'delete' : 'add'](list.numberOf(row));
}

function show() {
  const count = picked().length;
  if (!count) beyond = false;
  bar.hidden = !count;
  if ($('#list-head')) $('#list-head').hidden = count > 0;
  $('#bulk-head').hidden = !count;
  $('#bulk-count').textContent = !beyond ? text('picked', count) : left.size ? text('picked_but', left.size) : withNumber('picked_view', 'picked_whole');
  const whole = $('#bulk-all');
  whole.hidden = !list.rows || !count || (!beyond && !list.rows.dataset.next && count === loaded().length);
  const button = $('button', whole);
  button.textContent = beyond ? text('pick_loaded') : withNumber('pick_view', 'cmd_bulk_all');
  button.setAttribute('aria-pressed', String(beyond));
}

function clear() {
  beyond = false;
  exact = '';
  left.clear();
  for (const row of picked()) pick(row, false);
  show();
}

function toggle(row) {
  if (!row) return;
  from = list.numberOf(row);
  pick(row, !row.hasAttribute('data-picked'));
  show();
}

// From the row last picked to this one.
function range(row) {
  const all = loaded();
  const [a, b] = [all.indexOf(all.find((one) => list.numberOf(one) === from) ?? list.current() ?? row), all.indexOf(row)].sort((x, y) => x - y);
  for (const one of all.slice(Math.max(a, 0), b + 1)) pick(one);
  from = list.numberOf(row);
  show();
}

const here = () => document.activeElement?.closest?.('.row') ?? (list.rows ? list.current() ?? list.neighbour(1) : loaded()[0]);

function extend(step) {
  const row = here();
  const all = loaded();
  const next = row && (all[all.indexOf(row) + step] ?? row);
  if (!row) return;
  pick(row);
  pick(next);
  from = list.numberOf(next);
  show();
  list.focusRow(next);
  next.scrollIntoView({ block: 'nearest' });
}

function pickLoaded() {
  for (const row of loaded()) pick(row);
  show();
}

// All of the view, loaded or not; again: only what is loaded.
async function pickView() {
  beyond = !beyond;
  left.clear();
  pickLoaded();
  if (!beyond) return;
  try {
    exact = (await get(`/inbox/${list.view}/count/`)).count;
    if (beyond) show();
  } catch (error) {
    complain(error);
  }
}

// What the change will make of the rows, before the server has answered.
function foretell(what, value) {
  const facts = { status: { status: value }, assignee: { assignee: value }, team: { team: value }, snooze: { snoozed: value }, spam: { status: value }, no_spam: { status: value } }[what];
  if (!list.rows) return;
  for (const row of picked()) if (facts && !list.belongs({ ...row.dataset, ...facts })) list.leave(list.numberOf(row));
}

// `wish` is what the server needs to know: {value}, for a snooze {preset} or {until}.
export async function act(what, wish, foretold = wish.value ?? '1') {
  const tickets = beyond ? { view: list.view, without: [...left] } : { tickets: picked().map(list.numberOf) };
  foretell(what, foretold);
  clear();
  list.focusRow(here());
  try {
    follow(await post('/bulk/', { ...tickets, ...wish, do: what, client_id: crypto.randomUUID() }));
  } catch (error) {
    complain(error);
    refresh();
  }
}

// What was found is drawn anew as the list is; the words searched for stay where they are.
async function found() {
  const pages = await Promise.all([location.href, ...(rows.further ?? [])].map((page) => get(page)));
  const fresh = pages.flatMap((page) => $$('#hits > .row', new DOMParser().parseFromString(page, 'text/html')));
  rows.replaceChildren(...fresh);
}

const refresh = () => rows && (list.rows ? list.resync() : found()).catch(complain);

export function follow(facts) {
  following = facts.job;
  if (facts.over) return finish(facts);
  kept(RUNNING, facts.job);
  draw(facts);
  clearTimeout(timer);
  timer = setTimeout(ask, POLL);
}

async function ask() {
  const job = following;
  try {
    const facts = await get(`/bulk/${job}/progress/`);
    if (job === following) follow(facts);
  } catch (error) {
    if (error.status === 404) return finish({ words: '' });
    timer = setTimeout(ask, POLL * 3);
  }
}

function draw({ past, of, phase }) {
  const run = $('#bulk-run');
  if (!run) return;
  run.hidden = false;
  $('span', run).textContent = text(phase === 'undoing' ? 'bulk_undoing' : 'bulk_doing', past, of);
  $('progress', run).value = of ? past / of : 0;
  $('button', run).hidden = phase === 'undoing';
}

function finish({ job, words, phase, done, asks }) {
  following = null;
  clearTimeout(timer);
  kept(RUNNING, null);
  if ($('#bulk-run')) $('#bulk-run').hidden = true;
  if (!words) return;
  const back = phase !== 'undone' && done ? { url: `/bulk/${job}/undo/` } : null;
  say(words, { undo: back, href: `/bulk/${job}/`, seconds: 15 });
  refresh();
  if (asks) document.dispatchEvent(new CustomEvent('bulk:asks', { detail: asks }));
}

function onClick(event) {
  const row = event.target.closest('.row');
  if (!row || event.button || event.ctrlKey || event.metaKey || event.altKey) return;
  const box = event.target.closest('.pick');
  if (event.shiftKey) {
    if (!box) event.preventDefault();
    getSelection()?.removeAllRanges();
    range(row);
  } else if (box) {
    toggle(row);
  }
}

export function startBulk() {
  if (!bar || !rows) return; // a search that found nothing has a bar and no rows
  rows.addEventListener('click', onClick, true);
  rows.addEventListener('row:drawn', ({ target }) => beyond && !left.has(list.numberOf(target)) && pick(target));
  new MutationObserver(show).observe(rows, { childList: true });
  command('pick', () => toggle(here()));
  command('pick-next', () => extend(1));
  command('pick-previous', () => extend(-1));
  command('pick-all', pickLoaded);
  command('bulk-all', pickView, { when: any });
  command('bulk-clear', () => {
    clear();
    list.focusRow(here());
  }, { when: any });
  command('bulk-stop', () => post(`/bulk/${following}/stop/`).then(follow, complain), { when: () => following !== null });
  document.addEventListener('live:bulk', ({ detail }) => {
    if (detail.job !== following) return;
    if (['doing', 'undoing'].includes(detail.phase)) draw(detail);
    else ask();
  });
  following = Number(kept(RUNNING)) || null;
  if (following) ask();
}
