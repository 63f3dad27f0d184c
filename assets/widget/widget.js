// The chat itself, inside its own frame: one conversation, kept true by asking for all since the last known place.

import { follow, makeArticle } from './article.js';
import { makeAsks } from './asks.js';
import { drawn, element, face, linked } from './dom.js';
import { makeEnding } from './ending.js';
import { makeFiles } from './files.js';
import { makeHome } from './home.js';
import { makeLine, Refused } from './line.js';
import { may } from './may.js';
import { articleAt, safeBody } from './safe.js';
import { makeSeek } from './seek.js';
import { chime } from './sound.js';
import { makeStore } from './store.js';

const settings = JSON.parse(document.getElementById('settings').textContent);
const { words } = settings;
const store = makeStore(settings.key);
const say = (name, values = {}) => Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, () => value), words[name]);
const NOBODY = { cursor: 0, first: 0, heard: 0, earlier: false, agentSeen: 0, known: false, email: '', name: '', chat: null, signed: false, order: null };
const told = { ...NOBODY, messages: new Map(), here: false, full: false, usually: null, opens: null, mails: true, away: null, agents: [], synced: false };
const sending = new Map();
const files = [];
let page = {};
let open = false;
let seen = new Set(); // places of replies that were looked at in this browser
const marks = { got: new Set(), seen: new Set() }; // what the helpdesk does not know of that yet
let queue = Promise.resolve();
let again = 0;
let typingUntil = 0;
let typist = '';
let saidTypingAt = 0;
let wait = 0;
let view = '';
let greeted = null;
let about = '';
let cameFrom = null;
let emoji = null;
let era = 0; // whose conversation this is: answers to questions of an earlier one are not taken
let offline = false;

document.documentElement.style.setProperty('--brand', settings.color);
document.documentElement.style.setProperty('--on', settings.ink);

// ---- the frame

const tool = (drawing, label, onclick) => element('button', { type: 'button', class: `tool ${drawing}`, 'aria-label': label, title: label, onclick }, drawn(drawing));
const closing = () => tool('close', words.close, () => tell('close'));
const title = element('h1', { dir: 'auto' }, settings.brand || words.title);
const status = element('p', { class: 'status' });
const portrait = element('div', { class: 'faces' });
const trouble = element('p', { class: 'trouble', role: 'status', hidden: true });
const log = element('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': words.log, onclick: readLinked });
const earlier = element('button', { type: 'button', class: 'plain', hidden: true, onclick: readEarlier }, words.earlier);
const typing = element('p', { class: 'typing', role: 'status' });
const queued = element('p', { class: 'queued', role: 'status', hidden: true });
const hello = element('p', { class: 'hello', dir: 'auto' }, settings.greeting);
const asks = makeAsks({ settings, onDone: () => text.focus() });
const leaving = element('form', { class: 'leaving', 'aria-label': words.email, hidden: true });
const chosen = element('ul', { class: 'chosen' });
const subject = element('p', { class: 'subject', hidden: true }, element('span', {}), element('button', { type: 'button', 'aria-label': words.dismiss, title: words.dismiss, onclick: () => (speakOf(''), text.focus()) }, drawn('close')));
const text = element('textarea', { rows: '1', maxlength: '5000', placeholder: words.write, 'aria-label': words.write, id: 'text', dir: 'auto' });
const picker = element('input', { type: 'file', multiple: true, hidden: true, tabindex: '-1' });
const attach = tool('clip', words.attach, () => picker.click());
const smile = tool('smile', words.emoji, chooseEmoji);
const send = element('button', { type: 'submit', class: 'send', 'aria-label': words.send, title: words.send }, drawn('send'));
const watched = settings.drafts ? element('p', { class: 'watched' }, words.watched) : null;
const form = element('form', { class: 'write', 'aria-label': words.write, novalidate: true }, subject, chosen, element('div', { class: 'box' }, attach, text, smile, send), watched, picker);
const sounds = element('button', { type: 'button', role: 'switch', 'aria-checked': 'false', onclick: () => listen(sounds.getAttribute('aria-checked') !== 'true') }, words.sound);
const ends = element('button', { type: 'button', onclick: endChat }, words.end);
const menu = element('details', { class: 'menu' }, element('summary', { 'aria-label': words.more, title: words.more }, drawn('more')), element('div', {}, sounds, ends));
const person = element('button', { type: 'button', class: 'plain person', hidden: true, onclick: () => press(person.lastChild.textContent) }, '');
const ending = makeEnding({ words, say, complain, post: (...how) => line.post(...how), email: () => told.email, refresh: () => sync() });
const sent = makeFiles({ words, say, tool, complain, post: (...how) => line.post(...how) });
const scroll = element('main', { class: 'scroll', tabindex: '0' }, hello, asks.node, earlier, log, ending.node, queued, typing);
const talk = element('div', { class: 'talk', hidden: true }, element('header', {}, tool('back', words.back, () => turn('home')), portrait, element('div', { class: 'names' }, title, status), menu, closing()), trouble, scroll, person, leaving, form);
const seek = makeSeek({ settings, say, onRead: readHere, onWrite: writeInstead });
const article = makeArticle({ settings, tool, closing, onBack: leaveArticle, onWrite: writeInstead });
const home = makeHome({ settings, say, closing, help: seek.node, onGo: () => turn('talk'), onOrder: (number) => (speakOf(number), turn('talk')) });
document.body.append(home.node, article.node, talk);

