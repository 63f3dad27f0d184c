// From "Send" to what became of it: the bubble, the toast with Undo, the two questions a refusal may raise.

import { draw, moveOn } from './actions.js';
import * as composer from './composer.js';
import { $, build, command, element, run, text } from './core.js';
import * as desk from './desk.js';
import { keepFor } from './drafts.js';
import { post } from './http.js';
import { mark } from './list.js';
import { dispatch, startOutbox, waiting } from './outbox.js';
import * as thread from './thread.js';
import { askOrComplain, complain, say } from './toast.js';
import { pictureAddress } from './words.js';

const SOON = 5_000;
const SHOWN = 10; // seconds

const leaves = ({ then, later }) => !later && (then === 'solved' || then?.startsWith('snooze'));

function deliver(job, settled) {
  showBubble(job);
  if (leaves(job)) moveOn();
  dispatch(job, settled);
}

// ---- the message as it will stand there, until the server's own takes its place

const bubbleOf = (job) => document.getElementById(`sending-${job.client}`);

function showBubble(job, state = 'sending') {
  if (thread.number() !== job.number || bubbleOf(job)) return;
  const face = $('.side .me .av').cloneNode(true);
  const head = element('div', { class: 'h' }, element('b', {}, $('.side .me b').textContent), element('span', { class: 'via' }, text(state)));
  const box = element('div', { class: 'box' }, head, body(job));
  const item = element('li', { class: `msg sending${job.kind === 'note' ? ' note' : ''}`, id: `sending-${job.client}` }, face, box);
  $('#timeline').append(item);
  $('#talk').scrollTop = $('#talk').scrollHeight;
}

// Our own editor made this HTML; the server cleans what it keeps.
function body({ text: words, html }) {
  if (!html) return element('div', { class: 'body' }, element('p', {}, words));
  const shown = html.replaceAll(/src="cid:([^"]*)"/g, (_, id) => `src="${pictureAddress(id)}"`);
  return element('div', { class: 'body written' }, build(shown));
}

// ---- what became of it

function sent(job, answer, base) {
  const here = thread.number() === job.number;
  draw(job.number, answer, base);
  bubbleOf(job)?.remove();
  const open = composer.current();
  if (here && open?.number === job.number && answer.updates) {
    // One's own message is no news to oneself.
    if (open.seen >= answer.updates.facts.sequence - 1) open.caughtUp(answer.updates.facts.sequence);
  }
  if (job.kind === 'note') return say(answer.said ?? text('noted'));
  if (answer.later) return say(text('sent_later', answer.later), { undo: () => takeBack(job, answer.message), seconds: SHOWN });
  const words = job.kind === 'forward' ? text('forwarded') : { solved: text('sent_closed'), pending: text('sent_waiting'), snooze: text('sent_snoozed') }[job.then?.split('-')[0]] ?? text('sent', Math.round(answer.undo_seconds));
  if (answer.undo_seconds < 1) return say(job.then ? words : text('sent_now'));
  say(words, { undo: () => takeBack(job, answer.message), seconds: answer.undo_seconds });
}

async function takeBack(job, message) {
  const open = composer.current();
  if (open?.number === job.number) await open.save();
  const here = thread.number() === job.number;
  const base = here ? thread.lastEvent() : null;
  try {
    const answer = await post(`/messages/${message}/withdrawal/`, { event: base, row: 1 });
    // A conversation that has only begun goes with its first message; one goes on in the form it was written in.
    if (answer.again) return location.assign(answer.again);
    draw(job.number, answer, base);
    mark(job.number, 'draft', job.text);
    if (composer.current()?.number === job.number) composer.current().restart(answer.compose, job.kind === 'forward' ? 'forward' : undefined);
    else {
      await desk.open(job.number);
      composer.current()?.switchTo('reply', { focus: true });
    }
    say(text('undone'));
  } catch (error) {
    complain(error);
  }
}

// ---- replies for later: sent now after all, at another time, or edited again

async function reschedule(message, wish, words) {
  const number = thread.number();
  const base = thread.lastEvent();
  try {
    draw(number, await post(`/messages/${message}/schedule/`, { ...wish, event: base, row: 1 }), base);
    say(text(words));
  } catch (error) {
    complain(error);
    thread.refresh();
  }
}

function startLater() {
  const of = (button) => Number(button.dataset.message);
  command('send-now', (button) => reschedule(of(button), { now: 1 }, 'sent_now'));
  command('edit-later', (button) => takeBack({ number: thread.number(), text: '', kind: button.dataset.kind }, of(button)));
  document.addEventListener('send:later', ({ detail: { message, ...wish } }) => message && reschedule(message, wish, 'rescheduled'));
}

