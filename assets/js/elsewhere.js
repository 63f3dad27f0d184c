// Going on by another channel: a dialog that starts from what stands in the composer, offers the ways the server says
// are open, and where a window is over its approved templates.

import { draw } from './actions.js';
import * as composer from './composer.js';
import { $, $$, build, command, element, read, text } from './core.js';
import { get, post } from './http.js';
import * as thread from './thread.js';
import { complain, say } from './toast.js';

let ways = [];
let client = null;
let taken = '';

const dialog = () => $('#elsewhere');
const chosen = () => ways.find(({ key }) => key === $('input[name=way]:checked', dialog())?.value);
const template = () => chosen()?.templates.find(({ id }) => id === Number($('#elsewhere-template')?.value));
const places = (words) => [...new Set([...words.matchAll(/\{\{(\d+)\}\}/g)].map(([, place]) => Number(place)))].sort((a, b) => a - b);
const values = () => $$('.values input', dialog()).map((field) => field.value);

async function open() {
  try {
    $('.in', dialog()).replaceChildren(build(await get(`/tickets/${thread.number()}/elsewhere/`)));
  } catch (error) {
    complain(error);
    return;
  }
  ways = $('#ways', dialog()) ? read('ways', dialog()) : [];
  client = crypto.randomUUID();
  taken = composer.current()?.kind === 'outbound' ? composer.current().words.value().text.trim() : '';
  const field = $('#elsewhere-text');
  if (field) field.value = taken;
  $('[value=send]', dialog()).hidden = !ways.length;
  dialog().showModal();
  const first = $('input[name=way]:enabled', dialog());
  if (first) first.checked = true;
  choose();
  (first ?? $('[value=close]', dialog())).focus();
}

function choose() {
  const way = chosen();
  const form = $('[data-elsewhere]', dialog());
  if (!form) return;
  const only = Boolean(way?.closed);
  $('[data-template]', form).hidden = !only;
  $('[data-words]', form).hidden = only;
  $('[value=send]', dialog()).disabled = !way;
  $('#elsewhere-text').toggleAttribute('maxlength', false);
  if (way?.most) $('#elsewhere-text').maxLength = way.most;
  if (only) {
    $('#elsewhere-template').replaceChildren(...way.templates.map(({ id, name, language }) => element('option', { value: id }, `${name} (${language})`)));
    ask();
  }
}

// One field for each variable of the template.
function ask() {
  const box = $('.values', dialog());
  const label = box.dataset.value;
  box.replaceChildren(...places(template()?.text ?? '').map((place) =>
    element('label', {}, element('span', {}, `${label} ${place}`), element('input', { class: 'inp', maxlength: 1024, required: true }))));
  preview();
}

function preview() {
  const now = template();
  if (!now) return;
  const given = values();
  const words = now.text.replace(/\{\{(\d+)\}\}/g, (gap, place) => given[place - 1]?.trim() || gap);
  $('.preview', dialog()).textContent = [now.header, words].filter(Boolean).join('\n\n');
}

async function send() {
  const number = thread.number();
  const way = chosen();
  if (!way) return;
  const base = thread.lastEvent();
  const words = way.closed ? { template: template()?.id ?? '', value: values() } : { text: $('#elsewhere-text').value };
  const button = $('[value=send]', dialog());
  button.disabled = true;
  try {
    const answer = await post(`/tickets/${number}/elsewhere/send/`, { way: way.key, client_id: client, expected: thread.ticket().sequence, event: base, row: 1, ...words });
    dialog().close();
    // What was written here before has left by the other way.
    if (!way.closed && taken && composer.current()?.number === number && composer.current().words.value().text.trim() === taken) composer.current().discard();
    draw(number, answer, base);
    composer.current()?.caughtUp(answer.sequence);
    say(text('sent', Math.round(answer.undo_seconds)));
  } catch (error) {
    const line = $('[role=alert]', dialog());
    if (line && error.message) {
      line.textContent = error.message;
      line.hidden = false;
    } else complain(error);
  }
  button.disabled = false;
}

export function startElsewhere() {
  if (!dialog()) return;
  command('elsewhere', open, { when: () => composer.current()?.mayReply });
  dialog().addEventListener('change', ({ target }) => (target.name === 'way' ? choose() : target.id === 'elsewhere-template' && ask()));
  dialog().addEventListener('input', ({ target }) => target.closest('.values') && preview());
  dialog().addEventListener('submit', (event) => {
    event.preventDefault();
    send();
  });
  dialog().addEventListener('click', ({ target }) => {
    const { value } = target.closest('button') ?? {};
    if (value === 'close') dialog().close();
    if (value === 'send') send();
  });
}
