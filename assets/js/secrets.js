// What is masked in a message: shown for half a minute to whoever may, and taken out for good.

import { $, command } from './core.js';
import { post } from './http.js';
import { openSheet } from './sheet.js';
import { complain } from './toast.js';

const SHOWN = 30_000;
let selected = '';

// A press on a button would end the selection, and that in a mail's frame is its document's.
function remember({ target }) {
  const message = target.closest?.('.msg');
  if (!target.closest?.('[data-cmd=redact]') || !message) return;
  const inside = $('iframe.frame', message)?.contentDocument?.getSelection();
  selected = [inside, document.getSelection()].map((one) => String(one ?? '').trim()).find(Boolean) ?? '';
}

async function reveal(button) {
  const row = button.closest('[data-secret]');
  const value = $('.value', row);
  button.disabled = true;
  try {
    value.textContent = (await post(`/secrets/${row.dataset.secret}/reveal/`)).value;
    setTimeout(() => {
      value.textContent = value.dataset.mask;
      button.disabled = false;
    }, SHOWN);
  } catch (error) {
    button.disabled = false;
    complain(error);
  }
}

async function redact(button) {
  await openSheet(`/messages/${button.dataset.message}/redacting/`);
  const field = $('#sheet [data-selected]');
  if (field) field.value = selected;
  selected = '';
}

export function startSecrets() {
  document.addEventListener('pointerdown', remember, true);
  document.addEventListener('keydown', remember, true);
  command('reveal', reveal);
  command('redact', redact);
}