// One of the three is there; the others are hidden, not gone.
function turn(to, { focus = true } = {}) {
  view = to;
  if (to !== 'article') store.set('view', to);
  home.node.hidden = to !== 'home';
  talk.hidden = to !== 'talk';
  article.node.hidden = to !== 'article';
  if (to === 'talk') scroll.scrollTop = scroll.scrollHeight;
  readOrCount();
  describe();
  if (!asks.node.hidden) scroll.scrollTop = 0;
  if (!focus || !open) return;
  if (to === 'talk') asks.focus() || text.focus();
  else (to === 'home' ? home : article).focus();
}

// An article in place of what was there; one that does not come leaves all as it was.
async function readHere(address, opener, otherwise) {
  const from = view;
  opener.setAttribute('aria-busy', 'true');
  article.forget();
  try {
    if (!(await article.read(address)) || view !== from) return;
    cameFrom = { view: from, opener };
    turn('article');
  } catch {
    otherwise();
  } finally {
    opener.removeAttribute('aria-busy');
  }
}

function readLinked(event) {
  const link = event.target.closest('a');
  if (follow(event, link)) readHere(articleAt(link.href), link, () => window.open(link.href, '_blank', 'noopener'));
}

function leaveArticle() {
  turn(cameFrom.view);
  if (cameFrom.opener.isConnected) cameFrom.opener.focus();
}

// What was looked for in vain begins the message, to be sent or changed.
function writeInstead() {
  const fresh = !text.value && seek.query();
  if (fresh) text.value = fresh;
  turn('talk');
  grow();
  keepDraft();
}

// What the next words are about: an order, named above them.
function speakOf(number) {
  about = number;
  subject.hidden = !number;
  subject.firstChild.textContent = number && say('order', { number });
}

function listen(on) {
  sounds.setAttribute('aria-checked', String(on));
  store.set('sound', on ? '1' : '');
  if (on) chime();
}

async function endChat() {
  menu.open = false;
  try {
    await line.post('end', {});
    await sync();
    ending.node.scrollIntoView({ block: 'end' });
  } catch {
    complain('failed');
  }
}

const tell = (type, data) => parent.postMessage({ helpdesk: 1, type, data }, settings.origin);

function warn(said) {
  trouble.hidden = !said;
  if (trouble.textContent !== said) trouble.textContent = said;
}

// That nobody answers is said for as long as it is so; all else for some seconds.
function complain(code, values) {
  warn(say(code, values));
  clearTimeout(complain.timer);
  complain.timer = setTimeout(() => warn(offline ? words.offline : ''), 8_000);
}

function answered(error) {
  const now = Boolean(error) && (error.status === 0 || error.status >= 500);
  if (now === offline) return;
  offline = now;
  clearTimeout(complain.timer);
  warn(offline ? words.offline : '');
}

