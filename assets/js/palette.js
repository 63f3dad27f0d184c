// Ctrl K: every action with its key, the views, canned replies, tickets and people found while typing. `#123` jumps to a
// number.

import * as bulk from './bulk.js';
import * as composer from './composer.js';
import { $, $$, app, can, command, element, icon, kept, run, text } from './core.js';
import * as desk from './desk.js';
import { get } from './http.js';
import { kbd, KEYS, numbered, wordsOf } from './keys.js';
import { knownMacros, use } from './macros.js';
import * as thread from './thread.js';

const PAUSE = 120;
const RECENT = 'recent-commands';
const dialog = $('#palette');
const field = dialog && $('input', dialog);
const shown = dialog && $('.res', dialog);
let asked = 0;
let timer = 0;
let found = [];
let met = [];
let read = [];
let readFirst = false;

const ICONS = {
  assign: { icon: 'user-round-plus' }, mine: { icon: 'user-round-check' }, reply: { icon: 'reply' },
  note: { icon: 'notebook-pen' }, close: { icon: 'check' }, 'close-stay': { icon: 'circle-check' },
  reopen: { icon: 'rotate-ccw' }, snooze: { icon: 'clock' }, unsnooze: { icon: 'bell' },
  status: { icon: 'circle-dot' }, priority: { icon: 'chevrons-up' }, team: { icon: 'users-round' },
  tag: { icon: 'tag' }, field: { icon: 'list-plus' }, unread: { icon: 'mail' }, customer: { icon: 'panel-right' },
  next: { icon: 'chevron-down' }, previous: { icon: 'chevron-up' }, undo: { icon: 'undo-2' },
  search: { icon: 'search' }, theme: { icon: 'sun-moon' }, presence: { icon: 'circle-user-round' }, density: { icon: 'rows-3' },
  keys: { icon: 'keyboard' }, profile: { icon: 'circle-user-round' }, back: { icon: 'chevron-left' },
  merge: { icon: 'arrow-up' }, begin: { icon: 'pencil' }, 'log-call': { icon: 'phone' }, join: { icon: 'git-merge' }, spam: { icon: 'shield-alert' }, ask: { icon: 'messages-square' }, 'hand-over': { icon: 'hand-helping' }, follow: { icon: 'eye' }, split: { icon: 'split' }, link: { icon: 'link' }, macros: { icon: 'zap' }, remind: { icon: 'alarm-clock' }, forward: { icon: 'forward' },
  'reply-all': { icon: 'reply-all' }, 'copy-number': { icon: 'link' }, 'view-new': { icon: 'list-filter' },
  attach: { icon: 'paperclip' }, ways: { icon: 'send' }, formatting: { icon: 'type' }, recipients: { icon: 'users-round' }, pick: { icon: 'square-check' }, 'pick-all': { icon: 'list-checks' }, 'bulk-all': { icon: 'list-checks' },
  'bulk-clear': { icon: 'x' }, articles: { icon: 'book-open' }, notices: { icon: 'bell' }, reports: { icon: 'chart-column' }, further: { icon: 'chevrons-down' },
};
const OF_TICKET = ['assign', 'mine', 'reply', 'note', 'macros', 'articles', 'snooze', 'unsnooze', 'remind', 'close', 'close-stay', 'reopen', 'status',
  'priority', 'team', 'tag', 'field', 'ask', 'hand-over', 'follow', 'spam', 'join', 'split', 'link', 'forward', 'reply-all', 'recipients', 'ways', 'attach', 'formatting', 'copy-number', 'customer', 'unread', 'next', 'previous', 'back'];
const OF_APP = ['undo', 'merge', 'further', 'pick', 'pick-all', 'bulk-all', 'bulk-clear', 'notices', 'reports', 'search', 'begin', 'log-call', 'presence', 'theme', 'density', 'keys', 'profile', 'view-new'];

// What else people type for what they mean, beside its name.
const ALSO = { keys: 'also_keys' };
const keysOf = (name) => KEYS.find((one) => one.command === name)?.keys ?? [];
const recent = () => (kept(RECENT) ?? '').split(' ').filter(Boolean);

function remember(name) {
  kept(RECENT, [name, ...recent().filter((one) => one !== name)].slice(0, 5).join(' '));
}

const entry = (name) => ({
  words: wordsOf(name), also: ALSO[name] && text(ALSO[name]), drawing: icon(ICONS[name].icon), keys: keysOf(name),
  act: () => {
    remember(name);
    run(name);
  },
});

