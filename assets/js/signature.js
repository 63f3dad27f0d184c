// The signature of a settings page in the same editor as replies. Without it the plain field goes on working.

import { $ } from './core.js';

const none = () => {};

export async function startSignature() {
  const box = $('[data-signature]');
  if (!box) return;
  const field = $('textarea', box);
  const html = JSON.parse($('#signature-html', box).textContent);
  const tools = $('.tools', box);
  const module = await import(box.dataset.editor).catch(none);
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
    $('[name=signature_html]', box).value = written;
  });
}
