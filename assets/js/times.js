// Ages that stay true, and moments drawn in the agent's own time zone.

import { $, $$, build, page, text } from './core.js';
import { get } from './http.js';

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
  countDown(root);
  countUp(root);
}

export function freshen(root = document) {
  const now = Date.now();
  for (const time of $$('time[data-age]', root)) {
    const shown = age(Date.parse(time.dateTime), now);
    if (shown !== null && time.textContent !== shown) time.textContent = shown;
  }
}

// What a clock shows elsewhere.
function tickClocks() {
  for (const time of $$('time[data-clock]'))
    time.textContent = new Intl.DateTimeFormat('en-GB', { timeZone: time.dataset.clock, hour: '2-digit', minute: '2-digit' }).format(new Date());
}

function span(length) {
  if (length < MINUTE) return text('s', Math.floor(length / 1000));
  if (length < HOUR) return text('m', Math.floor(length / MINUTE));
  if (length < DAY) return text('hm', Math.floor(length / HOUR), String(Math.floor((length % HOUR) / MINUTE)).padStart(2, '0'));
  return text('dh', Math.floor(length / DAY), Math.floor((length % DAY) / HOUR));
}

// How long somebody who sits and waits has waited: by the second in the first ten minutes.
export function countUp(root = document) {
  const now = Date.now() + skew;
  for (const time of $$('time[data-waits]', root)) {
    const passed = Math.max(0, now - Date.parse(time.dateTime));
    const shown = passed > MINUTE && passed < 10 * MINUTE ? text('ms', Math.floor(passed / MINUTE), String(Math.floor((passed % MINUTE) / 1000)).padStart(2, '0')) : span(passed);
    if (time.textContent !== shown) time.textContent = shown;
  }
}

// The browser's clock may be wrong by minutes; what the server said it was decides, as with the deadline itself.
const skew = Number(document.body.dataset.now || Date.now()) - Date.now();

// Deadlines count down, turn amber and red when their moments come, and then count how late it is.
export function countDown(root = document) {
  const now = Date.now() + skew;
  for (const pill of $$('[data-due].pill', root)) {
    const { due, amber, red } = pill.dataset;
    const left = Date.parse(due) - now;
    const shown = left < 0 ? text('late', span(-left)) : span(left);
    const words = $('.left', pill);
    if (words.textContent !== shown) words.textContent = shown;
    const past = (at) => at && Date.parse(at) <= now;
    const bad = left <= 0 || past(red);
    pill.classList.toggle('bad', Boolean(bad));
    pill.classList.toggle('warn', !bad && Boolean(past(amber)));
  }
}

// A part of the page that stays true by asking again; hidden tabs do not ask.
export function startRefreshing() {
  for (const part of $$('[data-refresh]')) setInterval(() => refresh(part), 2_000);
}

export async function refresh(part) {
  if (document.hidden || part.contains(document.activeElement)) return;
  try {
    part.replaceChildren(build(await get(part.dataset.refresh ?? part.dataset.wall)));
    localise(part);
    countDown(part);
  } catch {
    // The next round asks again; what stands here was true a moment ago.
  }
}

export function startClock() {
  const tick = () => document.hidden || (freshen(), tickClocks());
  const count = () => document.hidden || (countDown(), countUp());
  setInterval(tick, 30_000);
  // Seconds matter in the last minute only, but the colours must change when their moment comes.
  setInterval(count, 1_000);
  document.addEventListener('visibilitychange', () => (tick(), count()));
  count();
}