// In the order in which it was said: by number, but what left later than larger numbers stands where it left.
const CLOCKS = 5_000;
function inOrder() {
  const all = [...told.messages.values()].sort((a, b) => a.n - b.n);
  let least = Infinity;
  const late = new Set();
  for (const one of all.toReversed()) {
    if (one.from === 'agent' && one.at > least + CLOCKS) late.add(one);
    else least = Math.min(least, one.at);
  }
  const order = all.filter((one) => !late.has(one));
  for (const one of [...late].sort((a, b) => a.at - b.at)) order.splice(order.findLastIndex(({ at }) => at <= one.at) + 1, 0, one);
  return order;
}

const unreadOnes = () => [...told.messages.values()].filter((one) => one.from === 'agent' && !one.read && !seen.has(one.n));
const unread = () => unreadOnes().length;
const lastAgent = () => inOrder().findLast((one) => one.from === 'agent' && one.name && !one.bot);
const drawHome = () => home.draw(told, unread(), inOrder().at(-1), lastAgent());

function describe() {
  const usually = told.here && told.usually ? ` · ${say('usually', { n: told.usually })}` : '';
  status.textContent = told.synced ? (told.here ? words[told.full ? 'full' : 'here'] : settings.away || words.away) + usually : '';
  status.classList.toggle('here', told.here);
  const agent = lastAgent();
  title.textContent = agent?.name || settings.brand || words.title;
  portrait.replaceChildren(...(agent ? [face(agent)] : []));
  ending.draw(told.chat && { ...told.chat, sent: told.chat.sent || !told.mails });
  ends.hidden = !told.chat || told.chat.over;
  const place = told.chat && !told.chat.over && told.chat.place;
  queued.hidden = !place;
  const said = place ? say('place', { n: place }) : '';
  if (queued.textContent !== said) queued.textContent = said;
  drawHome();
  const wanted = told.synced && !told.chat && !sending.size;
  asks.draw({ wanted, known: { name: told.name, email: told.email, order: about }, here: told.here || !told.mails });
  leaving.hidden = told.signed || !told.known || !told.mails || Boolean(told.chat?.over);
  if (leaving.dataset.email !== told.email) drawLeaving();
}

function drawLeaving() {
  leaving.dataset.email = told.email;
  if (told.email) return leaving.replaceChildren(element('p', {}, say('kept', { email: told.email })));
  const field = element('input', { type: 'email', autocomplete: 'email', id: 'leaving', maxlength: '254', placeholder: words.email, 'aria-label': words.email });
  leaving.replaceChildren(element('label', { for: 'leaving' }, words.leaving), element('div', {}, field, element('button', { type: 'submit' }, words.save)));
}

// ---- the conversation

const dateOf = (at) => new Date(at).toDateString();
const time = (at) => new Date(at).toLocaleTimeString(settings.lang, { hour: '2-digit', minute: '2-digit' });

// Our own articles open here, and what they are about stands before them.
const called = (address) => (articleAt(address) ? words.help_read : address);

function bubble(message) {
  const mine = message.from === 'you';
  const parts = message.html ? [element('div', { class: 'body', dir: 'auto' }, ...safeBody(message.html))]
    : message.text ? [element('p', { dir: 'auto' }, ...linked(message.text, called))] : [];
  if (message.mail && !message.text) parts.push(element('p', { class: 'by-mail' }, drawn('mail'), words.mail));
  for (const file of message.files || []) parts.push(sent.shown(file));
  const who = mine ? words.you : message.name || words.agent;
  return element('div', { class: mine ? 'me' : message.bot ? 'them bot' : 'them', 'data-n': message.n },
    message.dated ? element('p', { class: 'dated' }, new Date(message.at).toLocaleDateString(settings.lang, { weekday: 'long', day: 'numeric', month: 'long' })) : null,
    message.joins ? element('p', { class: 'joins' }, say('joined', { name: message.name })) : null,
    mine ? null : faceOf(message),
    element('div', { class: 'bubble' }, element('span', { class: 'vh' }, `${who}: `), ...parts),
    message.choices ? element('div', { class: 'choices', hidden: true }, ...message.choices.filter((one) => one !== message.person).map((one) => element('button', { type: 'button', class: 'plain', onclick: () => press(one) }, one))) : null,
    element('p', { class: 'meta' }, mine ? '' : `${who}, ${message.bot ? `${words.automatic}, ` : ''}`, element('time', { datetime: new Date(message.at).toISOString() }, time(message.at)), element('span', { class: 'state' })));
}