function waits(job) {
  const label = bubbleOf(job) && $('.via', bubbleOf(job));
  if (label) label.textContent = text('waits');
  say(text('offline_kept'));
}

// The text comes back to where it was written, if that is still on the screen or was a moment ago.
async function refused(job, error) {
  bubbleOf(job)?.remove();
  const fresh = Date.now() - job.at < SOON;
  const busy = composer.current() && !composer.current().empty() && composer.current().number !== job.number;
  if (thread.number() !== job.number && fresh && !busy) await desk.open(job.number);
  const open = composer.current();
  if (!open || open.number !== job.number) {
    keepFor(job.number, job.kind === 'note' ? 'note' : 'outbound', job, job.kind === 'note' ? {} : job.recipients).catch(complain);
    mark(job.number, 'draft', job.text);
    return say(text('not_sent') + (error.message || text('failed')), { href: `/tickets/${job.number}/`, seconds: 30 });
  }
  const unsure = error.status === 0 || error.status >= 500;
  open.bringBack({ ...job, client: unsure ? job.client : null });
  if (error.body.code === 'fields_missing') return askOrComplain(error, job.number, () => composer.current()?.send({ then: job.then, later: job.later }));
  if (error.body.code === 'stale') return askStale(open, job, error.body);
  if (error.body.code === 'new_address') return askOutside(error.body.addresses, job.then, job.later);
  if (error.body.code === 'masked_words') return askMasked(error.body.masks, job.then, job.later);
  if (error.body.code === 'invalid' && ['to', 'cc', 'bcc'].includes(error.body.field)) open.toggleRecipients(true);
  if (error.message) say(text('not_sent') + error.message, { seconds: 10 });
  else complain(error);
}

// ---- the questions

// The dialog's answer: the value of the button pressed; `otherwise` when it was dismissed.
function ask(dialog, otherwise) {
  return new Promise((resolve) => {
    dialog.returnValue = '';
    dialog.onclick = ({ target }) => target.closest('footer button') && dialog.close(target.closest('button').value);
    dialog.onclose = () => resolve(dialog.returnValue || otherwise);
    dialog.showModal();
  });
}

async function askStale(open, job, { html, sequence }) {
  const dialog = $('#stale');
  $('.in', dialog).innerHTML = html;
  thread.refresh();
  const answer = await ask(dialog, 'edit');
  open.caughtUp(sequence);
  if (answer === 'anyway') return open.send({ then: job.then, later: job.later ?? null });
  if (answer === 'edit') return open.focus();
  const words = open.words.value();
  await open.discard();
  say(text('discarded'), { undo: () => open.form.isConnected && open.bringBack({ ...job, ...words, expected: undefined }) });
}

// Shows what is asked about; once agreed to, it is said with the reply, which goes again.
async function askAbout(dialog, things, then, later) {
  const open = composer.current();
  $('.missed', dialog).replaceChildren(...things.map((one) => element('li', {}, one)));
  if ((await ask(dialog, 'edit')) !== 'send') return false;
  open.confirmed.push(...things);
  open.send({ then, later });
  return true;
}

async function askOutside(addresses, then, later = null) {
  if (!(await askAbout($('#outside'), addresses, then, later))) composer.current().toggleRecipients(true);
}

async function askMasked(masks, then, later = null) {
  if (!(await askAbout($('#masked'), masks, then, later))) composer.current().focus();
}

// What an earlier page could not send stands in its ticket while it is tried again.
const showWaiting = () => waiting(thread.number()).forEach((job) => showBubble(job, 'waits'));

// The first message of a conversation was sent from a page of its own; asked for once, not after a reload.
function begun(message, seconds) {
  history.replaceState(history.state, '', location.pathname);
  const job = { number: thread.number(), text: '' };
  say(text('sent', seconds), { undo: () => takeBack(job, message), seconds });
}

export function startSending() {
  composer.startComposer(deliver);
  startOutbox({ sent, refused, waits });
  document.addEventListener('composer:outside', ({ detail }) => askOutside(detail.addresses, detail.then, detail.later));
  startLater();
  document.addEventListener('ticket:opened', showWaiting);
  const asked = new URLSearchParams(location.search);
  if (asked.has('reply')) run('reply');
  if (asked.has('sent')) begun(...asked.get('sent').split('-'));
}
