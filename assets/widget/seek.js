// Help articles on the first page: what is read most, and what is found while one types. Without a help centre, or
// where it holds nothing, none of it is there.

import { drawn, element } from './dom.js';

const PAUSE = 250;
const MOST = 5;

export function makeSeek({ settings, say, onRead, onWrite }) {
  const { words } = settings;
  const field = element('input', { type: 'search', id: 'seek', maxlength: 200, autocomplete: 'off', enterkeyhint: 'search', placeholder: words.help_search, dir: 'auto' });
  const form = element('form', { role: 'search', class: 'seek' }, element('label', { for: 'seek' }, drawn('seek'), element('span', { class: 'vh' }, words.help_search)), field);
  const found = element('ul', {});
  const none = element('p', { class: 'none', hidden: true });
  const write = element('button', { type: 'button', class: 'plain', hidden: true, onclick: () => (miss(), onWrite()) }, drawn('talk'), words.write_us);
  const count = element('p', { class: 'vh', role: 'status' });
  const node = element('section', { class: 'card help', 'aria-label': words.help, hidden: true }, form, found, none, write, count);
  let begun = false;
  let popular = [];
  let asked = ''; // what the shown answer is for
  let latest = 0;
  let pause = 0;
  let missed = '';

  async function fetched(query) {
    const said = new URLSearchParams({ lang: settings.lang, ...query });
    const answer = await fetch(`/help/api/search?${said}`, { credentials: 'omit' });
    if (!answer.ok) throw new Error(String(answer.status));
    return (await answer.json()).results;
  }

  // Once, when the chat is opened for the first time; again with the next opening where that failed.
  async function load() {
    if (begun) return;
    begun = true;
    try {
      popular = await fetched({ limit: 3 });
      node.hidden = !popular.length;
      if (!asked) draw(popular);
    } catch {
      begun = false;
    }
  }

  // Answers may overtake each other: only the one to the latest question is shown.
  async function seek() {
    clearTimeout(pause);
    const query = field.value.trim();
    if (query === asked) return;
    const mine = ++latest;
    if (!query) return clear();
    try {
      const results = await fetched({ q: query, limit: MOST });
      if (mine !== latest) return;
      asked = query;
      draw(results);
      if (results.length) count.textContent = say('help_found', { n: results.length });
      else complain(words.help_none);
    } catch {
      if (mine !== latest) return;
      asked = '';
      draw([]);
      complain(words.help_failed);
    }
  }

  function clear() {
    latest += 1;
    asked = '';
    count.textContent = '';
    draw(popular);
  }

  function draw(results) {
    found.setAttribute('aria-label', asked ? words.help : words.help_popular);
    found.replaceChildren(...results.map((one) => element('li', {}, hit(one))));
    found.hidden = !results.length;
    none.hidden = write.hidden = true;
  }

  // What is wrong, and the way to people.
  function complain(trouble) {
    none.hidden = write.hidden = false;
    none.textContent = count.textContent = trouble;
  }

  const read = (one, button) => onRead(`/help/api/articles/${one.id}?lang=${settings.lang}`, button, () => complain(words.help_failed));

  const hit = (one) => element('button', { type: 'button', class: 'hit', onclick: ({ currentTarget }) => read(one, currentTarget) },
    element('span', { class: 'two', lang: one.language, dir: 'auto' }, element('span', { class: 'name' }, one.title), asked ? element('span', { class: 'said' }, ...one.excerpt.map(([piece, match]) => (match ? element('mark', {}, piece) : piece))) : null),
    drawn('on'));

  // A search in vain is counted once somebody stands by it, so that the shop may write what is missing.
  function miss() {
    if (!asked || !found.hidden || missed === asked) return;
    missed = asked;
    fetched({ q: asked, miss: 1 }).catch(() => {});
  }

  field.addEventListener('input', () => {
    clearTimeout(pause);
    pause = setTimeout(seek, field.value.trim() ? PAUSE : 0);
  });
  // The first Escape empties the field, the next closes the chat.
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !field.value) return;
    event.preventDefault();
    event.stopPropagation();
    field.value = '';
    seek();
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await seek();
    miss();
  });

  return { node, load, clear: () => ((field.value = ''), clear()), query: () => (node.hidden ? '' : field.value.trim()) };
}
