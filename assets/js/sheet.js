// One dialog for whatever needs a form: the server draws it, sends its words when it is done, and says how to undo it.
//
// An answer may hold {said, undo, open}: what to tell, the address that takes it back, the ticket to show then.

import * as bulk from './bulk.js';
import { $, $$, build, command, run, text } from './core.js';
import { draw, moveOn, takeStepBack } from './actions.js';
import * as desk from './desk.js';
import { get, post, Refusal } from './http.js';
import * as list from './list.js';
import * as thread from './thread.js';
import { complain, performSteps, say } from './toast.js';

const PAUSE = 150;
const OF_CHANGE = /^\/tickets\/(\d+)\/undo\//;
const dialog = $('#sheet');
let asked = 0;
let timer = 0;

export async function openSheet(url) {
  try {
    const content = build(await get(url));
    const form = $('form', content);
    $('h2', dialog).textContent = form.dataset.title;
    $('.in', dialog).replaceChildren(content);
    if (!dialog.open) dialog.showModal();
    $('[autofocus]', dialog)?.focus();
    document.dispatchEvent(new CustomEvent('sheet:opened', { detail: form }));
  } catch (error) {
    complain(error);
  }
}

// A write whose answer says what became of it. `back`: it takes something back, which is no step of its own.
export async function send(url, data = [], back = false) {
  const number = thread.number();
  const base = thread.lastEvent();
  const fields = new Map();
  for (const [name, value] of data) fields.set(name, [...(fields.get(name) ?? []), value]);
  const onTicket = number !== null && url.startsWith(`/tickets/${number}/`);
  const answer = await post(url, { ...Object.fromEntries(fields), ...(onTicket ? { event: base, row: 1 } : {}) });
  if (number !== null) desk.outdated(number);
  if (answer.open) {
    desk.outdated(answer.open);
    run('bulk-clear');
  }
  if (answer.open && answer.open !== number && list.rows) await desk.open(answer.open, { focus: 'subject' });
  else if (onTicket) draw(number, answer, base);
  else if (number !== null) await thread.refresh();
  thread.refill('#ticket-related, #ticket-asides');
  if (answer.said) say(answer.said, { undo: !back && answer.undo && { url: answer.undo, number: Number(answer.undo.match(OF_CHANGE)?.[1]) } });
  return answer;
}

// What was done to one ticket, to many at once, or to two that were merged, split or linked.
const takeBack = async (step) =>
  step.number ? takeStepBack(step) : step.url.startsWith('/bulk/') ? bulk.follow(await post(step.url)) : send(step.url, [], true);

async function submit(event) {
  event.preventDefault();
  const form = event.target;
  const button = event.submitter ?? $('.pri', form);
  const words = new FormData(form, button); // before the button is disabled, or its own word is left out
  button.disabled = true;
  try {
    if (form.matches('[data-many-fields]')) manyFields(form);
    else if (form.matches('[data-of-job]')) bulk.follow(await post(form.getAttribute('action'), Object.fromEntries(words)));
    else if ((await send(form.getAttribute('action'), words)).closed) moveOn();
    const { goOn } = dialog;
    dialog.close();
    goOn?.();
  } catch (error) {
    refuse(form, error);
  }
  button.disabled = false;
  if (dialog.open && document.activeElement === document.body) button.focus(); // while disabled it had lost the focus
}

// Said beside what was refused; where one may insist, the next click does.
function refuse(form, error) {
  if (!(error instanceof Refusal) || !error.message) return complain(error);
  $('.problem', form)?.remove();
  const line = document.createElement('p');
  line.className = 'problem';
  line.setAttribute('role', 'alert');
  line.textContent = error.message;
  $('footer', form).before(line);
  const { anyway } = $('.pri', form).dataset;
  if (error.body.code !== 'different_customers' || !anyway || form.elements.confirmed) return;
  form.insertAdjacentHTML('beforeend', '<input type="hidden" name="confirmed" value="1">');
  $('.pri', form).textContent = anyway;
}

// Fields of the shop's own: what is missing before a ticket is closed, and then on with what was to be done.
async function askMissing({ detail: { number, goOn = null } }) {
  if (thread.number() !== number) await desk.open(number);
  dialog.goOn = null;
  await openSheet(`/tickets/${number}/fields/missing/${goOn ? '' : '?close'}`);
  dialog.goOn = goOn;
}

function manyFields(form) {
  const id = $('select', form).value;
  const input = form.elements[`field-${id}`];
  const value = input.type === 'checkbox' ? (input.checked ? '1' : '') : input.value;
  if (bulk.any()) return bulk.act('field', { value: `${id}=${value}` });
  send(`/tickets/${thread.number()}/fields/`, [['field', id], ['value', value]]).catch(complain);
}

function chooseField({ target }) {
  if (target.id !== 'many-field') return;
  for (const one of $$('[data-of-field]', target.form)) one.hidden = one.dataset.ofField !== target.value;
}

function find({ target }) {
  if (!target.dataset.find) return;
  clearTimeout(timer);
  const mine = ++asked;
  timer = setTimeout(async () => {
    const html = await get(`${target.dataset.find}?q=${encodeURIComponent(target.value)}`).catch(() => null);
    if (html === null || mine !== asked || !target.isConnected) return;
    const found = $('.found', target.form);
    found.replaceChildren(build(html));
    const only = $$('input', found);
    if (only.length) only[0].checked = true;
  }, PAUSE);
}

// Of two rows that are picked: the one into the other. `picked` is gone once the ticket that stays is opened.
function join(button) {
  if (!bulk.any()) return openFor('merging', button);
  const [one, other, ...more] = bulk.picked().map(list.numberOf);
  if (!other || more.length || bulk.whole()) return say(text('two_to_merge'));
  return openSheet(`/tickets/${one}/merging/?other=${other}`);
}

const openFor = (path, button) =>
  openSheet(`/tickets/${thread.number()}/${path}/${button?.dataset.message ? `?message=${button.dataset.message}` : ''}`);

export function startSheet() {
  performSteps(takeBack);
  if (!dialog) return;
  dialog.addEventListener('submit', submit);
  dialog.addEventListener('input', find);
  dialog.addEventListener('change', chooseField);
  dialog.addEventListener('close', () => (dialog.goOn = null));
  document.addEventListener('bulk:asks', ({ detail }) => openSheet(detail));
  document.addEventListener('fields:missing', (event) => askMissing(event).catch(complain));
  document.addEventListener('click', async ({ target }) => {
    const opener = target.closest('[data-sheet]');
    if (opener) return openSheet(opener.dataset.sheet);
    const button = target.closest('[data-post]');
    if (!button) return;
    button.disabled = true;
    await send(button.dataset.post, new URLSearchParams(button.dataset.send ?? '')).catch(complain);
    button.disabled = false;
  });
  const may = () => thread.number() !== null && $('#thread-head [data-menu=more]') !== null;
  command('follow', async () => {
    const data = thread.ticket().following ? [['off', '1']] : [];
    const answer = await send(`/tickets/${thread.number()}/follow/`, data).catch(complain);
    if (answer) thread.ticket().following = answer.following;
  }, { when: () => thread.number() !== null });
  command('field', () => openSheet('/fields/sheet/'), { when: () => bulk.any() || may() });
  command('join', join, { when: () => Boolean(list.rows) && (bulk.any() || may()) });
  for (const [name, path] of [['ask', 'asking'], ['hand-over', 'handing'], ['split', 'splitting'], ['link', 'linking']])
    command(name, (button) => openFor(path, button), { when: may });
}
