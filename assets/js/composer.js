// The composer of the open ticket: what is written, to whom, how it leaves. It is drawn once when a ticket is opened
// and never again by what others do; what they did is compared when the reply is sent.

import { $, $$, command, kept, read, run, text } from './core.js';
import * as desk from './desk.js';
import { Draft } from './drafts.js';
import { get } from './http.js';
import { mark } from './list.js';
import { Passing } from './passing.js';
import { wrote } from './presence.js';
import { Recipients } from './recipients.js';
import * as thread from './thread.js';
import { say } from './toast.js';
import { Uploads } from './uploads.js';
import { isBlank, Words } from './words.js';

const STATES = { saving: 'saving', saved: 'saved', not_saved: 'not_saved' };
const REPLY = 'outbound';
const FORWARD = 'forward';
const SEND_AS = 'send-as';
const TOOLS = 'composer-tools';
let open = null;
let deliver = () => {};

export const current = () => open;

class Composer {
  constructor(form) {
    this.form = form;
    this.compose = read('compose', form);
    this.number = this.compose.ticket;
    this.button = $('[data-send]', form);
    this.mayReply = $('[data-mode-to=reply]', form) !== null;
    this.seen = thread.ticket().sequence; // a reply answers what stood there when it was begun
    this.confirmed = [];
    this.client = null;
    this.recipients = new Recipients(form, () => this.edited());
    this.words = new Words(form, { changed: () => this.edited(), files: (files) => this.uploads.take(files, { inline: true }) });
    this.uploads = new Uploads(form, this.number, this.words);
    this.uploads.show(this.compose.files);
    this.passing = new Passing(form, this.number);
    this.drafts = {};
    for (const kind of [REPLY, 'note', FORWARD]) {
      this.drafts[kind] = new Draft(this.number, kind, this.compose.drafts[kind], (state) => this.kind === kind && this.tell(state));
    }
    form.dataset.then = kept(SEND_AS) ?? '';
    this.switchTo(this.startMode());
    if (kept(TOOLS)) this.showTools(true);
    this.listen();
    if (this.mayReply && isBlank(this.draft) && !isBlank(this.drafts[FORWARD])) this.passOn(this.drafts[FORWARD].about);
  }

  startMode() {
    if (!this.mayReply) return 'note';
    return isBlank(this.drafts[REPLY]) && !isBlank(this.drafts.note) ? 'note' : 'reply';
  }

  get kind() {
    const { mode } = this.form.dataset;
    return mode === 'reply' ? REPLY : mode;
  }

  get draft() {
    return this.drafts[this.kind];
  }

