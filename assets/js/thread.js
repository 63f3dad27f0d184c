// The open ticket: its timeline, what arrives in it, mail frames and pictures.

import { $, $$, app, build, command, read, text } from './core.js';
import { get, post, Refusal } from './http.js';
import { arrive, mark, rowOf } from './list.js';
import { openPicture, startPictures } from './pictures.js';
import { complain, say } from './toast.js';

const pane = $('#thread');
let facts = null;
let refreshing = null;
let again = false;
let pinned = true;
let watcher = null;
let held = null;

export const ticket = () => facts;
export const number = () => facts?.number ?? null;
const timeline = () => $('#timeline');
const talk = () => $('#talk');
export const lastEvent = () => Number(timeline()?.dataset.event ?? 0);

// Called when a conversation has been put into the pane, by the server or by us.
export function settle({ focus = null } = {}) {
  facts = read('facts', pane ?? document);
  if (!facts) return;
  pinned = true;
  for (const frame of $$('iframe.frame', pane)) fit(frame);
  watcher?.disconnect();
  watcher = new ResizeObserver(() => pinned && toEnd());
  watcher.observe(timeline());
  watcher.observe(talk());
  talk().addEventListener('scroll', ({ target: box }) => {
    if (box === talk()) pinned = box.scrollHeight - box.scrollTop - box.clientHeight < 60; // or told of after it was left
  }, { passive: true });
  toEnd();
  toUnread();
  fill();
  see();
  if (focus === 'subject') $('#subject').focus({ preventScroll: true });
}

export function forget() {
  facts = null;
  watcher?.disconnect();
}

const toEnd = () => talk().scrollTo({ top: talk().scrollHeight });

// Where so much came since one was here that its beginning does not fit, one reads on from there.
function toUnread() {
  const first = $$('.msg', timeline()).find(({ dataset }) => Number(dataset.sequence) > facts.seen);
  if (!first || first.getBoundingClientRect().top >= talk().getBoundingClientRect().top) return;
  pinned = false;
  first.scrollIntoView();
}

export function see() {
  if (!facts || document.hidden) return;
  const row = rowOf(facts.number);
  if (row && !row.hasAttribute('data-unread') && facts.seen >= facts.sequence) return;
  if (facts.seen >= facts.sequence) return mark(facts.number, 'unread', false);
  facts.seen = facts.sequence;
  mark(facts.number, 'unread', false);
  post(`/tickets/${facts.number}/seen/`, { sequence: facts.sequence }).catch(() => {});
}

// What an action or a look at the server brought: drawn once, whichever way it came first.
export function apply(updates, base = lastEvent()) {
  if (updates?.row) arrive(updates.row, { mine: true });
  if (!updates || !facts || updates.facts.number !== facts.number) return;
  if (base !== lastEvent()) return void refresh();
  const wasFocused = document.activeElement?.closest(':is(#thread-head, #thread-top, #ticket-side) *');
  replace('#thread-head', updates.head);
  replace('#thread-top', updates.top);
  drawSide(updates.side);
  refillDeadlines();
  if (updates.related) refill('#ticket-related');
  if (updates.aside) refill('#ticket-asides');
  if (updates.person) document.dispatchEvent(new CustomEvent('ticket:person'));
  if (wasFocused && !wasFocused.isConnected) refocus(wasFocused, $$('#thread-head, #thread-top, #ticket-side'));
  for (const [id, html] of Object.entries(updates.changed)) {
    const shown = document.getElementById(id);
    const fresh = build(html).firstElementChild;
    const within = shown?.contains(document.activeElement) ? document.activeElement : null;
    if (shown && fresh) shown.replaceWith(fresh);
    else shown?.remove();
    if (within) refocus(within, fresh ? [fresh] : []);
  }
  for (const item of [...build(updates.items).children]) show(item);
  for (const frame of $$('iframe.frame:not([data-fitted])', timeline())) fit(frame);
  timeline().dataset.event = updates.event;
  const { seen, sequence, merged } = facts;
  facts = { ...updates.facts, seen };
  // A signpost has no composer, a ticket has: drawn anew as a whole.
  if (merged !== facts.merged) return void document.dispatchEvent(new CustomEvent('ticket:reshaped'));
  document.dispatchEvent(new CustomEvent('ticket:changed', { detail: { compose: updates.compose, before: sequence } }));
  see();
  if (pinned) toEnd();
}

// One's own message takes the place of the bubble that stood for it while it was on its way.
function show(item) {
  const shown = item.id && document.getElementById(item.id);
  const bubble = item.dataset.client && document.getElementById(`sending-${item.dataset.client}`);
  if (bubble) item.classList.remove('new');
  if (shown) shown.replaceWith(item);
  else timeline().append(item);
  bubble?.remove();
}

const replace = (selector, html) => $(selector).replaceChildren(build(html));

// What had the focus was drawn anew within `places`: its like has it now, else the subject, so that keys go on from here.
function refocus(old, places) {
  const name = ['menu', 'cmd', 'untag'].find((one) => one in old.dataset);
  const like = name && places.flatMap((place) => $$(`[data-${name}]`, place)).find((one) => one.dataset[name] === old.dataset[name] && one.checkVisibility());
  (like || $('#subject'))?.focus({ preventScroll: true });
}

