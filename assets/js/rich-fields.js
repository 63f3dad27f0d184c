// Fields of settings pages (a signature, a canned reply) in the same editor as replies. Without it the plain fields go
// on working.

import { $, $$ } from './core.js';

const none = () => {};

async function enrich(box) {
  const field = $('textarea', box);
  const { rich: html, editor } = box.dataset;
  const tools = $('.tools', box);
  const module = await import(editor).catch(none);
  if (!module) return;
  const place = document.createElement('div');
  place.className = 'rich';
  field.after(place);
  place.before(tools);
  const described = field.getAttribute('aria-describedby');
  const rich = new module.RichText({
    place, tools, placeholder: () => '', changed: none, files: none, address: none,
    attributes: {
      id: field.id, class: 'ed', role: 'textbox', 'aria-multiline': 'true', 'aria-label': field.labels[0].textContent.trim(),
      ...(described && { 'aria-describedby': described }),
    },
  });
  rich.show({ text: field.value, html });
  field.removeAttribute('id');
  field.hidden = true;
  tools.hidden = false;
  field.form.addEventListener('submit', () => {
    const { text, html: written } = rich.value();
    field.value = text;
    $('input[type=hidden]', box).value = written;
  });
}

export const startRichFields = () => $$('[data-rich]').forEach(enrich);
