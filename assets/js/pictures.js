// Which pictures of a conversation can be looked at large; what shows them is loaded with the first.

import { $, $$, element, text } from './core.js';
import { complain } from './toast.js';

const OURS = /^\/files\/[\w-]+\//;
let viewer = null;

async function load() {
  const { script, styles } = $('#picture').dataset;
  const sheet = element('link', { rel: 'stylesheet', href: styles });
  const drawn = new Promise((done, failed) => Object.assign(sheet, { onload: done, onerror: failed }));
  document.head.append(sheet);
  const [{ start }] = await Promise.all([import(script), drawn]);
  return start({ $, $$, ours: OURS, text });
}

// False when this is no picture of ours: then the browser does what it would do.
export function openPicture(node) {
  if (!$('#picture') || !(node.matches('a.file[data-picture]') || OURS.test(new URL(node.src).pathname))) return false;
  viewer ??= load();
  viewer.then(({ open }) => open(node)).catch((error) => {
    viewer = null;
    complain(error);
  });
  return true;
}

export function startPictures(pane) {
  pane.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const node = event.target.closest('a.file[data-picture]') ?? event.target.closest('.written img');
    if (node && openPicture(node)) event.preventDefault();
  });
}
