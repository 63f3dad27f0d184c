// A call is logged from anywhere: C opens the form with the number of whoever is on the screen, Enter keeps it.

import { $, build, command, text } from './core.js';
import { hear } from './hints.js';
import { get, post } from './http.js';
import * as thread from './thread.js';
import { complain, say } from './toast.js';

const dialog = () => $('#call');

async function open() {
  try {
    $('.in', dialog()).replaceChildren(build(await get(`/calls/new/?ticket=${thread.number() ?? ''}`)));
  } catch (error) {
    complain(error);
    return;
  }
  dialog().showModal();
  const number = $('[name=number]', dialog());
  (number && !number.value ? number : $('.btn.pri', dialog()) ?? $('[data-close]', dialog()))?.focus();
}

async function keep(form) {
  const button = $('.btn.pri', form);
  button.disabled = true;
  try {
    const { on } = await post('/calls/log/', Object.fromEntries(new FormData(form)));
    dialog().close();
    say(text('call_logged'), on ? { href: `/tickets/${on}/` } : {});
    if (on === thread.number()) thread.refresh();
  } catch (error) {
    const line = $('[role=alert]', form);
    line.textContent = error.message || text('failed');
    line.hidden = false;
  }
  button.disabled = false;
}

export function startPhone() {
  // Whose number it is, while it is typed.
  document.addEventListener('input', ({ target: { name, value, form } }) => {
    if (name === 'number') hear('/calls/match/?q=', value, (said) => $('output', form)?.replaceChildren(build(said)));
  });
  if (!dialog()) return;
  command('log-call', open);
  dialog().addEventListener('submit', (event) => {
    event.preventDefault();
    keep(event.target);
  });
  dialog().addEventListener('click', ({ target }) => target.closest('[data-close]') && dialog().close());
}
