// What the socket says, shown: rows, the open ticket, counts, the bell, the line that tells of being offline.

import { $, $$, app, page, text } from './core.js';
import * as desk from './desk.js';
import { get } from './http.js';
import * as list from './list.js';
import * as live from './live.js';
import * as thread from './thread.js';
import { complain, say } from './toast.js';

const MOST_SHOWN = 9_999;
const DEEP_EVERY = 10_000;

const on = (name, act) => document.addEventListener(`live:${name}`, ({ detail }) => act(detail));
// Counts that stop early come as words.
const label = (count) => (!count ? '' : count > MOST_SHOWN ? `${MOST_SHOWN}+` : String(count));

function showCounts(counts) {
  for (const [key, count] of Object.entries(counts)) {
    for (const link of $$(`a[data-view-key="${key}"]`)) $('.cnt', link).textContent = label(count);
    const head = $(`[data-view-count="${key}"]`);
    if (head) head.textContent = label(count);
  }
  desk.retitle();
}

function showUnread(unread) {
  for (const place of $$('[data-bell-count]')) place.textContent = label(unread);
}

// Counts and bell again, as the database has them.
async function recount() {
  const { counts, notices } = await get('/inbox/counts/');
  showCounts(counts);
  showUnread(notices);
}

// What no tally counts is asked for, now and then, while something changes.
let deepAt = 0;
let deepSoon = 0;
function recountDeep() {
  if (!$('a[data-deep]') || deepSoon || document.hidden) return;
  deepSoon = setTimeout(() => {
    deepSoon = 0;
    deepAt = Date.now();
    recount().catch(() => {});
  }, Math.max(0, deepAt + DEEP_EVERY - Date.now()));
}

// Each minute a look at what stands first is enough: nothing is known to be missing.
async function resync({ reason }) {
  try {
    await Promise.all([list.resync({ whole: reason !== 'minute' }), thread.refresh(), recount()]);
  } catch (error) {
    // Being offline has its own line; the next round tries again.
    if (error.status === 401) complain(error);
  }
}

export function startWiring() {
  on('upsert', ({ ticket, html }) => {
    desk.outdated(ticket);
    list.arrive(html);
  });
  on('remove', ({ ticket, reason }) => {
    desk.outdated(ticket);
    list.leave(ticket);
    if (reason === 'scope' && ticket === thread.number()) document.dispatchEvent(new CustomEvent('ticket:gone'));
  });
  on('ticket', ({ ticket }) => {
    desk.outdated(ticket);
    if (ticket === thread.number()) thread.refresh();
  });
  on('viewing', ({ ticket, event_sequence: last }) => {
    if (ticket !== null && ticket === thread.number() && last > thread.lastEvent()) thread.refresh();
  });
  on('counts', ({ counts }) => {
    showCounts(counts);
    recountDeep();
  });
  on('notices', ({ unread }) => showUnread(unread));
  // The page around a column says it.
  on('toast', ({ text: words, href }) => app.matches('.beside') || say(words, { href, patient: true }));
  on('resync', resync);
  on('state', ({ online, signedOut }) => {
    const bar = $('#offline');
    if (bar) bar.hidden = online || signedOut;
    page.toggleAttribute('data-offline', !online);
    if (signedOut) say(text('signed_out'), { href: location.href, seconds: 3600 });
  });
  desk.tell();
  live.start();
}
