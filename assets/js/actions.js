// What an agent does to a ticket: said to the server, shown at once, taken back with Undo.

import * as bulk from './bulk.js';
import { $, $$, app, command, element, me, run, text } from './core.js';
import * as desk from './desk.js';
import { post } from './http.js';
import * as list from './list.js';
import * as thread from './thread.js';
import { askOrComplain, canUndo, complain, say, takeBack } from './toast.js';

const FIELDS = { assignee: 'agent', team: 'team', state: 'status', priority: 'priority' };

// One write on a ticket, open or not; what it changed is drawn. Null when it was refused.
export async function write(number, path, data, goOn = null) {
  const here = number === thread.number();
  const base = here ? thread.lastEvent() : null;
  desk.outdated(number);
  try {
    const answer = await post(`/tickets/${number}/${path}/`, { ...data, event: base, row: 1 });
    draw(number, answer, base);
    return answer;
  } catch (error) {
    askOrComplain(error, number, goOn);
    if (here) thread.refresh().catch(() => {});
    return null;
  }
}

// `updates` is null when the change took the ticket out of the agent's own sight.
export function draw(number, answer, base) {
  if (answer.row) list.arrive(answer.row, { mine: true });
  else if ('row' in answer) list.leave(number);
  if (number !== thread.number() || base === null) return;
  if (answer.updates) thread.apply(answer.updates, base);
  else if (answer.updates === null) document.dispatchEvent(new CustomEvent('ticket:gone'));
}

// Shown before the server has answered: `facts` on the row, `show` in the ticket. A refusal brings both back as they were.
async function change(path, data, words, { number = thread.number(), facts = {}, show = () => {} } = {}) {
  // The sheet closes by itself to what is plainly closed; to a status of the shop's own by the same choice again.
  const goOn = data.status === 'solved' ? null : () => change(path, data, words, { number, facts, show });
  const restore = list.foretell(number, facts);
  show();
  const answer = await write(number, path, data, goOn);
  if (!answer) restore();
  else say(words, { undo: stepBack(number, answer.change) });
  return answer;
}

// What a row of the list is swiped for, its ticket open or not.
export const closeRow = (number) => change('status', { status: 'solved' }, text('closed'), { number, facts: { status: 'solved' } });
export const snoozeRow = (number, preset) => change('snooze', { preset }, text('snoozed'), { number, facts: { snoozed: '1' } });

// The server takes changes back if nothing happened to the ticket since, and says so otherwise. `reopen`: it is shown again.
export function stepBack(number, changes, reopen = false) {
  const named = [changes ?? []].flat().map((change) => `change=${change}`).join('&');
  return named ? { url: `/tickets/${number}/undo/?${named}`, number, reopen } : null;
}

export async function takeStepBack({ url, number, reopen }) {
  const base = number === thread.number() ? thread.lastEvent() : null;
  desk.outdated(number);
  try {
    draw(number, await post(url, { event: base, row: 1 }), base);
  } catch (error) {
    if (base !== null) thread.refresh().catch(() => {});
    throw error;
  }
  say(text('back_again'));
  if (reopen && list.rows) desk.open(number);
}

// A choice of a menu: `path` is what is set, `value` to what, `name` how the choice is called.
// A status of the shop's own (`state`) is of a category, which decides what happens to the row.
export function set(path, value, name, category = value) {
  if (bulk.any()) return void bulk.act(path === 'state' ? 'status' : path, { value }, category);
  const facts = thread.ticket();
  if (!facts) return;
  const field = FIELDS[path];
  const words = {
    assignee: () => (value ? text('assigned', name) : text('unassigned')),
    team: () => text('moved', name),
    state: () => text('status_set', name),
    priority: () => text('priority_set', name),
  }[path]();
  if (String(facts[path] ?? '') === String(value)) return;
  const show = { assignee: () => showLabel('assign', value ? name : text('cmd_assign')), state: () => showLabel('status', name), priority: () => showLabel('priority', name), team: () => showLabel('team', name) }[path];
  const fact = path === 'priority' ? {} : path === 'state' ? { status: category } : { [path]: String(value) };
  change(path === 'state' ? 'status' : path, { [field]: value }, words, { facts: fact, show });
}

