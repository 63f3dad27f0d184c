// What is being written, kept: at every keystroke in this browser, 800 ms after the last one on the server.

import { kept, me } from './core.js';
import { Offline, post, Refusal } from './http.js';
import { isBlank } from './words.js';

const PAUSE = 800;
const LONGEST_WAIT = 30_000;
const BEGUN = Date.now();

const place = (number, kind) => `draft:${me}:${number}:${kind}`;

// What the server has is no longer needed here, unless it came there after this page was asked for: then the page was
// drawn without it. (A page that is left lives on until the next one answers, and goes on saving.)
function readLocal(number, kind) {
  try {
    const local = JSON.parse(kept(place(number, kind)) || 'null');
    return local?.saved && (local.saved < performance.timeOrigin || local.saved > BEGUN) ? null : local;
  } catch {
    return null;
  }
}

const bare = (list) => JSON.stringify((list ?? []).map((one) => one.address ?? one));

function send(number, kind, { text, html, about, recipients, revision }) {
  const data = { kind: kind === 'outbound' ? 'reply' : kind, revision, ...(html ? { html } : { text }) };
  if (about) data.about = about;
  if (isBlank({ text, html })) data.discard = 1;
  for (const field of ['to', 'cc', 'bcc']) data[field] = bare(recipients?.[field]);
  return post(`/tickets/${number}/draft/`, data, { keepalive: true });
}

export class Draft {
  // `stored` is what the server had when the page was drawn; what this browser kept later is newer.
  constructor(number, kind, stored, tell) {
    Object.assign(this, { number, kind, tell, revision: stored?.revision ?? 0, dirty: false, waits: 0, busy: null });
    const local = readLocal(number, kind);
    const newer = local && local.revision > this.revision;
    const from = newer ? local : stored;
    this.text = from?.text ?? '';
    this.html = from?.html ?? '';
    this.about = from?.about ?? null;
    this.recipients = from?.recipients ?? {};
    if (newer) {
      this.revision = local.revision;
      this.dirty = true;
      this.later(0);
    } else {
      kept(place(number, kind), null);
    }
  }

  change({ text, html }, recipients) {
    this.text = text;
    this.html = html;
    this.recipients = recipients;
    this.revision = Math.max(this.revision + 1, Date.now());
    this.dirty = true;
    this.keep();
    this.later(PAUSE);
  }

  keep(more = {}) {
    const { text, html, about, recipients, revision } = this;
    kept(place(this.number, this.kind), JSON.stringify({ text, html, about, recipients, revision, ...more }));
  }

  later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }

  // Saves what is not saved yet, now; one request at a time, so that none overtakes another.
  async save() {
    clearTimeout(this.timer);
    if (this.busy) await this.busy;
    if (!this.dirty) return;
    this.busy = this.attempt();
    await this.busy;
    this.busy = null;
  }

  async attempt() {
    const { revision } = this;
    this.dirty = false;
    this.tell('saving');
    try {
      const { saved } = await send(this.number, this.kind, this);
      this.waits = 0;
      if (!saved) this.revision = Math.max(this.revision + 1, Date.now());
      if (this.revision === revision) this.keep({ saved: Date.now() });
      this.tell(isBlank(this) ? '' : 'saved');
    } catch (error) {
      this.dirty = true;
      this.tell('not_saved');
      const forGood = error instanceof Refusal && error.status < 500;
      if (!forGood || error instanceof Offline) this.later(Math.min(LONGEST_WAIT, 2_000 * 2 ** this.waits++));
    }
  }

  // It was sent: nothing of it is to be saved any more.
  forget() {
    clearTimeout(this.timer);
    Object.assign(this, { text: '', html: '', about: null, recipients: {}, dirty: false });
    kept(place(this.number, this.kind), null);
    this.tell('');
  }
}

// Puts a text that could not be sent back as the draft of a ticket that is not on the screen.
export function keepFor(number, kind, { text, html = '' }, recipients) {
  const draft = new Draft(number, kind, null, () => {});
  const both = draft.text && draft.text !== text && !html && !draft.html;
  draft.change({ text: both ? `${text}\n\n${draft.text}` : text, html }, recipients);
  return draft.save();
}
