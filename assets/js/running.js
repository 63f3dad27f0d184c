// The agent's own chats of this moment, above whichever ticket is open: asked for where there may be any. What draws
// them is loaded with the first, and given what it works with.

import { $, $$, app, build, command, kept, run, text } from './core.js';
import * as desk from './desk.js';
import { get } from './http.js';
import { KEYS } from './keys.js';
import { send } from './live.js';
import * as thread from './thread.js';
import { localise } from './times.js';

const PAUSE = 700;
const place = $('#running');
let strip = null;
let soon = 0;
let lastAt = 0;

async function ask() {
  soon = 0;
  lastAt = Date.now();
  try {
    const html = await get(place.dataset.running);
    if (html) strip ??= (await import(place.dataset.script)).start({ $, $$, KEYS, app, build, command, kept, localise, look, number: thread.number, open: desk.open, place, run, send, text });
    strip?.draw(html);
  } catch {
    // A courtesy: the next round tries again.
  }
}

function look() {
  if (!document.hidden) soon ||= setTimeout(ask, Math.max(0, lastAt + PAUSE - Date.now()));
}

export function startRunning() {
  if (!place) return;
  for (const name of ['live:chat', 'live:notices', 'live:resync', 'ticket:changed', 'visibilitychange']) document.addEventListener(name, look);
  look();
}
