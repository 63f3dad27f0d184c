// Menus: a popover beside the button that opened it, with arrow keys, a filter where there is much, marks for what is.

import { $, $$, command, element, icon, text } from './core.js';
import { mayEdit, remind, set, snooze, tag } from './actions.js';
import * as bulk from './bulk.js';
import { get } from './http.js';
import * as macros from './macros.js';
import * as thread from './thread.js';
import { complain } from './toast.js';

const FILTER_FROM = 8;
const GAP = 4;
const MARGIN = 8;
const TAGS = ['tag', 'untag'];
let pressedOpen = null;
let tagNames = null;

const menuOf = (name) => document.getElementById(`menu-${name}`);
const options = (menu) => $$('.opt', menu).filter((one) => !one.hidden);
const nameOf = (option) => ($('.trunc', option) ?? option).textContent.trim();

export function openMenu(name, anchor = null) {
  const menu = menuOf(name);
  if (!menu) return;
  const button = anchor ?? $$(`[data-menu=${name}]`).find((one) => !one.closest('[popover]') && one.checkVisibility());
  if (TAGS.includes(name)) fillTags(menu);
  if (name === 'macros') fillMacros(menu);
  mark(menu);
  addFilter(menu);
  for (const one of $$('.menu:popover-open')) one.hidePopover();
  menu.showPopover({ source: button ?? undefined });
  button?.setAttribute('aria-expanded', 'true');
  menu.anchor = button;
  place(menu, button);
  ($('.flt', menu) ?? options(menu)[0])?.focus();
}