export function tag(name, on) {
  if (bulk.any()) return void bulk.act('tag', { value: name });
  const show = () => {
    const chip = $$('[data-untag]', $('#thread')).find((one) => one.dataset.untag === name)?.closest('.tag');
    if (!on && chip?.contains(document.activeElement)) $('#subject')?.focus({ preventScroll: true });
    if (!on) chip?.remove();
    else if (!chip) $('.subj .tags')?.append(element('span', { class: 'tag chip' }, name));
  };
  change('tags', on ? { add: name } : { remove: name }, text(on ? 'tagged' : 'untagged', name), { show });
}

// The words of the button that shows what is chosen.
function showLabel(menu, name) {
  for (const button of $$(`#thread-head [data-menu=${menu}], #ticket-side [data-menu=${menu}]`)) {
    const place = $('.trunc', button) ?? [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (place) place.textContent = name;
  }
}

// What was said in a field of the shop's own stands there already; a refusal brings back what was there before.
export async function field(input) {
  const { field: id, was } = input.dataset;
  const value = input.type === 'checkbox' ? (input.checked ? '1' : '') : input.value;
  if (value === was) return;
  const show = (said) => input.type === 'checkbox' ? (input.checked = said === '1') : (input.value = said);
  const label = input.getAttribute('aria-label') ?? input.labels[0]?.textContent ?? '';
  const answer = await change('fields', { field: id, value }, text('field_set', label));
  if (!answer) show(was);
  else input.dataset.was = value;
}

// `wish` is {preset} or {until}; neither ends the snooze.
export function snooze(wish) {
  const ends = !wish.preset && !wish.until;
  if (bulk.any()) return void bulk.act('snooze', wish, ends ? '0' : '1');
  change('snooze', wish, text(ends ? 'woken' : 'snoozed'), { facts: { snoozed: ends ? '0' : '1' } });
}

// Of this ticket, for oneself: `wish` as for a snooze, with the words.
export async function remind(wish) {
  const number = thread.number();
  const answer = await write(number, 'reminders', wish);
  if (answer) say(text('reminded', answer.at), { undo: { url: answer.undo, number } });
}

async function reminderDone(button) {
  button.disabled = true;
  if (await write(thread.number(), 'reminders', { done: button.dataset.reminder })) $('#subject')?.focus();
  else button.disabled = false;
}

// What one is done with: the next ticket is shown before the server has answered; a refusal leads back.
async function leave(path, data, status, said, stay) {
  const { number } = thread.ticket();
  const restore = list.foretell(number, { status });
  if (!stay) moveOn();
  const answer = await write(number, path, data);
  if (answer) return say(answer.said ?? said, { undo: stepBack(number, answer.change, !stay) });
  restore();
  if (!stay) desk.open(number);
}

function close({ stay = document.body.dataset.after === 'stay' } = {}) {
  if (bulk.any()) return void bulk.act('status', { value: 'solved' });
  return leave('status', { status: 'solved' }, 'solved', text('closed'), stay);
}

// What an open ticket is called is the server's to say: the shop may have a word of its own.
function reopen() {
  if (bulk.any()) return void bulk.act('status', { value: 'open' });
  change('status', { status: 'open' }, text('reopened'), { facts: { status: 'open' } });
}

// Spam, or where it is that already, no spam.
function spam() {
  const rows = bulk.picked();
  const isSpam = (rows.length ? rows.map((row) => row.dataset) : [thread.ticket()]).every(({ status }) => status === 'spam');
  if (rows.length) return void bulk.act(isSpam ? 'no_spam' : 'spam', {}, isSpam ? 'open' : 'spam');
  return leave('spam', isSpam ? { off: 1 } : {}, isSpam ? 'open' : 'spam', '', document.body.dataset.after === 'stay');
}

// What comes after a ticket one is done with: as the profile says; on a phone the list instead of the next.
export function moveOn() {
  const { after = 'next' } = document.body.dataset;
  if (after === 'stay') return;
  if (after === 'list' || matchMedia('(max-width: 767px)').matches) desk.showList();
  else desk.openNext();
}

async function decide(button, accept) {
  const { conversation, identity } = button.dataset;
  button.disabled = true;
  const number = thread.number();
  const done = await write(number, 'participant', { conversation, identity, accept: accept ? 1 : '' });
  button.disabled = false;
  if (done) say(text(accept ? 'admitted' : 'refused'), { undo: done.undo && { url: done.undo, number } });
}

async function useAgain(button) {
  button.disabled = true;
  const done = await write(thread.number(), 'address', {
    identity: button.dataset.identity,
    ...(button.dataset.kind && { kind: button.dataset.kind }),
  });
  button.disabled = false;
  if (!done) return;
  button.previousElementSibling?.remove();
  button.remove();
  say(text('used_again'));
}

// Who is one person. What the panel says of it is asked for again, since the decision changed more than one line.
async function samePerson(fields, button) {
  if (button) button.disabled = true;
  const done = await write(thread.number(), 'same-person/decision', fields);
  if (button) button.disabled = false;
  if (done && fields.do !== 'join' && fields.do !== 'part') thread.refill('#same-person');
}

async function hideComment(button) {
  const number = thread.number();
  const base = thread.lastEvent();
  button.disabled = true;
  try {
    draw(number, await post(button.dataset.url, { hidden: button.dataset.hidden, event: base, row: 1 }), base);
  } catch (error) {
    complain(error);
  }
  button.disabled = false;
}

async function markUnread() {
  const number = thread.number();
  desk.showList();
  try {
    const { undo } = await post(`/tickets/${number}/unread/`);
    list.mark(number, 'unread', true);
    say(text('unread_marked'), { undo: undo && { url: undo, number } });
  } catch (error) {
    complain(error);
  }
}

export const mayEdit = () => bulk.any() || (thread.number() !== null && $('#thread-head [data-menu=more]') !== null);
const isDone = () => !bulk.any() && ['solved', 'closed'].includes(thread.ticket()?.status);

function goTo(key) {
  const link = $$('.side .nav a[data-view-key]').find((one) => one.dataset.viewKey === key);
  if (link) link.click();
}

export function startActions() {
  command('undo', takeBack, { when: canUndo });
  for (const key of ['mine', 'unassigned', 'open']) command(`view-${key}`, () => goTo(key));
  command('search', () => {
    const field = $('#search');
    if (field) field.focus();
    else location.assign('/search/');
  });
  command('begin', () => location.assign('/inbox/new/'), { when: () => 'begin' in document.body.dataset });
  command('view-new', () => location.assign('/views/new/'));
  const reports = $$('#places a').find((link) => link.pathname === '/reports/');
  command('reports', () => location.assign(reports.href), { when: () => Boolean(reports) });
  command('notices', () => location.assign('/notifications/'));
  command('profile', () => location.assign('/profile/'));
  // Of what a search found, only several at once: each is opened in its own list.
  command('mine', () => set('assignee', me, $('.side .me b').textContent), { when: mayEdit });
  command('close', () => close(), { when: () => mayEdit() && !isDone() });
  command('reopen', reopen, { when: () => mayEdit() && (bulk.any() || isDone()) });
  command('unsnooze', () => snooze({}), { when: () => mayEdit() && (bulk.any() || Boolean(thread.ticket().snoozed)) });
  command('spam', spam, { when: () => mayEdit() || Boolean($('#thread-top [data-post$="/spam/"]')) });
  if (!app || !$('#thread')) return;
  command('close-stay', () => close({ stay: true }), { when: () => mayEdit() && !isDone() });
  command('admit', (button) => decide(button, true));
  command('use-again', useAgain);
  command('same-person', (button) => samePerson({ do: button.dataset.do, id: button.dataset.id }, button));
  document.addEventListener('change', ({ target }) => {
    if (target.matches('[data-field]')) field(target);
    if (target.matches('[data-prefers]')) samePerson({ do: 'prefer', kind: target.value });
  });
  command('hide-comment', hideComment);
  command('refuse', (button) => decide(button, false));
  command('reminder-done', reminderDone);
  command('unread', markUnread, { when: () => thread.number() !== null });
  $('#thread').addEventListener('click', ({ target }) => {
    const button = target.closest('[data-untag]');
    if (button) tag(button.dataset.untag, false);
  });
}

// Every button that names a command runs it.
export function listenToButtons() {
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-cmd]');
    if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (button.matches('a')) event.preventDefault();
    button.closest('[popover]')?.hidePopover();
    run(button.dataset.cmd, button);
  });
}
