// Moving between tickets: the conversation and its customer change, the list stays. Addresses are real.

import { $, $$, app, build, command, kept, page, text } from './core.js';
import { get, post } from './http.js';
import * as list from './list.js';
import { send } from './live.js';
import * as thread from './thread.js';
import { complain, say } from './toast.js';

const SKELETON_AFTER = 150;
const FRESH = 8_000;
const pane = $('#thread');
const aside = $('#customer');
const shop = document.title.split(' – ').at(-1);
const guards = [];
const prefetched = new Map();
let loading = null;
let wanted = null;
let skeleton = 0;

// Something that must happen before another ticket is shown (the composer saves its draft).
export const beforeLeaving = (guard) => guards.push(guard);

export async function open(number, { push = true, focus = 'row', query = list.query } = {}) {
  if (!pane) return void location.assign(`/tickets/${number}/`);
  for (const guard of guards) guard();
  wanted = number;
  loading?.abort();
  loading = new AbortController();
  const row = list.makeCurrent(number);
  app.dataset.view = 'thread';
  // One timer for all: that of a ticket passed over must not cover the one that came after it.
  clearTimeout(skeleton);
  skeleton = setTimeout(() => pane.classList.add('wait'), SKELETON_AFTER);
  try {
    const parts = await fetchPane(number, loading.signal);
    if (wanted !== number) return;
    clearTimeout(skeleton);
    thread.forget();
    pane.classList.remove('wait');
    pane.replaceChildren(build(parts.thread));
    aside.replaceChildren(build(parts.customer));
    document.title = `${parts.title || `#${number}`} – ${shop}`;
    if (push) history.pushState({ number }, '', `/inbox/${list.view}/${number}/${query}`);
    thread.settle({ focus: focus === 'subject' || !row ? 'subject' : null });
    document.dispatchEvent(new CustomEvent('ticket:opened'));
    if (focus === 'row' && row) list.focusRow(row);
    tell();
    later(() => lookAhead());
  } catch (error) {
    if (error.name === 'AbortError') return;
    if (wanted === number) showList();
    complain(error);
  }
}

// Two customers became one, or two again: who they are stands at the side, which the conversation's updates leave alone.
async function drawCustomer() {
  const number = thread.number();
  const focused = aside.contains(document.activeElement);
  try {
    const { customer } = await get(`/tickets/${number}/pane/`);
    if (thread.number() !== number) return;
    aside.replaceChildren(build(customer));
    await thread.fill();
    if (focused) ($('#same-person button') ?? $('.scroll', aside)).focus({ preventScroll: true });
  } catch (error) {
    complain(error);
  }
}

async function fetchPane(number, signal) {
  const early = prefetched.get(number);
  prefetched.delete(number);
  if (early && Date.now() - early.at < FRESH) {
    const parts = await early.parts;
    if (parts) return parts;
  }
  return get(`/tickets/${number}/pane/`, { signal });
}

// The neighbours are fetched while the agent reads, so that J and K answer at once.
function prefetch(number) {
  if (prefetched.has(number) && Date.now() - prefetched.get(number).at < FRESH) return;
  if (number === thread.number() || document.hidden) return;
  prefetched.set(number, { at: Date.now(), parts: get(`/tickets/${number}/pane/`).catch(() => null) });
}

function lookAhead() {
  const next = list.neighbour(1);
  if (next && list.current()) prefetch(list.numberOf(next));
}

const later = (task) => (window.requestIdleCallback ? requestIdleCallback(task, { timeout: 500 }) : setTimeout(task, 200));

export const outdated = (number) => prefetched.delete(number);

// Tells the server what this tab shows, so that it sends what concerns it.
export const tell = () => send('view', { view: list.view, ticket: thread.number() });

export function showList({ push = true } = {}) {
  if (app.matches('.beside')) return void frameElement?.dispatchEvent(new Event('left')); // a column has no list
  for (const guard of guards) guard();
  const row = list.current();
  wanted = null;
  loading?.abort();
  clearTimeout(skeleton);
  pane.classList.remove('wait');
  thread.forget();
  list.makeCurrent(null);
  app.dataset.view = 'list';
  pane.replaceChildren($('#blank').content.cloneNode(true));
  aside.replaceChildren();
  if (push) history.pushState({}, '', `/inbox/${list.view}/${list.query}`);
  retitle();
  document.dispatchEvent(new CustomEvent('ticket:left'));
  list.focusRow(row);
  tell();
}

// The list's title tells how much waits, in a tab one does not look at too.
export function retitle() {
  if (!list.rows || thread.number() !== null) return;
  const count = $('[data-view-count]')?.textContent;
  document.title = `${count ? `(${count}) ` : ''}${$('#view-name').textContent} – ${shop}`;
}