// Below the button where there is room, above it otherwise; without a button near the top of the conversation.
function place(menu, button) {
  const box = button?.getBoundingClientRect() ?? { left: innerWidth / 2 - 124, right: innerWidth / 2 + 124, top: 100, bottom: 100 };
  const { width, height } = menu.getBoundingClientRect();
  const fromStart = box.left + width <= innerWidth - MARGIN;
  const left = fromStart ? box.left : box.right - width;
  const below = box.bottom + GAP + height <= innerHeight - MARGIN;
  const top = below ? box.bottom + GAP : box.top - GAP - height;
  menu.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - width - MARGIN))}px`;
  menu.style.top = `${Math.max(MARGIN, Math.min(top, innerHeight - height - MARGIN))}px`;
}

// What the ticket has now is ticked.
function mark(menu) {
  const facts = bulk.any() ? null : thread.ticket();
  const sendAs = $('#composer')?.dataset.then ?? '';
  for (const option of $$('[role=menuitemradio], [role=menuitemcheckbox]', menu)) {
    const { do: path, value, sendAs: as, presence } = option.dataset;
    if (presence) continue;
    option.hidden = Boolean(option.dataset.team && path === 'state' && facts && String(facts.team) !== option.dataset.team);
    const on = as !== undefined ? as === sendAs
      : path === 'tag' ? Boolean(facts?.tags.includes(value))
      : String(facts?.[path] ?? '') === value;
    option.setAttribute('aria-checked', String(on));
  }
}

function addFilter(menu) {
  const old = $('.flt', menu);
  if (old) {
    old.value = '';
    return filter(menu, '');
  }
  const tags = TAGS.includes(menu.id.slice(5));
  if (!tags && menu.id !== 'menu-macros' && options(menu).length < FILTER_FROM) return;
  const label = text(menu.id === 'menu-tag' ? 'tag_new' : 'filter');
  const field = element('input', { class: 'flt', type: 'text', 'aria-label': label, placeholder: label, autocomplete: 'off', spellcheck: 'false', maxlength: 60 });
  field.addEventListener('input', () => filter(menu, field.value));
  menu.prepend(field);
}

function filter(menu, typed) {
  const wanted = typed.trim().toLocaleLowerCase();
  for (const option of $$('.opts .opt:not([data-add])', menu)) option.hidden = !nameOf(option).toLocaleLowerCase().includes(wanted);
  for (const group of $$('[role=group]', menu)) group.hidden = !options(group).length;
  $('[data-add]', menu)?.remove();
  $('.none', menu)?.remove();
  const exact = options(menu).some((one) => nameOf(one).toLocaleLowerCase() === wanted);
  if (menu.id === 'menu-tag' && wanted && !exact) $('.opts', menu).append(addOption(typed.trim()));
  else if (!$$('.opts .opt:not([hidden])', menu).length) $('.opts', menu).append(element('p', { class: 'none' }, text('nothing')));
}

const addOption = (name) =>
  element('button', { class: 'opt', type: 'button', role: 'menuitem', 'data-do': 'tag', 'data-value': name, 'data-add': true },
    icon("plus"), element('span', { class: 'trunc' }, text('tag_add', name)));

const tagOption = (name, what) =>
  element('button', { class: 'opt', type: 'button', role: what === 'tag' ? 'menuitemcheckbox' : 'menuitem', 'data-do': what, 'data-value': name },
    icon("tag"), element('span', { class: 'trunc' }, name), tick());

function tick() {
  const drawing = icon("check");
  drawing.classList.add('tick');
  return drawing;
}

// Those on the ticket first; the rest as the server knows them, asked for once a page.
async function fillTags(menu) {
  const fill = () => {
    const own = (!bulk.any() && thread.ticket()?.tags) || [];
    const rest = (tagNames ?? []).filter((name) => !own.includes(name));
    $('.opts', menu).replaceChildren(...[...own, ...rest].map((name) => tagOption(name, menu.id.slice(5))));
    mark(menu);
  };
  fill();
  try {
    tagNames = (await get(menu.dataset.source)).tags;
    if (!menu.matches(':popover-open')) return;
    fill();
    filter(menu, $('.flt', menu)?.value ?? '');
    place(menu, menu.anchor);
  } catch (error) {
    complain(error);
  }
}

async function fillMacros(menu) {
  const fill = (all) => {
    $('.opts', menu).replaceChildren(...all.map(macros.macroOption));
    filter(menu, $('.flt', menu)?.value ?? '');
  };
  fill(macros.knownMacros());
  try {
    fill(await macros.macros());
    place(menu, menu.anchor);
  } catch (error) {
    complain(error);
  }
}

function choose(option) {
  const menu = option.closest('.menu');
  const { menu: other, do: path, value, sendAs, cmd, later, macro, presence } = option.dataset;
  if (cmd) return;
  if (other) return openMenu(other, menu.anchor);
  if (presence) {
    menu.hidePopover();
    return document.dispatchEvent(new CustomEvent('presence:say', { detail: option }));
  }
  if (macro) {
    const using = macros.use(Number(macro));
    menu.hidePopover();
    return using;
  }
  const on = option.getAttribute('aria-checked') !== 'true';
  menu.hidePopover();
  if (later) sendLater(menu, { later });
  else if (sendAs !== undefined) document.dispatchEvent(new CustomEvent('send:as', { detail: sendAs }));
  else if (path === 'tag') tag(value, on);
  else if (path === 'untag') bulk.act(path, { value });
  else if (path === 'snooze') snooze({ preset: value });
  else if (path === 'remind') remind({ preset: value, text: taken($('#remind-text')) });
  else if (path) set(path, value, option.dataset.name ?? nameOf(option), option.dataset.category);
}

// Of the composer's text, or of a reply that waits already: the one whose button opened the menu.
function sendLater(menu, wish) {
  const message = Number(menu.anchor?.dataset.message) || null;
  const hold = $('[name=hold]', menu);
  document.dispatchEvent(new CustomEvent('send:later', { detail: { ...wish, message, ...(hold && !hold.checked ? { hold: 0 } : {}) } }));
}

function onKey(event) {
  const menu = event.target.closest?.('.menu');
  if (!menu || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = $('.flt', menu);
  const all = options(menu);
  const at = all.indexOf(document.activeElement);
  if (event.target.matches('input') && event.target !== field) return;
  if (event.key === 'Enter' && event.target === field) {
    event.preventDefault();
    if (all[0]) choose(all[0]);
  } else if (['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(event.key) && !(event.target === field && event.key.length < 5)) {
    event.preventDefault();
    const step = { ArrowDown: at + 1, ArrowUp: at < 0 ? all.length - 1 : at - 1, Home: 0, End: all.length - 1 }[event.key];
    all[(step + all.length) % all.length]?.focus();
  } else if (event.key === 'Tab') {
    menu.hidePopover();
  } else if (event.key.length === 1 && event.key !== ' ' && event.target !== field) {
    if (field) field.focus();
    else jump(all, at, event.key);
  }
}

function taken(field) {
  const { value } = field;
  field.value = '';
  return value;
}

function jump(all, at, key) {
  const wanted = key.toLocaleLowerCase();
  const order = [...all.slice(at + 1), ...all.slice(0, at + 1)];
  order.find((one) => nameOf(one).toLocaleLowerCase().startsWith(wanted))?.focus();
}

export function startMenus() {
  if (!$('.menu')) return;
  // A press on its button closes an open menu before the click comes: then the click must not open it again.
  document.addEventListener('pointerdown', ({ target }) => {
    const name = target.closest('[data-menu]')?.dataset.menu;
    pressedOpen = name && menuOf(name)?.matches(':popover-open') ? name : null;
  }, true);
  document.addEventListener('click', ({ target }) => {
    const option = target.closest('.menu .opt');
    if (option) return choose(option);
    const button = target.closest('[data-menu]');
    if (!button) return;
    if (pressedOpen === button.dataset.menu) pressedOpen = null;
    else openMenu(button.dataset.menu, button);
  });
  document.addEventListener('keydown', onKey);
  document.addEventListener('menu:open', ({ detail }) => openMenu(detail));
  for (const menu of $$('.menu')) {
    menu.addEventListener('toggle', ({ newState }) => {
      if (newState !== 'closed') return;
      menu.anchor?.setAttribute('aria-expanded', 'false');
    });
  }
  // Before it closes, not after: `toggle` comes later, when the next letters may stand in the field already.
  $('#menu-macros')?.addEventListener('beforetoggle', ({ newState, target }) => {
    if (newState === 'closed') macros.closed(target);
  });
  for (const form of $$('form[data-later-own]')) {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const menu = form.closest('.menu');
      menu.hidePopover();
      sendLater(menu, { later: '', send_at: $('input[type=datetime-local]', form).value });
    });
  }
  $('form[data-remind]')?.addEventListener('submit', (event) => {
    event.preventDefault();
    event.target.closest('.menu').hidePopover();
    remind({ until: $('#remind-at').value, text: taken($('#remind-text')) });
  });
  $('form[data-snooze]')?.addEventListener('submit', (event) => {
    event.preventDefault();
    const field = $('input', event.target);
    event.target.closest('.menu').hidePopover();
    if (field.value) snooze({ until: field.value });
  });
  for (const name of ['assign', 'team', 'status', 'priority', 'tag']) command(name, () => openMenu(name), { when: mayEdit });
  command('ways', () => openMenu('send'), { when: () => Boolean($('#composer [data-menu=send]')?.checkVisibility()) });
  command('remind', () => openMenu('remind'), { when: () => thread.number() !== null });
  command('snooze', () => openMenu('snooze'), { when: () => mayEdit() && (bulk.any() || !['solved', 'closed'].includes(thread.ticket().status)) });
}