function viewEntry(link) {
  const keys = keysOf(`view-${link.dataset.viewKey}`);
  const place = numbered().indexOf(link) + 1;
  return { words: link.title, drawing: $('svg', link).cloneNode(true), keys: keys.length || !place || place > 9 ? keys : [`${place}`], act: () => link.click() };
}

// What stands in the open ticket as a button and has no key: of a message with whose it is. Behind a fold it counts too.
const onTicket = () => $$(':is(#thread, #customer, #bulk-run) [data-cmd]').filter((button) =>
  !keysOf(button.dataset.cmd).length && can(button.dataset.cmd) && !button.disabled && !button.closest('.menu, [hidden]') &&
  (button.checkVisibility() || button.closest('details:not([open])')));

function buttonEntry(button) {
  const words = button.ariaLabel || button.textContent.trim().replace(/\s+/g, ' ');
  const message = button.closest('.msg');
  const hint = message && `${$('.h b', message).textContent}, ${$('time', message).textContent}`;
  return { words, hint, drawing: $('svg', button)?.cloneNode(true) ?? icon("circle-dot"), act: () => {
    for (let fold = button; (fold = fold.parentElement.closest('details'));) fold.open = true;
    button.click();
  } };
}

// Settings, reports and the other pages beside the inbox; found by what is done there, too.
const placeEntry = (link) => ({
  words: link.textContent, also: link.dataset.about, drawing: $('svg', link).cloneNode(true), act: () => location.assign(link.href),
});

const ticketEntry = ({ number, subject, who }) => ({
  words: subject || `#${number}`, hint: `${who} #${number}`.trim(), drawing: icon("mail"), act: () => desk.open(number, { focus: 'subject' }),
});

const macroEntry = ({ id, name }) => ({ words: name, drawing: icon("zap"), act: () => use(id) });

// Help articles: while one writes, a link to it goes into the text; with Shift its words. Those of agents only open.
const articleEntry = ({ title, url, link, id, language, agents_only: inside }) => ({
  words: title, drawing: icon(inside ? "lock" : "book-open"), hint: language,
  act: async (whole) => {
    const open = composer.current();
    if (!open || inside) return void window.open(url, '_blank', 'noopener');
    const { html, text: words } = whole ? await get(`/help/api/articles/${id}?lang=${language}`) : { html: linked(title, link), text: `${title}: ${link}` };
    if (open.words.rich) open.words.rich.insertHtml(html);
    else open.words.insert(words);
    open.edited();
  },
});

const linked = (title, link) => `${element('a', { href: link }, title).outerHTML} `;

// Customers whose name or address holds what was typed: each has a page.
const people = () => met.map(({ id, name }) => ({ words: name, drawing: icon("user-round"), act: () => location.assign(`/customers/${id}/`) }));

// Letters in order, the closer together and to the beginning of words the better; null when they are not there.
export function score(words, typed) {
  const where = words.toLocaleLowerCase();
  const wanted = typed.toLocaleLowerCase().replace(/\s+/g, '');
  if (!wanted) return 0;
  const whole = where.indexOf(typed.trim().toLocaleLowerCase());
  if (whole >= 0) return 100 - whole;
  let at = -1;
  let points = 0;
  for (const letter of wanted) {
    const next = where.indexOf(letter, at + 1);
    if (next < 0) return null;
    points += next === at + 1 ? 3 : /\s/.test(where[next - 1] ?? ' ') ? 2 : -1;
    at = next;
  }
  return points > 0 ? points : null;
}

// Of other words for it only whole pieces count: letters in order would find nearly everything.
const alsoScore = ({ also }, typed) => (also?.toLocaleLowerCase().includes(typed.toLocaleLowerCase()) ? 0 : null);

const matching = (entries, typed) =>
  entries.map((one) => ({ one, points: score(one.words, typed) ?? alsoScore(one, typed) })).filter(({ points }) => points !== null)
    .sort((a, b) => b.points - a.points).map(({ one }) => one);