  listen() {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.send();
    });
    this.form.addEventListener('click', ({ target }) => {
      const mode = target.closest('[data-mode-to]')?.dataset.modeTo;
      if (mode) this.switchTo(mode, { focus: true });
    });
  }

  // A reply and a note are two texts: a note can not leave for the customer by a slip of the switch.
  switchTo(mode, { focus = false } = {}) {
    this.form.dataset.mode = mode;
    for (const button of $$('[data-mode-to]', this.form)) button.setAttribute('aria-pressed', String(button.dataset.modeTo === mode));
    this.words.hint(this.form.dataset[`hint${mode[0].toUpperCase()}${mode.slice(1)}`]);
    this.words.show(this.draft);
    this.passing.show(mode === 'forward');
    this.showSignature(mode !== 'note');
    this.showRecipients(this.draft.recipients);
    if (mode === 'reply') this.tellAside();
    this.tell(isBlank(this.draft) ? '' : 'saved');
    this.label();
    if (focus) this.focus();
  }

  // What will stand below the reply.
  showSignature(on) {
    const box = $('.sig', this.form);
    box.hidden = !on || !this.compose.signature;
    $('p', box).textContent = this.compose.signature ?? '';
  }

  showRecipients(drafted) {
    const { to, known } = this.compose;
    const own = drafted?.to?.length || drafted?.cc?.length || drafted?.bcc?.length;
    if (this.kind === FORWARD) this.recipients.show(own ? drafted : {}, []);
    else this.recipients.show(own ? drafted : { to }, known);
    this.markReplyAll();
    this.warn();
  }

  // How this one message is sent, whatever is chosen otherwise.
  sendAs(then) {
    this.form.dataset.then = then;
    this.label();
  }

  label() {
    const key = this.kind === 'note' ? 'add_note' : this.kind === FORWARD ? 'forward' : { pending: 'send_pending', solved: 'send_solved', snooze: 'send_snooze' }[this.form.dataset.then.split('-')[0]] ?? 'send';
    $('span', this.button).textContent = text(key);
  }

  focus() {
    this.words.focus();
  }

  edited() {
    const written = this.words.value();
    const blank = isBlank(written);
    if (blank && this.kind === REPLY) this.seen = thread.ticket()?.sequence ?? this.seen;
    this.client = null;
    this.draft.change(written, this.kind === 'note' ? {} : this.recipients.lists);
    mark(this.number, 'draft', written.text.trim());
    wrote(!blank);
    this.tell(blank ? '' : 'saving');
    this.markReplyAll();
    this.warn();
  }

  // The bar of the editor; whether it is open is remembered.
  async showTools(show = $('.tools', this.form).hidden) {
    $('.tools', this.form).hidden = !show;
    $('[data-cmd=formatting]', this.form).setAttribute('aria-expanded', String(show));
    kept(TOOLS, show ? '1' : null);
    if (!(await this.words.load())) say(text('failed'));
  }

  tell(state) {
    const line = $('.saved', this.form);
    line.textContent = STATES[state] ? text(STATES[state]) : '';
    line.classList.toggle('bad', state === 'not_saved');
  }

  // ---- to whom

  toggleRecipients(show = $('.rcp', this.form).hidden) {
    $('.rcp', this.form).hidden = !show;
    $('[data-cmd=recipients]', this.form)?.setAttribute('aria-expanded', String(show));
    if (show) $('.rcp input', this.form).focus();
  }

  replyAll() {
    const { lists } = this.recipients;
    const all = this.compose.all;
    if (this.repliesToAll()) lists.cc = lists.cc.filter((one) => !all.some(({ address }) => address === one.address));
    else this.recipients.add('cc', all);
    this.recipients.edited();
    if (this.repliesToAll()) this.toggleRecipients(true);
  }

  repliesToAll() {
    const { all } = this.compose;
    return all.length > 0 && all.every(({ address }) => this.recipients.everyone().some((one) => one.address === address));
  }

  markReplyAll() {
    const button = $('[data-cmd=reply-all]', this.form);
    button.setAttribute('aria-pressed', String(this.repliesToAll()));
    button.hidden = !this.compose.all.length;
  }

  warn() {
    const line = $('[data-differs]', this.form);
    const first = this.compose.to[0]?.address;
    const differs = this.compose.differs && this.recipients.lists.to.some((one) => one.address === first);
    line.hidden = !differs;
    if (differs) $('span', line).textContent = text('answers_go', first);
  }

  // ---- sending

  // Empties the composer and gives what was in it away; whoever takes it brings it back if it could not be sent.
  send({ then = this.form.dataset.then, expected = this.seen, later = null } = {}) {
    this.recipients.commit();
    const { kind, recipients, compose, confirmed } = this;
    const written = this.words.value();
    if (kind !== FORWARD && isBlank(written) && !this.uploads.files.length) return this.focus();
    if (this.uploads.busy()) return say(text('still_uploading'));
    if (kind !== 'note' && !this.mayLeave(then, later)) return;
    this.client ??= crypto.randomUUID();
    const job = {
      client: this.client, number: this.number, kind: kind === REPLY ? 'reply' : kind, ...written,
      recipients: structuredClone(recipients.lists), files: this.uploads.release(), answers: compose.answers,
      expected, then: kind === REPLY ? then : '', confirmed: [...confirmed], at: Date.now(),
      ...(kind === REPLY ? this.manner() : {}),
      ...(kind === FORWARD ? this.passing.chosen() : later ? { later } : {}),
    };
    const settled = this.draft.busy;
    this.draft.forget();
    this.client = null;
    this.words.show();
    if (kind === REPLY) this.seen = thread.ticket()?.sequence ?? this.seen;
    this.tell('');
    mark(this.number, 'draft', false);
    wrote(false);
    if (kind === FORWARD || this.aside) this.answerCustomer();
    // Or the next single key, Z above all, would be written into the empty composer.
    $('#subject')?.focus({ preventScroll: true });
    deliver(job, settled);
  }

  // What the channel can do beside words; each is for this one answer.
  manner() {
    const privately = $('[name=privately]', this.form);
    const choices = $('[name=choices]', this.form);
    const chosen = { privately: privately?.checked || undefined, choices: choices?.value.split(',').map((one) => one.trim()).filter(Boolean) };
    if (privately) privately.checked = false;
    if (choices) choices.value = '';
    return chosen;
  }

  mayLeave(then, later) {
    if (!this.compose.channel.addressed && this.kind === REPLY) return true;
    const wrong = this.recipients.invalid();
    if (wrong || !this.recipients.everyone().length) {
      this.toggleRecipients(true);
      say(wrong ? text('no_address', wrong.address) : text('to_nobody'));
      return false;
    }
    const outside = this.recipients.outside().filter((address) => !this.confirmed.includes(address));
    if (outside.length) document.dispatchEvent(new CustomEvent('composer:outside', { detail: { addresses: outside, then, later } }));
    return !outside.length;
  }

  // ---- passing on, and answering somebody who was asked aside

  // `about` is a message, or nothing for all that was said with the customer.
  async passOn(about) {
    if (!(await this.passing.load(about))) return;
    const draft = this.drafts[FORWARD];
    if (draft.about !== about) Object.assign(draft, { about: about ?? null });
    this.switchTo('forward');
    this.toggleRecipients(true);
  }

  async answerAside(message) {
    this.compose = { ...this.compose, ...(await get(`/tickets/${this.number}/answering/?message=${message}`)) };
    this.drafts[REPLY].about = message;
    this.drafts[REPLY].recipients = {};
    $('.rcp', this.form).hidden = true;
    this.switchTo('reply', { focus: true });
  }

  get aside() {
    return this.drafts[REPLY].about;
  }

  // Back to the customer's last message.
  async answerCustomer() {
    const { compose } = await get(`/tickets/${this.number}/updates/?event=${thread.lastEvent()}`);
    this.drafts[REPLY].about = null;
    this.drafts[REPLY].recipients = {};
    this.compose = { ...compose, drafts: this.compose.drafts, files: this.compose.files };
    $('.rcp', this.form).hidden = true;
    this.switchTo('reply');
  }

  tellAside() {
    const line = $('[data-aside]', this.form);
    line.hidden = !this.aside;
    if (this.aside) $('span', line).textContent = text('goes_aside', this.compose.to[0]?.name || this.compose.to[0]?.address);
  }

  // A text that could not be sent, or was taken back. What has been begun since stays below it.
  bringBack({ kind, text: words, html, recipients, files, client, expected }) {
    this.switchTo(kind === 'note' || !this.mayReply ? 'note' : kind);
    const begun = this.words.value();
    this.words.show(joined({ text: words, html }, begun));
    if (recipients) this.recipients.show(recipients);
    if (files?.length) this.uploads.show([...this.uploads.files, ...files]);
    this.edited();
    if (isBlank(begun)) this.client = client ?? null;
    if (expected !== undefined) this.seen = expected;
    this.focus();
  }

  // The server's own copy, after a reply was withdrawn: it already holds both texts.
  async restart(compose, kind = REPLY) {
    this.compose = compose;
    const { text: words = '', html = '', about = null, recipients = {}, revision = 0 } = compose.drafts[kind] ?? {};
    Object.assign(this.drafts[kind], { text: words, html, about, recipients, revision });
    this.uploads.show(compose.files);
    this.seen = thread.ticket().sequence;
    if (kind === FORWARD) await this.passOn(about);
    else this.switchTo('reply', { focus: true });
    this.edited();
  }

  // The ticket went on: an untouched composer follows, one with words in it stays with what it answers.
  follow(compose, before) {
    const now = thread.ticket().sequence;
    if (!isBlank(this.drafts[REPLY]) || this.aside || this.kind === FORWARD) return;
    this.seen = Math.max(now, before);
    this.compose = { ...this.compose, answers: compose.answers, to: compose.to, all: compose.all, differs: compose.differs, known: compose.known };
    if (!this.recipients.touched) this.showRecipients(null);
  }

  caughtUp(sequence) {
    this.seen = Math.max(this.seen, sequence);
  }

  empty() {
    return this.words.isEmpty() && !this.uploads.files.length;
  }

  discard() {
    this.words.show();
    this.draft.change({ text: '', html: '' }, {});
    mark(this.number, 'draft', false);
    return this.draft.save();
  }

  close() {
    this.uploads.close();
    this.words.close();
  }

  save() {
    return Promise.all(Object.values(this.drafts).map((draft) => draft.save()));
  }
}