const faceOf = (message) => (message.bot ? element('span', { class: 'face', 'aria-hidden': 'true' }, drawn('bot')) : face(message.name ? message : { initials: words.agent[0], hue: 0 }));

// Answers to press stand below the last message only; while a machine answers there is always the way to a person.
function drawChoices(wanted) {
  const last = sending.size ? null : wanted.at(-1);
  for (const { node } of wanted) {
    const choices = node.querySelector('.choices');
    if (choices) choices.hidden = node !== last?.node;
  }
  const theirs = wanted.findLast((message) => message.from === 'agent');
  person.hidden = !theirs?.person || Boolean(told.chat?.over);
  if (theirs?.person && person.lastChild.textContent !== theirs.person) person.replaceChildren(drawn('talk'), theirs.person);
}

function press(said) {
  queueMessage({ client: crypto.randomUUID(), text: said, files: [], name: '', email: '', greeting: null, order: '' });
  text.focus();
}

function draw() {
  const low = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  const wanted = inOrder();
  let spoke = '';
  let date = dateOf(Date.now()); // what was said today says so by its time alone
  for (const message of wanted) {
    const dated = dateOf(message.at) !== date;
    if (message.dated !== dated) delete message.node;
    message.dated = dated;
    date = dateOf(message.at);
    if (message.from === 'agent' && message.name && !message.bot) {
      const joins = message.name !== spoke;
      if (message.joins !== joins) delete message.node;
      message.joins = joins;
      spoke = message.name;
    }
    message.node ??= bubble(message);
    const waiting = message.client && sending.get(message.client);
    if (waiting) drop(waiting);
  }
  const nodes = [...wanted.map((message) => message.node), ...[...sending.values()].map((job) => job.node)];
  earlier.hidden = !told.earlier;
  nodes.forEach((node, index) => log.children[index] !== node && log.insertBefore(node, log.children[index] ?? null));
  while (log.children.length > nodes.length) log.lastChild.remove();
  const mine = wanted.filter((message) => message.from === 'you' && !message.mail);
  for (const message of mine) message.node.querySelector('.state').textContent = message === mine.at(-1) && !sending.size ? ` · ${message.n <= told.agentSeen ? words.seen : words.delivered}` : '';
  describe();
  drawChoices(wanted);
  if (low) scroll.scrollTop = scroll.scrollHeight;
}

// Whether there are answers among these that were not known yet.
function keep(messages) {
  const answers = messages.filter((one) => one.from === 'agent' && !told.messages.has(one.n));
  for (const message of messages) if (!told.messages.has(message.n)) told.messages.set(message.n, message);
  for (const { n, read } of answers) if (!read) (seen.has(n) ? marks.seen : marks.got).add(n);
  return answers;
}

function take(said) {
  const first = !told.cursor;
  const fresh = keep(said.messages);
  if (fresh.length) typingUntil = 0;
  if (!first) for (const message of fresh) tell('message', { text: message.text, name: message.name || '' });
  if (!first && store.get('sound') && fresh.some((message) => !message.mail)) chime();
  told.cursor = Math.max(told.cursor, ...said.messages.map(({ n }) => n));
  if (first) showFrom(said);
  if (said.more) sync();
  if (said.known && !told.known) line.begun(); // in whichever tab it did
  Object.assign(told, {
    synced: true, known: said.known, here: said.here, full: said.full, usually: said.usually, opens: said.opens, mails: said.mails, away: said.away, agents: said.agents, chat: said.chat,
    email: said.email || '', name: said.name || '', signed: Boolean(said.signed), order: said.order || null, agentSeen: said.agent_seen || 0, heard: said.now || 0,
  });
  if (said.known) begun(Boolean(said.chat && !said.chat.over));
  const asking = !asks.node.hidden;
  draw();
  if (!asking && document.activeElement === text && !text.value) asks.focus();
  drawTyping();
  if (fresh.length) readOrCount();
}

// In conversation nobody is greeted: the shop's page keeps it for its origin, we for all pages of the shop.
function begun(on) {
  tell('begun', on);
  store.set('talks', on ? '1' : '');
}

// Where what is shown begins: what left late stands before it alone.
function showFrom({ messages, earlier: more }) {
  told.first = messages[0]?.n ?? told.first;
  told.earlier = more;
}

