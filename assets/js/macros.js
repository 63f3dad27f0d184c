// Canned replies: chosen by `/` at the beginning of a word, by M, or in the palette. The server fills the words in and
// does what else the reply does; here they are put where one writes.

import { stepBack, write } from './actions.js';
import * as composer from './composer.js';
import { $, command, element, icon, run, text } from './core.js';
import { get } from './http.js';
import * as thread from './thread.js';
import { complain, say } from './toast.js';

let known = [];
let slashed = null;

const mayUse = () => composer.current()?.mayReply ?? false;

// Asked for once a ticket or so; what is shown meanwhile is what was known.
export async function macros() {
  known = (await get('/macros/')).macros;
  return known;
}

export const knownMacros = () => (mayUse() ? known : []);

export const macroOption = ({ id, name }) =>
  element('button', { class: 'opt', type: 'button', role: 'menuitem', 'data-macro': id }, icon("zap"), element('span', { class: 'trunc' }, name));

// What was typed after the slash was meant as text when no reply was chosen.
export function closed(menu) {
  if (slashed === null) return;
  const typed = `/${$('.flt', menu)?.value ?? ''}`;
  slashed = null;
  composer.current()?.words.insert(typed);
}

export async function use(id) {
  slashed = null;
  const open = composer.current();
  if (!open) return;
  const number = thread.number();
  const answer = await write(number, 'macro', { macro: id, client_id: crypto.randomUUID() }, () => use(id));
  if (!answer || composer.current() !== open) return;
  if (answer.text) {
    if (open.kind === 'note' && open.mayReply) open.switchTo('reply');
    if (answer.then) open.sendAs(answer.then);
    await open.words.insertFormatted(answer);
    open.edited();
  }
  if (answer.missing) return say(text('macro_missing', answer.missing), { seconds: 10 });
  if (answer.changes.length) say(text('macro_done'), { undo: stepBack(number, answer.changes) });
}

// Whether a slash typed now begins a word.
function beginsWord(target) {
  if (target.matches('textarea')) return /(^|\s)$/.test(target.value.slice(0, target.selectionStart));
  const { anchorNode, anchorOffset, isCollapsed } = getSelection();
  if (!isCollapsed) return false;
  return anchorNode.nodeType !== Node.TEXT_NODE || /(^|\s)$/.test(anchorNode.data.slice(0, anchorOffset));
}

export function startMacros() {
  if (!$('#menu-macros')) return;
  command('macros', () => document.dispatchEvent(new CustomEvent('menu:open', { detail: 'macros' })), { when: mayUse });
  document.addEventListener('keydown', (event) => {
    const field = event.target.closest?.('#composer .ed');
    if (event.key !== '/' || !field || event.ctrlKey || event.metaKey || event.isComposing || !mayUse() || !beginsWord(field)) return;
    event.preventDefault();
    slashed = field;
    run('macros');
  }, true);
  document.addEventListener('ticket:opened', () => macros().catch(() => {}));
  if (mayUse()) macros().catch(complain);
}

