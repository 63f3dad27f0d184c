// What a ticket's channel shows above its conversation (a chat: who is here, and typing both ways). The page asks for
// it by its own address and knows nothing of what is in it.

import { $, build } from './core.js';
import { get, post } from './http.js';
import * as thread from './thread.js';

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
    if (place.isConnected) place.replaceChildren(build(html));
  } catch {
    // A courtesy: the next round tries again.
  }
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

export function startPanel() {
  document.addEventListener('ticket:opened', () => {
    typingUntil = 0;
    look();
  });
  document.addEventListener('live:panel', heard);
  document.addEventListener('live:resync', () => look());
  document.addEventListener('input', writing);
  setInterval(look, LOOK_EVERY);
  look();
}
