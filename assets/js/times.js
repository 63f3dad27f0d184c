// Ages that stay true, and moments drawn in the agent's own time zone.

import { $$, page, text } from './core.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const zone = document.body.dataset.zone || undefined;
const formats = new Map();

function format(name, options) {
  if (!formats.has(name)) {
    try {
      formats.set(name, new Intl.DateTimeFormat(page.lang, { timeZone: zone, ...options }));
    } catch {
      formats.set(name, new Intl.DateTimeFormat(page.lang, options));
    }
  }
  return formats.get(name);
}

const clock = (at) => format('clock', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at);
const date = (at) => format('date', { day: 'numeric', month: 'short' }).format(at);
const sameDay = (one, other) => format('day', { dateStyle: 'short' }).format(one) === format('day', { dateStyle: 'short' }).format(other);

export function age(at, now = Date.now()) {
  const passed = Math.max(0, now - at);
  if (passed < MINUTE) return text('now');
  if (passed < HOUR) return text('m', Math.floor(passed / MINUTE));
  if (passed < DAY) return text('h', Math.floor(passed / HOUR));
  if (passed < 7 * DAY) return text('d', Math.floor(passed / DAY));
  return null;
}

// Rows that came over the socket were drawn in no zone in particular.
export function localise(root) {
  for (const time of $$('time[data-until]', root)) {
    const at = new Date(time.dateTime);
    time.textContent = sameDay(at, new Date()) ? clock(at) : `${date(at)}, ${clock(at)}`;
  }
  freshen(root);
}

export function freshen(root = document) {
  const now = Date.now();
  for (const time of $$('time[data-age]', root)) {
    const shown = age(Date.parse(time.dateTime), now);
    if (shown !== null && time.textContent !== shown) time.textContent = shown;
  }
}

export function startClock() {
  setInterval(() => document.hidden || freshen(), 30_000);
  document.addEventListener('visibilitychange', () => document.hidden || freshen());
}
