// What an agent does to a ticket: said to the server, shown at once, taken back with Undo.

import { $, $$, app, command, me, run, text } from './core.js';
import * as desk from './desk.js';
import { post, Refusal } from './http.js';
import * as list from './list.js';
import * as thread from './thread.js';
import { canUndo, complain, say, takeBack } from './toast.js';

const FIELDS = { assignee: 'agent', team: 'team', status: 'status', priority: 'priority' };

// One write on a ticket, open or not; what it changed is drawn. False when it was refused.
export async function write(number, path, data) {
  const here = number === thread.number();
  const base = here ? thread.lastEvent() : null;
  desk.outdated(number);
  try {
    const answer = await post(`/tickets/${number}/${path}/`, { ...data, event: base, row: 1 });
    draw(number, answer, base);
    return true;
  } catch (error) {
    complain(error);
    if (error instanceof Refusal && here) thread.refresh();
    return false;
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

async function change(path, data, words, back) {
  const number = thread.number();
  if (await write(number, path, data)) say(words, { undo: back && (() => write(number, path, back)) });
}

// A choice of a menu: `path` is what is set, `value` to what, `name` how the choice is called.
export function set(path, value, name) {
  const facts = thread.ticket();
  if (!facts) return;
  const field = FIELDS[path];
  const words = {
    assignee: () => (value ? text('assigned', name) : text('unassigned')),
    team: () => text('moved', name),
    status: () => text('status_set', name),
    priority: () => text('priority_set', name),
  }[path]();
  if (String(facts[path] ?? '') === String(value)) return;
  change(path, { [field]: value }, words, { [field]: facts[path] ?? '' });
}

export function tag(name, on) {
  const back = on ? { remove: name } : { add: name };
  change('tags', on ? { add: name } : { remove: name }, text(on ? 'tagged' : 'untagged', name), back);
}

// `wish` is {preset} or {until}; neither ends the snooze.
export function snooze(wish) {
  const { snoozed } = thread.ticket();
  const ends = !wish.preset && !wish.until;
  change('snooze', wish, text(ends ? 'woken' : 'snoozed'), snoozed ? { until: snoozed } : {});
}

// Closing shows the next ticket before the server has answered; a refusal leads back.
async function close({ stay = false } = {}) {
  const { number, status } = thread.ticket();
  if (!stay) moveOn();
  if (await write(number, 'status', { status: 'solved' })) {
    say(text('closed'), { undo: () => reopen(number, status, stay) });
  } else if (!stay) {
    desk.open(number);
  }
}

async function reopen(number, status, stay) {
  if ((await write(number, 'status', { status })) && !stay) desk.open(number);
}

// On a phone the list is what comes after a ticket, elsewhere the next ticket.
export function moveOn() {
  if (matchMedia('(max-width: 767px)').matches) desk.showList();
  else desk.openNext();
}

async function decide(button, accept) {
  const { conversation, identity } = button.dataset;
  button.disabled = true;
  const done = await write(thread.number(), 'participant', { conversation, identity, accept: accept ? 1 : '' });
  button.disabled = false;
  if (done) say(text(accept ? 'admitted' : 'refused'));
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
  if (done) thread.fillAgain('#same-person');
}

async function markUnread() {
  const number = thread.number();
  desk.showList();
  try {
    await post(`/tickets/${number}/unread/`);
    list.mark(number, 'unread', true);
    say(text('unread_marked'));
  } catch (error) {
    complain(error);
  }
}

const mayEdit = () => thread.number() !== null && $('#thread-head [data-menu=more]') !== null;
const isDone = () => ['solved', 'closed'].includes(thread.ticket()?.status);

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
  command('profile', () => location.assign('/profile/'));
  if (!app || !$('#thread')) return;
  command('close', () => close(), { when: () => mayEdit() && !isDone() });
  command('close-stay', () => close({ stay: true }), { when: () => mayEdit() && !isDone() });
  command('reopen', () => set('status', 'open', ''), { when: () => mayEdit() && isDone() });
  command('mine', () => set('assignee', me, $('.side .me b').textContent), { when: mayEdit });
  command('unsnooze', () => snooze({}), { when: () => mayEdit() && Boolean(thread.ticket().snoozed) });
  command('admit', (button) => decide(button, true));
  command('use-again', useAgain);
  command('same-person', (button) => samePerson({ do: button.dataset.do, id: button.dataset.id }, button));
  document.addEventListener('change', ({ target }) => {
    if (target.matches('[data-prefers]')) samePerson({ do: 'prefer', kind: target.value });
  });
  command('refuse', (button) => decide(button, false));
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