async function readEarlier() {
  const mine = era;
  if (earlier.ariaBusy) return;
  earlier.ariaBusy = 'true';
  try {
    const said = await line.post('history', { before: told.first });
    if (mine !== era) return;
    const below = scroll.scrollHeight - scroll.scrollTop;
    keep(said.messages);
    showFrom(said);
    draw();
    scroll.scrollTop = scroll.scrollHeight - below; // what was being read stays where it is
    readOrCount();
  } catch (error) {
    complain(error.status ? 'failed' : 'offline');
  } finally {
    earlier.ariaBusy = null;
  }
}

const looking = () => open && view === 'talk' && document.visibilityState === 'visible';

function readOrCount() {
  const fresh = looking() ? unreadOnes() : [];
  for (const { n } of fresh) {
    seen.add(n);
    marks.seen.add(n);
  }
  if (fresh.length) {
    store.set('seen', JSON.stringify([...seen].slice(-300)));
    sync();
  }
  tell('unread', unread());
  drawHome();
}

// A socket says where the visitor is, and that they left; a request still on its way must not say otherwise.
const where = () => ({ page, here: !line.connected() });

// One at a time, and once more if asked meanwhile.
function sync() {
  again += 1;
  const mine = again;
  queue = queue.then(async () => {
    if (mine !== again) return;
    const whose = era;
    const [got, looked] = [marks.got, marks.seen].map((some) => [...some].slice(0, 100));
    try {
      const said = await line.post('sync', { after: told.cursor, heard: told.heard, got, seen: looked, ...where(), language: settings.lang });
      answered();
      if (whose !== era) return;
      got.forEach((n) => marks.got.delete(n));
      looked.forEach((n) => marks.seen.delete(n));
      take(said);
      if (looked.length && marks.seen.size) sync();
    } catch (error) {
      if (!(error instanceof Refused)) return console.error(error);
      answered(error);
      if (whose !== era) return;
      if (error.code === 'another') beginAnew();
      if (error.status === 403) complain('refused');
      if (error.status === 429) setTimeout(sync, (error.wait || 5) * 1000);
    }
  });
  return queue;
}

function drawTyping() {
  typing.textContent = typingUntil > Date.now() ? say('typing', { name: typist || words.agent }) : '';
}

// ---- sending

const kept = ({ client, text: said, files: named, name, email, asked, greeting, order, at, failed }) => ({ client, text: said, files: named.map(({ token, name: called }) => ({ token, name: called })), name, email, asked, greeting, order, at, failed });

function drop(job) {
  job.node.remove();
  sending.delete(job.client);
  store.dropJob(job.client);
}

function queueMessage(job) {
  job.at ??= Date.now();
  job.node = element('div', { class: 'me waiting' }, element('div', { class: 'bubble' }, element('p', { dir: 'auto' }, [job.text, ...job.files.map(({ name }) => name)].filter(Boolean).join('\n') || '…')), element('p', { class: 'meta' }, element('span', { class: 'state' }, words.sending)));
  sending.set(job.client, job);
  if (job.failed) fail(job, job.failed);
  else {
    store.keepJob(kept(job));
    begun(true); // at once: the page may be left before it is stored
  }
  draw();
  scroll.scrollTop = scroll.scrollHeight;
  work();
}

// It will not go as it is: whoever wrote it says what becomes of it.
function fail(job, code) {
  job.failed = code;
  job.node.classList.add('failed');
  job.node.querySelector('.state').textContent = words[code] || words.failed;
  const offer = (label, act) => element('button', { type: 'button', class: 'plain', onclick: () => (act(), text.focus()) }, label);
  job.node.append(element('div', { class: 'again' }, offer(words.retry, () => retry(job)), offer(words.discard, () => (drop(job), draw()))));
  store.keepJob(kept(job));
}

function retry(job) {
  if (job.failed === 'file_gone' || job.files.some(({ token }) => !token)) return rewrite(job);
  drop(job);
  job.failed = '';
  queueMessage(job);
}

// Its files were kept for an hour: the words stand in the field again, and the files are taken anew where we have them.
function rewrite(job) {
  drop(job);
  text.value = [job.text, text.value].filter(Boolean).join('\n');
  greeted ??= job.greeting;
  if (job.order) speakOf(job.order);
  for (const { file } of job.files) if (file) add(file);
  if (job.files.some(({ file }) => !file)) complain('file_gone');
  keepDraft();
  draw();
  grow();
}

