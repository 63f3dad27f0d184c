// One message at a time, beside the list. With Undo it stays ten seconds, longer while pointed at or focused. What can be
// taken back as long as nobody has changed it since is remembered after that too, by the next page as well: Z goes back
// step by step.

import { $, element, icon, me, text } from './core.js';
import { Offline, Refusal } from './http.js';

const toast = $('#toast');
let hideAt = 0;
let timer = 0;
let undoing = null;
let next = null;
let own = false;
let perform = null;
const MOST_STEPS = 30;
const STEPS = `undo-steps-${me}`;
const steps = remembered();

// A step back is a function, which goes with its message, or {url, …}: an address that takes it back, at any time.
export const performSteps = (how) => (perform = how);

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(STEPS)) ?? [];
  } catch {
    return [];
  }
}

function remember() {
  if (steps.length > MOST_STEPS) steps.shift();
  try {
    sessionStorage.setItem(STEPS, JSON.stringify(steps.filter(({ url }) => url)));
  } catch {
    // Storage may be full or forbidden: then they are known to this page alone.
  }
}

export function say(words, { undo = null, seconds = undo ? 10 : 5, href = null, patient = false } = {}) {
  // What others did must not take away what one is being told of what one did oneself, nor the chance to undo it.
  if (patient && own && toast.classList.contains('show')) return void (next = [words, { seconds, href, patient }]);
  own = !patient;
  forget();
  undoing = typeof undo === 'function' ? { undo } : undo;
  if (undoing) steps.push(undoing);
  remember();
  const line = href ? element('a', { href }, words) : element('span', {}, words);
  line.classList.add('grow');
  const parts = [line];
  if (undo) {
    const button = element('button', { type: 'button' }, text('undo'), ' ', element('kbd', {}, 'Z'));
    button.addEventListener('click', takeBack);
    parts.push(button);
  }
  const close = element('button', { type: 'button', class: 'x', 'aria-label': text('dismiss') }, icon('x'));
  close.addEventListener('click', hide);
  toast.replaceChildren(...parts, close);
  toast.classList.add('show');
  hideAt = Date.now() + seconds * 1000;
  watch();
}

function watch() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (toast.matches(':hover, :focus-within')) hideAt = Math.max(hideAt, Date.now() + 1500);
    if (Date.now() >= hideAt) hide();
    else watch();
  }, Math.max(100, hideAt - Date.now()));
}

// What only its message offers to take back goes with it.
function forget() {
  if (undoing && !undoing.url && steps.includes(undoing)) steps.splice(steps.indexOf(undoing), 1);
  undoing = null;
}

export function hide() {
  clearTimeout(timer);
  forget();
  toast.classList.remove('show');
  const waiting = next;
  next = null;
  if (waiting) say(...waiting);
}

export const canUndo = () => steps.length > 0;

export async function takeBack() {
  const step = steps.pop();
  hide();
  remember();
  if (!step?.url) return step?.undo();
  try {
    await perform(step);
  } catch (error) {
    if (error instanceof Offline) steps.push(step);
    remember();
    complain(error);
  }
}

// What a person is told when something was refused.
// Closing was refused because of what is not said yet: that is asked for, and then it goes on. Without `goOn` the sheet closes.
export function askOrComplain(error, number, goOn = null) {
  if (error.body?.code !== 'fields_missing') return complain(error);
  document.dispatchEvent(new CustomEvent('fields:missing', { detail: { number, goOn } }));
}

export function complain(error) {
  if (error.name === 'AbortError') return;
  if (error instanceof Refusal && error.status === 401) return say(text('signed_out'), { href: location.href, seconds: 60 });
  if (error instanceof Refusal && error.status === 404) return say(text('gone'));
  if (error instanceof Refusal && error.message) return say(error.message);
  if (error instanceof Offline) return say(text('offline'));
  console.warn(error);
  say(text('failed'));
}
