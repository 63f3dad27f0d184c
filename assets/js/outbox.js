// Messages on their way to the server. Each has an id of its own, so that trying again never makes a second one;
// they are kept in this browser until the server has answered, so that neither a reload nor a dead line loses one.

import { kept, me } from './core.js';
import { Offline, post, Refusal } from './http.js';
import * as thread from './thread.js';

const AGAIN = 8_000;
const TOO_OLD = 60 * 60_000;
const place = `outbox:${me}`;
const jobs = new Map();
const lines = new Map();
let hooks = {};
let timer = 0;

const keep = () => kept(place, jobs.size ? JSON.stringify([...jobs.values()]) : null);

// `job` is {client, number, kind, text, recipients, files, answers, expected, then, confirmed, at}.
// It is kept at once and goes when `settled` is: a draft still on its way must not come back after the message that
// took its place.
export async function dispatch(job, settled = null) {
  jobs.set(job.client, job);
  keep();
  // One after the other on a ticket, so that two quick replies keep their order and the first is no news to the second.
  const before = lines.get(job.number);
  const turn = (async () => {
    await settled;
    await before;
    await attempt(job);
  })();
  lines.set(job.number, turn.catch(() => {}));
  return turn;
}

// Whoever writes a second reply has seen their first.
function letKnow(number, sequence) {
  for (const job of waiting(number)) if (job.expected >= sequence - 1) job.expected = Math.max(job.expected, sequence);
}

export const waiting = (number) => [...jobs.values()].filter((job) => job.number === number);

function form(job) {
  const { client, kind, text, html, files, answers, expected, then, confirmed, recipients } = job;
  const data = { kind, ...(html ? { html } : { text }), client_id: client, attachments: files.map((file) => file.id), row: 1 };
  if (kind === 'note') return data;
  for (const field of ['to', 'cc', 'bcc']) data[field] = JSON.stringify(recipients[field].map((one) => one.address));
  if (kind === 'forward') return { ...data, confirmed, message: job.message, originals: job.originals };
  return { ...data, ...job.later, privately: job.privately ? 1 : null, choices: job.choices ?? [], answers, expected, then: then || null, confirmed };
}

async function attempt(job) {
  if (job.busy) return;
  job.busy = true;
  const base = thread.number() === job.number ? thread.lastEvent() : null;
  const url = `/tickets/${job.number}/${job.kind === 'forward' ? 'forwards' : 'messages'}/`;
  try {
    const answer = await post(url, { ...form(job), event: base }, { keepalive: true });
    done(job);
    letKnow(job.number, answer.sequence);
    hooks.sent(job, answer, base);
  } catch (error) {
    job.busy = false;
    if (error instanceof Offline) {
      keep();
      hooks.waits(job);
      tryAgainLater();
    } else {
      done(job);
      hooks.refused(job, error instanceof Refusal ? error : new Refusal(0, { message: error.message }));
    }
  }
}

function done(job) {
  jobs.delete(job.client);
  keep();
}

function tryAgainLater() {
  clearTimeout(timer);
  timer = setTimeout(tryAll, AGAIN);
}

async function tryAll() {
  for (const job of [...jobs.values()]) await attempt(job);
}

// What an earlier page left behind is tried again; what is old goes back to its author instead.
function resume() {
  let left = [];
  try {
    left = JSON.parse(kept(place) || '[]');
  } catch {
    kept(place, null);
  }
  for (const job of left) {
    delete job.busy;
    if (document.querySelector(`[data-client="${job.client}"]`)) continue;
    if (Date.now() - job.at > TOO_OLD) hooks.refused(job, new Refusal(0, {}));
    else dispatch(job);
  }
  keep();
}

export function startOutbox(given) {
  hooks = given;
  if (!me) return;
  resume();
  addEventListener('online', tryAll);
  document.addEventListener('live:state', ({ detail }) => detail.online && tryAll());
}