let working = false;
async function work() {
  if (working) return;
  working = true;
  // In order: the next goes only when the one before is stored.
  for (const job of sending.values()) {
    if (job.stored || job.failed) continue;
    await saying; // first who this is, then what they say
    await Promise.all(job.files.map(({ ready }) => ready));
    if (!sending.has(job.client)) continue;
    const lost = job.files.find(({ token }) => !token);
    if (lost) fail(job, lost.code || 'file_gone');
    else {
      store.keepJob(kept(job));
      if (!(await attempt(job))) break;
    }
  }
  working = false;
}

async function attempt(job) {
  const state = job.node.querySelector('.state');
  const whose = era;
  try {
    await line.post('message', { client: job.client, text: job.text, files: job.files.map((file) => file.token), name: job.name, email: job.email, asked: job.asked, language: settings.lang, ...where(), greeting: job.greeting, order: job.order }, { keepalive: true });
    if (whose !== era) return true;
    answered();
    job.stored = true;
    wait = 0;
    sync();
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (whose !== era) return true;
    answered(error);
    if (error.code === 'another') return beginAnew();
    if (error.code === 'asks') return takeBack(error.said);
    if (error.status === 422 || error.status === 403) {
      fail(job, error.code);
      return true;
    }
    state.textContent = words.retrying;
    if (error.status === 429) complain('too_fast');
    wait = Math.min(30_000, (error.wait || 0) * 1000 || wait * 2 || 1_000);
    setTimeout(work, wait * (0.75 + Math.random() / 2));
    return false;
  }
}

// What was asked is not answered as the helpdesk wants it: nothing was kept, so all of it stands here again.
function takeBack({ asks: questions, wrong }) {
  const jobs = [...sending.values()].filter((job) => !job.stored && !job.failed);
  text.value = [...jobs.map((job) => job.text), text.value].filter(Boolean).join('\n');
  for (const job of jobs) {
    drop(job);
    job.files.forEach(listed);
    greeted ??= job.greeting;
    if (job.order) speakOf(job.order);
  }
  keepDraft();
  told.synced = true;
  asks.change(questions);
  describe();
  grow();
  if (!asks.complain(wrong)) asks.focus();
  return false;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const said = text.value.trim();
  if (!said && !files.length) return;
  if (!asks.node.hidden && !asks.check()) return;
  const job = { client: crypto.randomUUID(), text: said, files: [...files], ...(told.chat ? {} : asks.said()), greeting: greeted, order: about };
  greeted = null;
  speakOf('');
  saidTypingAt = 0; // the next words are news again
  text.value = '';
  keepDraft();
  clearTimeout(drafting);
  files.length = 0;
  chosen.replaceChildren();
  grow();
  queueMessage(job);
  text.focus();
});

leaving.addEventListener('submit', async (event) => {
  event.preventDefault();
  const field = leaving.querySelector('input');
  if (!field.checkValidity() || !field.value) return complain('bad_email');
  try {
    const said = await line.post('details', { email: field.value });
    told.email = said.email;
    if (!said.email) complain('bad_email');
    describe();
  } catch {
    complain('failed');
  }
});

// Half-written words outlast the page.
const keepDraft = () => (text.value ? store.set('draft', text.value) : store.remove('draft'));

function grow() {
  text.style.height = 'auto';
  text.style.height = `${Math.min(text.scrollHeight, 120)}px`;
}

// That one writes, every three seconds; what one writes too, where the channel wants it, and as it stands after a pause.
let drafting = 0;
function sayTyping() {
  saidTypingAt = Date.now();
  const draft = settings.drafts ? text.value.slice(0, 400) : undefined;
  if (line.connected()) line.typing(draft);
  else if (told.known) line.post('typing', { draft }).catch(() => {});
}
text.addEventListener('input', () => {
  grow();
  keepDraft();
  clearTimeout(drafting);
  if (Date.now() - saidTypingAt > 3_000) sayTyping();
  else if (settings.drafts) drafting = setTimeout(sayTyping, 800);
});
text.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.target.closest('dialog')) return; // which closes by itself
  if (menu.open) {
    menu.open = false;
    menu.firstChild.focus();
  } else tell('close');
});
document.addEventListener('click', ({ target }) => {
  if (!menu.contains(target)) menu.open = false;
  if (target.isConnected && !smile.contains(target) && !emoji?.node.contains(target)) shutEmoji();
});

