// Building what is shown: text is always text.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

const DRAWINGS = {
  close: 'M18 6 6 18M6 6l12 12',
  send: 'M12 19V5m-7 7 7-7 7 7',
  clip: 'm21.4 11.1-9.2 9.2a6 6 0 0 1-8.5-8.5l9.2-9.2a4 4 0 0 1 5.7 5.7l-9.2 9.2a2 2 0 0 1-2.8-2.8l8.5-8.5',
  mail: 'M4 5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Zm-1 2 9 6 9-6',
  file: 'M14 3H6a1 1 0 0 0-1 1v16a1 1 0 0 0 1 1h12a1 1 0 0 0 1-1V8Zm0 0v5h5',
  keep: 'M12 3v12m-5-5 5 5 5-5M5 21h14',
  back: 'm15 18-6-6 6-6',
  on: 'm9 18 6-6-6-6',
  out: 'M15 3h6v6M10 14 21 3m-3 10v6a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h6',
  seek: 'm21 21-4.3-4.3M11 3a8 8 0 1 0 0 16 8 8 0 0 0 0-16Z',
  yes: 'M7 10v12m8-16.1L14 10h5.8a2 2 0 0 1 2 2.6l-2.4 8a2 2 0 0 1-1.9 1.4H4a2 2 0 0 1-2-2v-8a2 2 0 0 1 2-2h2.8a2 2 0 0 0 1.7-1.1L12 2a3.1 3.1 0 0 1 3 3.9Z',
  no: 'M17 14V2M9 18.1l1-4.1H4.2a2 2 0 0 1-2-2.6l2.4-8A2 2 0 0 1 6.5 2H20a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-2.8a2 2 0 0 0-1.7 1.1L12 22a3.1 3.1 0 0 1-3-3.9Z',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  bot: 'M12 8V4H8M4 8h16v12H4ZM2 14h2m16 0h2M9 13v2m6-2v2',
  talk: 'M21 11.5a8.4 8.4 0 0 1-12.1 7.6L3 21l1.9-5.7A8.5 8.5 0 1 1 21 11.5Z',
};
const ROUND = 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM9 10h.01M15 10h.01';
DRAWINGS.smile = `${ROUND}M8 14q4 4.5 8 0`;
['M8 16.5q4-4 8 0', 'M8.5 16q3.5-2 7 0', 'M8.5 15.5h7', 'M8.5 15q3.5 2 7 0', 'M8 14.5q4 4.5 8 0'].forEach((mouth, index) => (DRAWINGS[`face${index + 1}`] = ROUND + mouth));

export function drawn(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', DRAWINGS[name]);
  svg.append(path);
  return svg;
}

// A person's initials in their colour.
export function face({ initials, hue }) {
  const made = element('span', { class: 'face', 'aria-hidden': 'true' }, initials);
  made.style.setProperty('--h', hue * 30 + 12);
  return made;
}

// Web addresses become links, called as `name` says; nothing else of a text becomes anything.
const LINK = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;

export function linked(text, name) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(LINK)) {
    parts.push(text.slice(at, found.index), element('a', { href: found[0], target: '_blank', rel: 'noopener noreferrer nofollow' }, name(found[0])));
    at = found.index + found[0].length;
  }
  return [...parts, text.slice(at)];
}