function groups(typed) {
  const number = typed.match(/^#?(\d{1,18})$/)?.[1];
  const latest = recent();
  const byUse = (names) => [...names].sort((a, b) => place(latest, a) - place(latest, b));
  const acts = (names) => matching(byUse(names).filter(can).map(entry), typed);
  const jump = number ? [{ words: text('cmd_goto', number), drawing: icon("hash"), act: () => desk.open(Number(number), { focus: 'subject' }) }] : [];
  const search = typed && !number ? [{ words: text('cmd_search_for', typed), drawing: icon("search"), act: () => location.assign(`/search/?q=${encodeURIComponent(typed)}`) }] : [];
  const places = typed ? matching($$('#places a').map(placeEntry), typed) : [];
  const articles = { name: text('group_articles'), entries: read.map(articleEntry) };
  const everywhere = { name: text('group_app'), entries: matching(OF_APP.filter(can).map(entry), typed) };
  return [
    ...(readFirst ? [articles] : []),
    ...(bulk.any() ? [{ name: $('#bulk-count').textContent, entries: acts(bulk.OF_MANY) }] : []),
    ...(thread.number() && !bulk.any() ? [{ name: text('group_ticket', thread.number()), entries: acts(OF_TICKET) }] : []),
    { name: text('group_on_ticket'), entries: typed ? matching(onTicket().reverse().map(buttonEntry), typed) : [] },
    { name: text('group_go'), entries: [...jump, ...matching($$('.side .nav a[data-view-key]').map(viewEntry), typed), ...places] },
    ...(typed ? [everywhere] : []),
    { name: text('group_macros'), entries: typed ? matching(knownMacros().map(macroEntry), typed).slice(0, 6) : [] },
    { name: text('group_tickets'), entries: [...found.map(ticketEntry), ...search] },
    ...(readFirst ? [] : [articles]),
    { name: text('group_people'), entries: people() },
    ...(typed ? [] : [everywhere]),
  ].filter(({ entries }) => entries.length);
}

const place = (latest, name) => (latest.includes(name) ? latest.indexOf(name) : latest.length);

function draw() {
  let next = 0;
  const made = groups(field.value.trim()).map(({ name, entries }, index) => {
    const head = element('div', { class: 'gh', id: `palette-g${index}`, role: 'presentation' }, name);
    const lines = entries.map((one) => option(one, next++));
    return element('div', { role: 'group', 'aria-labelledby': head.id }, head, ...lines);
  });
  shown.replaceChildren(...(made.length ? made : [element('div', { class: 'none', role: 'option', 'aria-disabled': 'true' }, text('nothing'))]));
  select($('[role=option]', shown));
}

function option({ words, drawing, keys = [], hint, act }, index) {
  const end = keys.length || hint ? element('span', { class: 'end' }, ...(keys.length ? kbd(keys) : [hint])) : null;
  const made = element('div', { role: 'option', id: `palette-${index}`, 'aria-selected': 'false' }, drawing, element('span', { class: 'trunc grow' }, words), end);
  made.act = act;
  return made;
}

function select(wanted) {
  for (const one of $$('[aria-selected=true]', shown)) one.setAttribute('aria-selected', 'false');
  if (!wanted?.act) return field.removeAttribute('aria-activedescendant');
  wanted.setAttribute('aria-selected', 'true');
  wanted.scrollIntoView({ block: 'nearest' });
  field.setAttribute('aria-activedescendant', wanted.id);
}

function choose(wanted, whole) {
  if (!wanted?.act) return;
  dialog.close();
  wanted.act(whole);
}

function onKey(event) {
  if (event.isComposing) return;
  const all = $$('[role=option]', shown);
  const at = all.findIndex((one) => one.getAttribute('aria-selected') === 'true');
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) select(all[(at + step + all.length) % all.length]);
  else if (event.key === 'Enter') choose(all[at], event.shiftKey);
  else return;
  event.preventDefault();
}

// Answers that come late for what was typed before are not shown.
function look() {
  draw();
  clearTimeout(timer);
  const typed = field.value.trim();
  const mine = ++asked;
  if (typed.length < 2) return void (found = met = read = []);
  timer = setTimeout(async () => {
    const nothing = { tickets: [], people: [] };
    const query = `?q=${encodeURIComponent(typed)}`;
    const [{ tickets, people: known }, { articles }] = await Promise.all([
      get(`/search/quick/${query}`).catch(() => nothing),
      dialog.dataset.articles ? get(dialog.dataset.articles + query).catch(() => ({ articles: [] })) : { articles: [] },
    ]);
    if (mine !== asked || !dialog.open) return;
    found = tickets;
    met = known;
    read = articles;
    draw();
  }, PAUSE);
}

export function startPalette() {
  if (!dialog || !app) return;
  const show = (typed = '') => {
    if (dialog.open || $('dialog[open]')) return;
    field.value = typed;
    readFirst = Boolean(typed);
    found = met = read = [];
    dialog.showModal();
    look();
    field.select();
  };
  command('palette', () => show());
  command('articles', () => show($('#subject').textContent.trim()), { when: () => Boolean(dialog.dataset.articles && $('#subject')) });
  field.addEventListener('input', look);
  dialog.addEventListener('keydown', onKey);
  shown.addEventListener('click', ({ target, shiftKey }) => choose(target.closest('[role=option]'), shiftKey));
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
}