// ---- emoji: what there is to choose from comes when it is first wanted

async function chooseEmoji() {
  if (emoji && !emoji.node.hidden) return shutEmoji();
  const [script, sheet] = settings.emoji;
  try {
    emoji ??= (await import(script)).open({ kept: (...what) => (what.length > 1 ? store.set(...what) : store.get(...what)), onPick: putEmoji, onClose: () => (shutEmoji(), text.focus()) });
  } catch {
    return complain('offline');
  }
  if (!emoji.node.isConnected) {
    document.head.append(element('link', { rel: 'stylesheet', href: sheet }));
    form.prepend(emoji.node);
  }
  emoji.node.hidden = false;
  smile.setAttribute('aria-expanded', 'true');
  emoji.show();
}

function putEmoji(char) {
  shutEmoji();
  text.focus();
  text.setRangeText(char, text.selectionStart, text.selectionEnd, 'end');
  text.dispatchEvent(new Event('input'));
}

function shutEmoji() {
  if (!emoji || emoji.node.hidden) return;
  emoji.node.hidden = true;
  smile.setAttribute('aria-expanded', 'false');
}
smile.setAttribute('aria-expanded', 'false');

// ---- files

// A file of the message being written: {token, name, file}, the token once it was taken, or `code`, why it was not, both when
// it is `ready`; a picture is shown.
function listed(entry) {
  files.push(entry);
  const item = element('li', {}, preview(entry.file) || drawn('file'), element('span', {}, entry.name), element('button', { type: 'button', 'aria-label': words.close, onclick: remove }, drawn('close')));
  function remove() {
    files.splice(files.indexOf(entry), 1);
    item.remove();
  }
  chosen.append(item);
  Object.assign(entry, { item, remove });
}

function preview(file) {
  if (!/^image\/(png|jpeg|gif|webp)$/.test(file?.type)) return null;
  const url = URL.createObjectURL(file);
  return element('img', { alt: '', src: url, onload: () => URL.revokeObjectURL(url) });
}

function add(file) {
  if (file.size > 10 * 1024 * 1024) return complain('too_large', { name: file.name });
  if (files.length >= 4) return;
  const entry = { token: null, name: file.name || 'image.png', file };
  listed(entry);
  entry.item.classList.add('busy');
  const body = new FormData();
  body.append('file', file, entry.name);
  // Whoever does not wait for it sends it all the same: then the message waits, and says what became of it.
  entry.ready = line.post('upload', body).then((said) => {
    entry.token = said.file;
    entry.item.classList.remove('busy');
  }, ({ status, code }) => {
    entry.code = status && words[code] ? code : 'failed';
    if (!files.includes(entry)) return;
    entry.remove();
    complain(entry.code, entry);
  });
}

picker.addEventListener('change', () => {
  [...picker.files].forEach(add);
  picker.value = '';
});
text.addEventListener('paste', (event) => {
  const pasted = [...event.clipboardData.files];
  if (pasted.length) {
    event.preventDefault();
    pasted.forEach(add);
  }
});

// Dropped anywhere on the conversation; elsewhere a browser would leave the chat for the file.
for (const kind of ['dragover', 'dragleave', 'drop']) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    form.classList.toggle('drop', kind === 'dragover' && view === 'talk');
    if (kind === 'drop' && view === 'talk') [...event.dataTransfer.files].forEach(add);
  });
}

// ---- who this is

// Nothing of one person is left for the next, here or in what is still on its way.
function wipe() {
  era += 1;
  told.messages.clear();
  sending.clear();
  files.length = 0;
  Object.assign(told, NOBODY, { synced: false });
  seen = new Set();
  marks.got.clear();
  marks.seen.clear();
  store.wipe();
  text.value = '';
  chosen.replaceChildren();
  asks.clear();
  seek.clear();
  speakOf('');
  greeted = null;
  grow();
  tell('unread', 0);
  draw();
}

function beginAnew() {
  store.part();
  wipe();
  store.renew();
  line.restart();
}