// Two texts in one: both as HTML when either has any formatting.
function joined(first, second) {
  if (isBlank(second) || second.text === first.text) return first;
  if (!first.html && !second.html) return { text: `${first.text}\n\n${second.text}` };
  return { text: `${first.text}\n\n${second.text}`, html: asHtml(first) + asHtml(second) };
}

function asHtml({ text: words, html }) {
  if (html) return html;
  const holder = document.createElement('div');
  for (const part of words.split(/\n\s*\n/)) {
    const paragraph = document.createElement('p');
    paragraph.append(...part.split('\n').flatMap((line, index) => (index ? [document.createElement('br'), line] : [line])));
    holder.append(paragraph);
  }
  return holder.innerHTML;
}

function mount() {
  open?.close();
  const form = $('#composer');
  open = form ? new Composer(form) : null;
}

function leave() {
  open?.save();
}

const isReply = () => open !== null && open.mayReply;

function write(mode) {
  open.switchTo(mode, { focus: true });
}

export function startComposer(given) {
  if (!$('#thread')) return;
  deliver = given;
  desk.beforeLeaving(leave);
  addEventListener('pagehide', leave);
  document.addEventListener('visibilitychange', () => document.hidden && leave());
  document.addEventListener('ticket:opened', mount);
  document.addEventListener('ticket:left', () => {
    open?.close();
    open = null;
  });
  document.addEventListener('ticket:changed', ({ detail }) => open?.follow(detail.compose, detail.before));
  document.addEventListener('send:later', ({ detail }) => !detail.message && open?.send({ later: detail }));
  document.addEventListener('send:as', ({ detail }) => {
    kept(SEND_AS, detail || null);
    if (!open) return;
    open.form.dataset.then = detail;
    open.label();
    open.words.focus();
  });
  command('reply', () => write('reply'), { when: isReply });
  command('note', () => write('note'), { when: () => open !== null });
  command('attach', () => open.uploads.choose(), { when: () => open !== null });
  command('formatting', () => open.showTools(), { when: () => open !== null });
  command('recipients', () => open.toggleRecipients(), { when: isReply });
  command('reply-all', () => open.replyAll(), { when: isReply });
  command('forward', (button) => open.passOn(Number(button?.dataset.message) || null), { when: isReply });
  command('answer-aside', (button) => open.answerAside(Number(button.dataset.message)), { when: isReply });
  command('answer-customer', () => open.answerCustomer(), { when: isReply });
  command('send', () => open.send(), { when: () => open !== null });
  command('send-only', () => open.send({ then: '' }), { when: () => open !== null });
  document.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== 'Enter' || event.isComposing || !event.target.closest?.('#composer')) return;
    event.preventDefault();
    run(event.shiftKey ? 'send-only' : 'send');
  });
  mount();
}