// What somebody writes in a field of the shop's own is not drawn over: they leave it first. What they changed is then
// drawn by the answer to it. The fields around it say at once what is so.
function drawSide(html) {
  const field = document.activeElement?.closest('#ticket-side [data-field]');
  if (!field) return void replace('#ticket-side', html);
  const fresh = build(html);
  for (const other of $$('#ticket-side [data-field]')) {
    const now = other !== field && fresh.querySelector(`[id="${other.id}"]`);
    if (now) other.replaceWith(now);
  }
  const known = held?.field === field;
  held = { field, html };
  if (!known) field.addEventListener('focusout', () => {
    const said = field.type === 'checkbox' ? (field.checked ? '1' : '') : field.value;
    if (held?.field === field && field.isConnected && said === field.dataset.was) replace('#ticket-side', held.html);
    held = null;
  }, { once: true });
}

// Asks what is new; one question at a time.
export async function refresh() {
  if (!facts) return;
  if (refreshing) return void (again = true);
  const asked = facts.number;
  const base = lastEvent();
  refreshing = get(`/tickets/${asked}/updates/?event=${base}`);
  try {
    const updates = await refreshing;
    refreshing = null;
    if (number() === asked) apply(updates, base);
  } catch (error) {
    refreshing = null;
    if (error instanceof Refusal && error.status === 404 && number() === asked) document.dispatchEvent(new CustomEvent('ticket:gone'));
  }
  if (again) {
    again = false;
    refresh();
  }
}

// A mail's frame is as high as the mail; pictures that load later make it grow.
function fit(frame) {
  const inside = frame.contentDocument?.body;
  if (!inside || frame.contentDocument.URL === 'about:blank') return;
  if (frame.dataset.fitted !== frame.contentDocument.URL) {
    frame.dataset.fitted = frame.contentDocument.URL;
    new ResizeObserver(() => fit(frame)).observe(inside);
    // Keys pressed inside the frame never reach this page by themselves.
    frame.contentDocument.addEventListener('keydown', (event) => document.dispatchEvent(new CustomEvent('frame:key', { detail: event })));
    frame.contentDocument.addEventListener('click', (event) => {
      const picture = event.target.closest('img');
      if (picture && !event.target.closest('a') && pane && openPicture(picture)) event.preventDefault();
    });
  }
  const wanted = Math.ceil(Math.max(inside.scrollHeight, inside.getBoundingClientRect().height)) + 4;
  if (Math.abs(wanted - frame.clientHeight) > 3) frame.style.height = `${Math.min(wanted, 20_000)}px`;
}

// Deadlines move with what happens on the ticket; while somebody reads how they add up they stay.
function refillDeadlines() {
  const section = $('#ticket-deadlines');
  if (section && !$('details[open]', section)) fillOne(section);
}

// What a section of the customer's pane says, again.
export const refill = (selector) => $$(selector).forEach(fillOne);

export const fill = () => Promise.all($$('#customer [data-fill]').map(fillOne));

async function fillOne(section) {
  try {
    const place = $('.fill', section);
    place.replaceChildren(build(await get(section.dataset.fill)));
    // Nothing to say takes no room: white space alone is not :empty.
    if (!place.childElementCount && !place.textContent.trim()) place.replaceChildren();
  } catch (error) {
    if (section.isConnected) $('.fill', section).textContent = text('failed');
  }
}

async function earlier(button) {
  const { before } = button.dataset;
  button.disabled = true;
  try {
    const part = await get(`/tickets/${number()}/history/?before=${before}`);
    const box = talk();
    const fromEnd = box.scrollHeight - box.scrollTop;
    pinned = false;
    timeline().prepend(build(part.html));
    box.scrollTop = box.scrollHeight - fromEnd;
    if (part.before) button.dataset.before = part.before;
    else button.parentElement.remove();
  } catch (error) {
    complain(error);
  }
  button.disabled = false;
}

// A mail in its own layout, or as plain text; asked for message by message.
async function format(button) {
  const item = button.closest('.msg');
  const framed = $('iframe.frame', item) !== null;
  try {
    const { html } = await get(`/tickets/${number()}/messages/${button.dataset.message}/?as=${framed ? 'text' : 'rich'}`);
    item.replaceWith(build(html));
    for (const frame of $$('iframe.frame:not([data-fitted])', timeline())) fit(frame);
  } catch (error) {
    complain(error);
  }
}

async function onMessage(path, button, words, data = {}) {
  const base = lastEvent();
  button.disabled = true;
  try {
    const { updates } = await post(`/messages/${button.dataset.message}/${path}/`, { ...data, event: base });
    apply(updates, base);
    if (words) say(text(words));
  } catch (error) {
    complain(error);
    if (error instanceof Refusal) refresh();
  }
  button.disabled = false;
}

export function startThread() {
  // A mail on a page of its own.
  for (const frame of $$('.page iframe.frame')) {
    frame.addEventListener('load', () => fit(frame));
    fit(frame);
  }
  for (const section of $$('.page [data-fill]')) fillOne(section);
  if (!pane) return;
  command('earlier', earlier);
  command('format', format);
  command('retry', (button) => onMessage('retry', button, 'retrying'));
  command('confirm', (button) => onMessage('confirmation', button, 'confirmed'));
  command('images', (button) => onMessage('images', button));
  command('unfold', (button) => onMessage('folding', button, 'unfolded'));
  command('refold', (button) => onMessage('folding', button, null, { restore: 1 }));
  pane.addEventListener('load', (event) => event.target.matches?.('iframe.frame') && fit(event.target), true);
  startPictures(pane);
  document.addEventListener('visibilitychange', see);
  document.addEventListener('live:seen', ({ detail }) => mark(detail.ticket, 'unread', false));
  if (facts === null && read('facts', pane)) settle();
  app.addEventListener('transitionend', () => $$('iframe.frame', pane).forEach(fit));
}
