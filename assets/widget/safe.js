// An article's body, built anew from what the helpdesk cleaned: only these elements and these attributes, pictures of
// the help centre alone, and links that leave the chat.

import { element } from './dom.js';

const KEPT = new Set('B BLOCKQUOTE BR CODE DEL DIV EM H1 H2 H3 H4 H5 H6 HR I INS LI OL P PRE S SPAN STRONG SUB SUP TABLE TBODY TD TH THEAD TR U UL'.split(' '));
const NUMBERS = ['colspan', 'rowspan', 'start'];
const PICTURE = /^\/help\/pictures\/[\w-]+\/$/;
const ARTICLE = /^\/help\/([a-z-]+)\/articles\/([\w-]+)\/$/;

function addressOf(written) {
  try {
    return new URL(written, location.href);
  } catch {
    return null;
  }
}

// Where the article at this address is asked for; '' for every other address.
export function articleAt(written) {
  const address = addressOf(written);
  const found = address?.origin === location.origin && address.pathname.match(ARTICLE);
  return found ? `/help/api/articles/${found[1]}/${found[2]}` : '';
}

// Text may hold what looks like markup; it stays text, since nothing here is parsed into the page.
export function safeBody(html) {
  const body = new DOMParser().parseFromString(html, 'text/html').body;
  return [...body.childNodes].flatMap(copied);
}

function copied(node) {
  if (node.nodeType === Node.TEXT_NODE) return [node.data];
  if (node.nodeType !== Node.ELEMENT_NODE) return [];
  if (node.tagName === 'IMG') return picture(node);
  const inner = [...node.childNodes].flatMap(copied);
  if (node.tagName === 'A') return link(node, inner);
  if (!KEPT.has(node.tagName)) return [];
  const attributes = Object.fromEntries(NUMBERS.filter((name) => /^\d{1,4}$/.test(node.getAttribute(name))).map((name) => [name, node.getAttribute(name)]));
  if (/^H\d$/.test(node.tagName) && node.id) Object.assign(attributes, { 'data-part': node.id, tabindex: '-1' });
  const made = element(node.tagName, attributes, ...inner);
  // Wide ones are moved sideways by themselves, by keyboard too.
  return [node.tagName === 'TABLE' || node.tagName === 'PRE' ? element('div', { class: 'wide', tabindex: '0' }, made) : made];
}

function picture(node) {
  const address = addressOf(node.getAttribute('src'));
  if (address?.origin !== location.origin || !PICTURE.test(address.pathname)) return [];
  return [element('img', { src: address.pathname, alt: node.alt, loading: 'lazy' })];
}

function link(node, inner) {
  const written = node.getAttribute('href') || '';
  if (written.startsWith('#')) return [element('a', { href: written }, ...inner)];
  const address = addressOf(written);
  if (!['http:', 'https:', 'mailto:', 'tel:'].includes(address?.protocol)) return inner;
  return [element('a', { href: address.href, target: '_blank', rel: 'noopener noreferrer nofollow' }, ...inner)];
}
