// The list and the customer's pane are as wide as one likes: by dragging the line beside them, or by the arrows while it
// has the focus. Kept in this browser, since screens differ.

import { $, $$, app, kept } from './core.js';

const WIDTHS = { list: [260, 560], customer: [260, 480] };
const STEP = 16;
const KEY = 'panes';
let dragged = null;

const chosen = JSON.parse(kept(KEY) ?? '{}');
const paneOf = (line) => line.closest('.pane');
const widthOf = (line) => Math.round(paneOf(line).getBoundingClientRect().width);

function apply() {
  for (const name of Object.keys(WIDTHS)) {
    if (chosen[name]) app.style.setProperty(`--${name}-width`, `${chosen[name]}px`);
    else app.style.removeProperty(`--${name}-width`);
  }
  for (const line of $$('.sep')) line.setAttribute('aria-valuenow', widthOf(line));
}

function set(line, width) {
  const { pane } = line.dataset;
  const [least, most] = WIDTHS[pane];
  if (width === null) delete chosen[pane];
  else chosen[pane] = Math.max(least, Math.min(most, Math.round(width)));
  apply();
}

const keep = () => kept(KEY, JSON.stringify(chosen));

function onKey(event) {
  const line = event.target.closest('.sep');
  if (!line || event.ctrlKey || event.metaKey || event.altKey) return;
  const wider = line.dataset.pane === 'list' ? 1 : -1;
  const [least, most] = WIDTHS[line.dataset.pane];
  const width = {
    ArrowRight: () => widthOf(line) + wider * STEP, ArrowLeft: () => widthOf(line) - wider * STEP,
    Home: () => least, End: () => most, Enter: () => null,
  }[event.key];
  if (!width) return;
  event.preventDefault();
  event.stopPropagation();
  set(line, width());
  keep();
}

export function startPanes() {
  if (!app || !$('.sep')) return;
  apply();
  addEventListener('resize', apply);
  document.addEventListener('ticket:opened', apply);
  document.addEventListener('keydown', onKey, true);
  document.addEventListener('pointerdown', (event) => {
    const line = event.target.closest('.sep');
    if (!line || event.button) return;
    dragged = { line, x: event.clientX, width: widthOf(line), wider: line.dataset.pane === 'list' ? 1 : -1 };
    line.setPointerCapture(event.pointerId);
    app.classList.add('resizing');
  });
  document.addEventListener('pointermove', (event) => dragged && set(dragged.line, dragged.width + dragged.wider * (event.clientX - dragged.x)));
  for (const kind of ['pointerup', 'pointercancel']) {
    document.addEventListener(kind, () => {
      if (!dragged) return;
      dragged = null;
      app.classList.remove('resizing');
      keep();
    });
  }
  document.addEventListener('dblclick', ({ target }) => {
    if (!target.matches('.sep')) return;
    set(target, null);
    keep();
  });
}
