// What a ticket's channel shows above its conversation (a chat: who is here, typing both ways, what may be done with
// it). The page asks for it by its own address and knows nothing of what is in it: buttons name the address they post
// to (data-panel-post, with their other data), or the address of a form (data-panel-form) that is shown in a dialog.

import { $, build } from './core.js';
import { get, post } from './http.js';
import * as thread from './thread.js';
import { localise } from './times.js';
import { askOrComplain, complain } from './toast.js';

const LOOK_EVERY = 20_000;
const TYPING_SECONDS = 6_000;
const SAY_EVERY = 3_000;
let saidAt = 0;
let quiet = 0;

let typingUntil = 0;

async function look() {
  const place = $('#panel');
  if (!place || document.hidden) return;
  try {
    const html = await get(place.dataset.panel + (Date.now() < typingUntil ? '?typing=1' : ''));
    if (place.isConnected) show(place, build(html));
  } catch {
    // A courtesy: the next round tries again.
  }
}

// What somebody opened or is about to press stays where it is.
function show(place, fresh) {
  const opened = place.querySelector('details[open]') !== null;
  const focused = place.contains(document.activeElement) && [...place.querySelectorAll('button, summary, a')].indexOf(document.activeElement);
  place.replaceChildren(fresh);
  if (opened) place.querySelector('details')?.setAttribute('open', '');
  if (focused !== false && focused >= 0) place.querySelectorAll('button, summary, a')[focused]?.focus();
  localise(place);
}

function heard({ detail }) {
  if (detail.ticket !== thread.number()) return;
  clearTimeout(quiet);
  if (detail.typing !== undefined) typingUntil = detail.typing ? Date.now() + TYPING_SECONDS : 0;
  look();
  if (typingUntil) quiet = setTimeout(look, TYPING_SECONDS + 100);
}

function writing(event) {
  const place = $('#panel');
  const composer = event.target.closest?.('#composer[data-mode=reply]');
  if (!place || !composer || Date.now() - saidAt < SAY_EVERY) return;
  saidAt = Date.now();
  post(place.dataset.panel.replace('/panel/', '/typing/')).catch(() => {});
}

async function pressed({ target }) {
  const button = target.closest?.('[data-panel-post], [data-panel-form]');
  if (!button) return;
  const { panelPost, panelForm, ...data } = button.dataset;
  if (panelForm) return openForm(panelForm);
  button.disabled = true;
  await act(panelPost, data);
  button.disabled = false;
}

async function act(address, data) {
  const number = thread.number();
  try {
    await post(address, data);
    await thread.refresh();
  } catch (error) {
    askOrComplain(error, number, () => act(address, data));
  }
  look();
}

async function openForm(address) {
  let dialog;
  try {
    dialog = build(await get(address)).querySelector('dialog');
  } catch (error) {
    return complain(error);
  }
  document.body.append(dialog);
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', ({ target }) => target.closest('[value=cancel]') && dialog.close());
  dialog.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(dialog, event.submitter.value, new FormData(event.target));
  });
  dialog.showModal();
}

async function submit(dialog, address, form) {
  try {
    await post(address, Object.fromEntries(form));
    dialog.close();
    await thread.refresh();
    look();
  } catch (error) {
    const wrong = $('.err', dialog);
    wrong.textContent = error.message;
    wrong.hidden = false;
  }
}

export function startPanel() {
  document.addEventListener('ticket:opened', () => {
    typingUntil = 0;
    look();
  });
  document.addEventListener('live:panel', heard);
  // What changed about the ticket may change what can be done with it.
  document.addEventListener('live:ticket', ({ detail }) => detail.ticket === thread.number() && look());
  document.addEventListener('live:resync', () => look());
  document.addEventListener('input', writing);
  document.addEventListener('click', pressed);
  setInterval(look, LOOK_EVERY);
  look();
}