// Who this is changes in the order in which the shop's page says it, one after the other.
let saying = Promise.resolve();
let outs = 0;
function inTurn(act) {
  const mine = outs;
  saying = saying.then(() => act(mine === outs)).catch((error) => console.error(error));
}

async function identify(token, still) {
  if (!still) return; // logged out meanwhile
  const mine = era;
  try {
    await line.post('identity', { token, language: settings.lang });
  } catch (error) {
    if (mine !== era) return;
    if (error.code !== 'another') return refuse(error);
    // Somebody else was signed in here: nothing of theirs stays.
    beginAnew();
    part();
    try {
      await line.post('identity', { token, language: settings.lang });
    } catch (second) {
      return refuse(second);
    }
  }
  told.messages.clear();
  told.cursor = 0;
  log.replaceChildren();
  line.begun();
  sync();
}

function refuse({ status, code }) {
  console.warn('helpdesk.identify:', status, code);
  tell('error', { what: 'identify', status, code });
}

// Gone at once; the helpdesk hears of it as soon as it can, by this page or a later one.
function logout() {
  outs += 1;
  beginAnew();
  tell('out');
  part();
}

function part() {
  for (const secret of store.list('gone')) inTurn(() => line.post('goodbye', {}, { as: secret, keepalive: true }).then(() => store.parted(secret), () => {}));
}

const line = makeLine({
  settings,
  secret: store.secret,
  page: () => page,
  isOpen: () => open,
  onNews: () => sync().then(work),
  onTyping: (called) => {
    typist = called;
    typingUntil = Date.now() + 6_000;
    drawTyping();
    setTimeout(drawTyping, 6_100);
  },
});

let connecting = false;
function connect() {
  if (connecting) return;
  connecting = true;
  line.connect();
}

// As much of what the shop's page says as the helpdesk keeps.
const short = (value, longest) => (['string', 'number'].includes(typeof value) ? String(value).slice(0, longest) : undefined);
function cutPage({ url, title: name, cart, order }) {
  const { value, currency, items } = Object(cart);
  return { url: short(url, 300), title: short(name, 120), order: short(order, 60), cart: cart && { value: Number(value), currency: short(currency, 3), items: Number(items) } };
}

addEventListener('message', ({ origin, source, data }) => {
  if (origin !== settings.origin || source !== parent || data?.helpdesk !== 1) return;
  if (data.type === 'open') {
    open = true;
    connect();
    seek.load();
    const anew = data.data === 'again' ? store.get('view') : sending.size || text.value ? 'talk' : 'home';
    const to = data.data === 'talk' || unread() ? 'talk' : view || anew || 'home';
    turn(to, { focus: data.data !== 'again' }); // what opens by itself takes no focus
    sync().then(readOrCount);
  } else if (data.type === 'greet') {
    greeted = data.data.id;
    hello.textContent = data.data.text;
  } else if (data.type === 'may') may(store, data.data) && tell('may', data.data.id);
  else if (data.type === 'close') open = false;
  else if (data.type === 'page') {
    page = cutPage(data.data);
    begin();
    line.here();
  } else if (data.type === 'identify') inTurn((still) => identify(data.data, still));
  else if (data.type === 'logout') logout();
});
document.addEventListener('visibilitychange', () => looking() && sync().then(readOrCount));
// Another tab of the same shop: what one reads is read in all.
addEventListener('storage', (event) => {
  if (store.is(event.key, 'secret') && event.oldValue) {
    tell('away');
    location.reload();
  } else if (store.is(event.key, 'seen')) {
    seen = new Set([...seen, ...store.list('seen')]);
    readOrCount();
  }
});

// The shop's page speaks first: that somebody logged out there must come before what they left.
let begunOnce = false;
function begin() {
  if (begunOnce) return;
  begunOnce = true;
  seen = new Set(store.list('seen'));
  text.value = store.get('draft') || '';
  grow();
  store.jobs().forEach(queueMessage);
  part();
  sync().then(() => {
    readOrCount();
    if (told.known) connect();
  });
}
tell('ready');
// Who is there changes without a message.
setInterval(() => open && document.visibilityState === 'visible' && sync(), 20_000);
sounds.setAttribute('aria-checked', String(Boolean(store.get('sound'))));
