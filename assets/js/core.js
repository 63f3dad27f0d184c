// What every script here uses: finding things, the words of the page's language, building from HTML our server made.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const page = document.documentElement;
export const app = $('.app');
export const me = Number(document.body.dataset.agent) || 0;

const { keymap = {}, ...words } = JSON.parse($('#strings')?.textContent || '{}');
export { keymap };

// The text of `key` in the page's language, with its %s and %d filled in order.
export function text(key, ...values) {
  let next = 0;
  return (words[key] ?? key).replace(/%[sd]/g, () => String(values[next++] ?? ''));
}

// Only for HTML that our own templates rendered.
export function build(html) {
  const holder = document.createElement('template');
  holder.innerHTML = html.trim();
  return holder.content;
}

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, '');
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';
let sprite = null;

export function icon(name) {
  sprite ??= $('svg.i use')?.getAttribute('href')?.split('#')[0] ?? '';
  const drawing = document.createElementNS(SVG, 'svg');
  drawing.setAttribute('class', 'i');
  drawing.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `${sprite}#${name}`);
  drawing.append(use);
  return drawing;
}

export const read = (id, root = document) => JSON.parse($(`#${id}`, root)?.textContent || 'null');

export function kept(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Storage may be full or forbidden; what it holds is a convenience.
  }
  return null;
}

// Commands by name: buttons (data-cmd), keys and the palette all end here.
const commands = new Map();

export function command(name, run, { when = () => true } = {}) {
  commands.set(name, { run, when });
}

export const can = (name) => commands.has(name) && commands.get(name).when();

export function run(name, origin = null) {
  if (!can(name)) return false;
  commands.get(name).run(origin);
  return true;
}
