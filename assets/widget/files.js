// Files of the conversation: a picture opens large, anything else is kept.

import { drawn, element } from './dom.js';

const PICTURE = /^image\/(png|jpeg|gif|webp)$/;

export function makeFiles({ post, say, tool, words, complain }) {
  const bytes = (file, more = {}) => post('file', { id: file.id, ...more }, { raw: true });
  const label = (file) => say('download', { name: file.name });

  function shown(file) {
    const button = element('button', { type: 'button', class: 'file', 'aria-label': label(file), title: label(file), onclick: () => (button.picture ? enlarge(file, button.picture) : keep(file)) }, drawn('file'), element('span', {}, file.name));
    if (PICTURE.test(file.type)) bytes(file, { picture: true }).then((blob) => draw(button, file, blob), () => {});
    return button;
  }

  function draw(button, file, blob) {
    button.picture = URL.createObjectURL(blob);
    button.replaceChildren(element('img', { alt: file.name, src: button.picture }));
    button.removeAttribute('aria-label');
    button.title = file.name;
  }

  // The dialog is the browser's own: it holds the focus, closes by Escape and gives the focus back.
  function enlarge(file, picture) {
    const close = () => dialog.close();
    const dialog = element('dialog', { class: 'large', 'aria-label': file.name, onclose: () => dialog.remove(), onclick: (event) => event.target.closest('img, header') || close() },
      element('header', {}, element('b', { class: 'names', dir: 'auto' }, file.name), tool('keep', label(file), () => keep(file)), tool('close', words.close, close)),
      element('img', { alt: file.name, src: picture }));
    document.body.append(dialog);
    dialog.showModal();
  }

  async function keep(file) {
    try {
      const link = element('a', { href: URL.createObjectURL(await bytes(file)), download: file.name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch {
      complain('failed');
    }
  }

  return { shown };
}
