// The list of tickets: moving in it, rows that arrive, rows that leave. The page decides by `data-where` what belongs.

import { $, $$, app, build, command, read, text } from './core.js';
import { get } from './http.js';
import { complain } from './toast.js';
import { localise } from './times.js';

const IDLE = 5_000;
const DRAFT_SHOWN = 160;
export const rows = $('#rows');
export const view = rows?.dataset.viewKey ?? null;
// What keeps an order other than the view's own in addresses.
export const query = rows?.dataset.query ? `?${rows.dataset.query}` : '';
const after = (next) => (next ? `${query ? `${query}&` : '?'}after=${next}` : query);
const scroll = $('#list');
const where = read('where') ?? {};
const waiting = new Map();
let lastTouch = 0;
let loading = null;
// What changed here while the truth was being fetched, which is older than that.
let meanwhile = new Set();

export const rowOf = (number) => document.getElementById(`row-${number}`);
// Rows stand by this, the highest first: when something was last said, how long somebody waits, how near the deadline is,
// how urgent it is, how old.
const RANKS = {
  newest: ({ at }) => Number(at),
  oldest: ({ at }) => -Number(at),
  waiting: ({ waiting }) => -Date.parse(waiting || '9999-01-01'),
  deadline: ({ dueAt }) => -Date.parse(dueAt || '9999-01-01'),
  priority: ({ priority, ticket }) => priority * 1e12 - ticket, // the lowest number first among equals
  eldest: ({ opened }) => -opened,
  youngest: ({ opened }) => Number(opened),
};
const rank = (row) => RANKS[rows.dataset.order](row.dataset);
export const numberOf = (row) => Number(row.dataset.ticket);
const linkOf = (row) => row.firstElementChild;
export const current = () => $('[aria-current=true]', rows ?? document)?.closest('.row') ?? null;

export function makeCurrent(number) {
  for (const link of $$('a[aria-current]', rows)) {
    link.removeAttribute('aria-current');
    const row = link.closest('.row');
    if (row.classList.contains('gone') && numberOf(row) !== number) row.remove();
  }
  showEmptiness();
  const row = number && rowOf(number);
  if (row) {
    linkOf(row).setAttribute('aria-current', 'true');
    row.scrollIntoView({ block: 'nearest' });
  }
  return row || null;
}

// The neighbour of the open row, or the first row when none is open.
export function neighbour(step) {
  const all = $$('.row', rows);
  const at = all.indexOf(current());
  return at < 0 ? all[0] ?? null : all[at + step] ?? null;
}

export const focusRow = (row) => row && linkOf(row).focus({ preventScroll: true });

export function belongs({ status, team, assignee, channel, snoozed, attention, due }) {
  const facts = {
    status, team: team ? Number(team) : null, assignee: assignee ? Number(assignee) : null,
    channel: Number(channel), snoozed: snoozed === '1', attention: attention === '1', due,
  };
  return Object.entries(where).every(([facet, allowed]) => allowed.includes(facts[facet]));
}

// A row drawn by the server. `mine` says the agent did it: then nothing waits for their pointer to leave.
export function arrive(html, { mine = false } = {}) {
  const row = build(html).firstElementChild;
  if (!rows || !row) return;
  localise(row);
  const number = numberOf(row);
  const known = rowOf(number);
  meanwhile.add(number);
  keepMarks(row, known ?? waiting.get(number));
  if (!belongs(row.dataset)) return leave(number, row);
  if (known && rank(known) >= rank(row)) {
    waiting.delete(number);
    return swap(known, row);
  }
  if (known) swap(known, row.cloneNode(true), known.dataset.at);
  waiting.set(number, row);
  if (mine || atRest()) merge();
  else showMerge();
}

function keepPick(row, known) {
  const picked = Boolean(known?.hasAttribute('data-picked'));
  row.toggleAttribute('data-picked', picked);
  $('.pick', row).checked = picked;
}

function keepMarks(row, known) {
  keepPick(row, known);
  if (!known) {
    row.toggleAttribute('data-unread', row.hasAttribute('data-unread') || row.dataset.inbound === row.dataset.seq);
    return;
  }
  const more = Number(row.dataset.inbound) > Number(known.dataset.inbound);
  const open = linkOf(known)?.hasAttribute('aria-current') && !document.hidden;
  row.toggleAttribute('data-unread', (more && !open) || known.hasAttribute('data-unread'));
  row.toggleAttribute('data-draft', known.hasAttribute('data-draft'));
  $('.said-draft', row).textContent = $('.said-draft', known).textContent;
}

function swap(known, row, at = row.dataset.at) {
  row.dataset.at = at;
  if (linkOf(known).hasAttribute('aria-current')) linkOf(row).setAttribute('aria-current', 'true');
  const focused = known.contains(document.activeElement);
  known.replaceWith(row);
  if (focused) focusRow(row);
}

// The open ticket's row stays, faded, until another is opened: what one looks at does not vanish.
export function leave(number, faded = null) {
  if (!rows) return;
  meanwhile.add(number);
  waiting.delete(number);
  showMerge();
  const row = rowOf(number);
  if (!row) return;
  if (linkOf(row).hasAttribute('aria-current')) {
    if (faded) swap(row, faded, row.dataset.at);
    rowOf(number).classList.add('gone');
  } else {
    row.remove();
  }
  showEmptiness();
}

