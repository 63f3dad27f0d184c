// On a touch screen a row is swiped: to the end it is closed, to the start it is snoozed until the next day. Both have
// Undo, and both are buttons in the ticket too. A row that is held is picked; then every row shows its box.

import { closeRow, snoozeRow } from './actions.js';
import { $, element, icon, text } from './core.js';
import { numberOf, rowOf, rows } from './list.js';

const BEGINS = 14;
const ACTS = 90;
const SETTLES = 200;
const HELD = 500;
const DONE = new Set(['solved', 'closed', 'spam']);
let swipe = null;

const tomorrow = () => $('#menu-snooze [data-do=snooze]')?.dataset.value;

function begin(event) {
  const row = event.pointerType === 'touch' && event.isPrimary && event.target.closest('.row');
  if (row && !event.target.closest('.pick')) swipe = { row, x: event.clientX, y: event.clientY, dx: 0, on: false, holds: setTimeout(hold, HELD) };
}

// What is under the finger may have been drawn anew meanwhile: the row is found again by its number.
function hold() {
  const row = rowOf(numberOf(swipe.row));
  swipe = null;
  if (!row) return;
  $('.pick', row).click();
  const lifted = new AbortController();
  for (const kind of ['pointerup', 'pointercancel']) addEventListener(kind, () => (lifted.abort(), swallow()), { capture: true, signal: lifted.signal });
}

// The finger that swiped or held has pressed nothing in the list, whatever row lies below it by then.
function swallow() {
  addEventListener('click', (click) => rows.contains(click.target) && (click.preventDefault(), click.stopPropagation()), { capture: true, once: true, signal: AbortSignal.timeout(2 * SETTLES) });
}

function move(event) {
  if (!swipe) return;
  const [dx, dy] = [event.clientX - swipe.x, event.clientY - swipe.y];
  if (Math.hypot(dx, dy) > BEGINS) clearTimeout(swipe.holds);
  if (!swipe.on) {
    if (Math.abs(dy) > BEGINS) return void (swipe = null);
    if (Math.abs(dx) < BEGINS || Math.abs(dx) < 1.5 * Math.abs(dy)) return;
    swipe.on = true;
    swipe.under = element('span', { class: 'under', 'aria-hidden': 'true' });
    swipe.row.append(swipe.under);
  }
  const closes = dx > 0;
  swipe.dx = closes && DONE.has(swipe.row.dataset.status) ? 0 : dx;
  swipe.row.style.setProperty('--dx', `${swipe.dx}px`);
  swipe.row.dataset.swipe = closes ? 'close' : 'snooze';
  swipe.row.toggleAttribute('data-acts', Math.abs(swipe.dx) >= ACTS);
  swipe.under.replaceChildren(icon(closes ? "check" : "clock"), text(closes ? 'swipe_close' : 'swipe_snooze'));
}

function end(event) {
  if (!swipe) return;
  const { row, dx, on, under, holds } = swipe;
  clearTimeout(holds);
  swipe = null;
  if (!on) return;
  const acts = event.type === 'pointerup' && Math.abs(dx) >= ACTS;
  swallow();
  row.classList.add('settling');
  row.style.setProperty('--dx', '0px');
  setTimeout(() => {
    under.remove();
    row.classList.remove('settling');
    for (const name of ['data-swipe', 'data-acts', 'style']) row.removeAttribute(name);
  }, SETTLES);
  if (acts && dx > 0) closeRow(numberOf(row));
  else if (acts) snoozeRow(numberOf(row), tomorrow());
}

export function startSwipe() {
  if (!rows || !$('#bulk')) return;
  rows.addEventListener('pointerdown', begin);
  rows.addEventListener('pointermove', move);
  rows.addEventListener('contextmenu', (event) => event.pointerType === 'touch' && event.preventDefault());
  for (const kind of ['pointerup', 'pointercancel']) rows.addEventListener(kind, end);
}