function step(by) {
  const row = list.neighbour(by);
  if (row) open(list.numberOf(row));
}

// After closing: the next below, else the one above, else the list.
export function openNext() {
  const row = list.neighbour(1) ?? list.neighbour(-1);
  if (row && row !== list.current()) open(list.numberOf(row));
  else showList();
}

function onClick(event) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest('.row a, a[data-open]');
  if (!link) return;
  event.preventDefault();
  const row = link.closest('.row');
  if (link.closest('#customer')) app.removeAttribute('data-ctx');
  open(row ? list.numberOf(row) : Number(link.dataset.open), { focus: row ? 'row' : 'subject' });
}

function onPop() {
  const [, number] = location.pathname.match(/^\/inbox\/[\w-]+\/(\d+)\/$/) ?? [];
  if (number) open(Number(number), { push: false });
  else showList({ push: false });
}

function look(name, value) {
  page.dataset[name] = value;
  post('/profile/looks/', { [name]: value }).catch(complain);
}

// Shown at once; what the server says of it then holds.
async function sayPresence({ detail: chosen }) {
  const own = $$('[data-presence]');
  const before = own.find((one) => one.getAttribute('aria-checked') === 'true');
  const show = (option) => {
    for (const one of own) one.setAttribute('aria-checked', String(one === option));
    $('#own-presence').className = `pres ${option.dataset.presence}`;
    $('#own-said').textContent = option.textContent.trim();
    const button = $('[data-menu=presence]');
    button.title = button.title.replace(/^.*(?= \()/, option.textContent.trim()); // its key stays
  };
  show(chosen);
  try {
    await post('/presence/', { said: chosen.dataset.presence });
    say(chosen.textContent.trim());
  } catch (error) {
    show(before);
    complain(error);
  }
}

const isDark = () => page.dataset.theme === 'dark' || (page.dataset.theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);

function toggleCustomer() {
  const narrow = matchMedia('(max-width: 1359px)').matches;
  const name = narrow ? 'data-ctx' : 'data-noctx';
  app.toggleAttribute(name);
  if (!narrow) kept('customer', app.hasAttribute(name) ? 'off' : null);
  else if (app.hasAttribute(name)) $('.close', aside)?.focus();
  else $('#thread-head [data-cmd=customer]')?.focus();
}

export function startDesk() {
  command('theme', () => look('theme', isDark() ? 'light' : 'dark'));
  command('density', () => look('density', page.dataset.density === 'compact' ? 'comfortable' : 'compact'));
  command('presence', () => document.dispatchEvent(new CustomEvent('menu:open', { detail: 'presence' })), { when: () => Boolean($('#own-presence')) });
  document.addEventListener('presence:say', sayPresence);
  if (!pane) return;
  const opened = () => thread.number() !== null;
  if (kept('customer') === 'off') app.setAttribute('data-noctx', '');
  list.rows.addEventListener('click', onClick);
  aside.addEventListener('click', onClick);
  pane.addEventListener('click', (event) => {
    const link = event.target.closest('.ev a[href^="/tickets/"]');
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      open(Number(link.pathname.split('/')[2]), { focus: 'subject' });
    }
  });
  let hovering = 0;
  list.rows.addEventListener('pointerover', (event) => {
    clearTimeout(hovering);
    const row = event.pointerType === 'mouse' && event.target.closest('.row');
    if (row) hovering = setTimeout(() => prefetch(list.numberOf(row)), 80);
  });
  addEventListener('popstate', onPop);
  command('next', () => step(1));
  command('previous', () => step(-1));
  command('open', () => {
    const row = document.activeElement?.closest?.('.row') ?? list.current() ?? list.neighbour(1);
    if (row) open(list.numberOf(row), { focus: 'subject' });
  });
  command('back', () => showList(), { when: opened });
  command('customer', toggleCustomer, { when: opened });
  command('copy-number', () => {
    navigator.clipboard?.writeText(`${location.origin}/tickets/${thread.number()}/`).then(() => say(text('copied')), complain);
  }, { when: opened });
  document.addEventListener('ticket:gone', () => {
    say(text('gone'));
    list.leave(thread.number());
    showList();
  });
  document.addEventListener('ticket:reshaped', () => {
    if (wanted === null || wanted === thread.number()) open(thread.number(), { push: false, focus: null });
  });
  document.addEventListener('ticket:person', drawCustomer);
  const number = thread.number();
  if (number) list.makeCurrent(number);
  history.replaceState({ number }, '', location.href);
}