// What a change is going to make of a row, before the server has answered; returns what brings the row back.
export function foretell(number, facts) {
  const row = rows && rowOf(number);
  if (!row || belongs({ ...row.dataset, ...facts })) return () => {};
  const [before, after] = [row.cloneNode(true), row.nextElementSibling];
  leave(number);
  return () => {
    rowOf(number)?.remove();
    if (current()) linkOf(before).removeAttribute('aria-current');
    if (after?.isConnected) after.before(before);
    else rows.append(before);
    showEmptiness();
  };
}

const atRest = () => scroll.scrollTop < 8 && !scroll.matches(':hover') && !scroll.contains(document.activeElement);

function showMerge() {
  const bar = $('#merge');
  bar.hidden = waiting.size === 0;
  const words = waiting.size ? (waiting.size === 1 ? text('new_one') : text('new_many', waiting.size)) : '';
  for (const place of [$('span', bar), $('#merge-said')]) if (place.textContent !== words) place.textContent = words;
}

export function merge() {
  for (const row of waiting.values()) place(row);
  waiting.clear();
  showMerge();
  showEmptiness();
}

function place(row) {
  const known = rowOf(numberOf(row));
  const at = rank(row);
  row.classList.add('new');
  if (known && linkOf(known).hasAttribute('aria-current')) linkOf(row).setAttribute('aria-current', 'true');
  const focused = known?.contains(document.activeElement);
  if (known) keepPick(row, known);
  known?.remove();
  const after = $$('.row', rows).find((other) => rank(other) < at);
  if (after) after.before(row);
  else if (!rows.dataset.next) rows.append(row);
  if (focused) focusRow(row);
}

const showEmptiness = () => ($('#nothing').hidden = rows.childElementCount > 0);

// The next fifty, when the end comes into sight.
export async function more() {
  if (!rows.dataset.next || loading) return;
  loading = get(`/inbox/${view}/rows/${after(rows.dataset.next)}`);
  try {
    const { html, next } = await loading;
    for (const row of [...build(html).children]) {
      if (rowOf(numberOf(row))) continue;
      rows.append(row);
      row.dispatchEvent(new Event('row:drawn', { bubbles: true }));
    }
    setNext(next);
  } catch (error) {
    complain(error);
  } finally {
    loading = null;
  }
}

function setNext(next) {
  rows.dataset.next = next;
  $('#more').hidden = !next;
  if (next) $('#more a').href = after(next);
}

// The truth again, after anything may have been missed: of all that is loaded, or of what stands first.
export async function resync({ whole = true } = {}) {
  if (!rows) return;
  const since = (meanwhile = new Set());
  const { fresh, next } = await truth(whole);
  if (since !== meanwhile) return; // asked for once more: that answer is newer
  const numbers = new Set(fresh.map(numberOf));
  const last = next && !whole ? rank(fresh.at(-1)) : -Infinity;
  const gone = (row) => !numbers.has(numberOf(row)) && !since.has(numberOf(row)) && rank(row) >= last;
  for (const row of $$('.row', rows).filter(gone)) leave(numberOf(row));
  if (whole || rows.childElementCount === 0 || !rows.dataset.next) setNext(next);
  for (const row of fresh) if (!since.has(numberOf(row))) renew(row);
  if (waiting.size && atRest()) merge();
  else showMerge();
  showEmptiness();
}

async function truth(whole) {
  const fresh = [];
  let next = '';
  do {
    const page = await get(`/inbox/${view}/rows/${after(next)}`);
    fresh.push(...build(page.html).children);
    next = page.next;
  } while (whole && next && fresh.length < rows.childElementCount);
  return { fresh, next };
}

// Shows a row as the server has it; where it stands elsewhere than it should, it goes there with the next merge.
function renew(row) {
  localise(row);
  const known = rowOf(numberOf(row));
  if (!known) return waiting.set(numberOf(row), row);
  keepPick(row, known);
  waiting.delete(numberOf(row));
  const below = known.nextElementSibling;
  if (rank(known) === rank(row) && !(below && !below.classList.contains('gone') && rank(below) > rank(row))) return swap(known, row);
  waiting.set(numberOf(row), row);
  return swap(known, row.cloneNode(true), known.dataset.at);
}

export function mark(number, name, on) {
  const row = rows && rowOf(number);
  row?.toggleAttribute(`data-${name}`, Boolean(on));
  // A draft is marked with its words.
  if (row && name === 'draft') $('.said-draft', row).textContent = typeof on === 'string' ? on.slice(0, DRAFT_SHOWN) : '';
}

export function startList() {
  if (!rows) return;
  const touched = () => (lastTouch = Date.now());
  for (const kind of ['pointermove', 'keydown', 'wheel', 'touchstart']) addEventListener(kind, touched, { passive: true });
  setInterval(() => waiting.size && Date.now() - lastTouch > IDLE && scroll.scrollTop < 8 && merge(), 1_000);
  new IntersectionObserver((seen) => seen[0].isIntersecting && more(), { root: scroll, rootMargin: '400px' }).observe($('#more'));
  command('merge', () => {
    merge();
    scroll.scrollTop = 0;
  }, { when: () => waiting.size > 0 });
  command('further', more, { when: () => Boolean(rows.dataset.next) });
  command('to-list', () => focusRow(current() ?? neighbour(1)), { when: () => app.dataset.view === 'list' });
}
