// One article of the help centre, read inside the chat.

import { drawn, element } from './dom.js';
import { articleAt, safeBody } from './safe.js';

const PATIENCE = 10_000;

export function makeArticle({ settings, tool, closing, onBack, onWrite }) {
  const { words } = settings;
  const shelf = element('p', { class: 'shelf', dir: 'auto' });
  const title = element('h1', { tabindex: '-1', dir: 'auto' });
  const body = element('div', { class: 'body', dir: 'auto', onclick: followed });
  const helped = element('section', { class: 'helped' });
  const elsewhere = element('a', { class: 'plain', target: '_blank', rel: 'noopener' }, words.help_open, drawn('out'));
  const write = element('button', { type: 'button', class: 'plain', onclick: onWrite }, drawn('talk'), words.write_us);
  const scroll = element('main', { class: 'scroll', tabindex: '0', 'aria-label': words.help },
    element('article', {}, shelf, title, body), helped, element('div', { class: 'ways' }, write, elsewhere));
  const node = element('div', { class: 'read', hidden: true },
    element('header', {}, tool('back', words.back, back), element('b', { class: 'names' }, words.help), closing()),
    scroll);
  const voted = new Set();
  const trail = []; // the articles that led here, the one being read last
  let latest = 0;

  // Shows what stands at this address; whether it could, and nobody asked for another meanwhile.
  async function read(address) {
    const mine = ++latest;
    const article = await fetched(address);
    if (mine !== latest) return false;
    trail.push(article);
    draw(article);
    return true;
  }

  async function fetched(address) {
    const answer = await fetch(address, { credentials: 'omit', signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  function draw(article) {
    shelf.textContent = article.category;
    title.textContent = article.title;
    body.replaceChildren(...safeBody(article.html));
    for (const one of [shelf, title, body]) one.lang = article.language;
    elsewhere.href = article.url;
    helped.replaceChildren(...(voted.has(article.id) ? [thanks()] : question(article)));
    scroll.scrollTop = 0;
  }

  function back() {
    latest += 1;
    trail.pop();
    if (!trail.length) return onBack();
    draw(trail.at(-1));
    return title.focus();
  }

  const thanks = () => element('p', { class: 'thanks', role: 'status', tabindex: '-1' }, words.rated);

  function question(article) {
    const wrong = element('p', { class: 'wrong', role: 'alert' });
    const answers = ['yes', 'no'].map((said) => element('button', { type: 'button', class: 'plain', onclick: () => vote(said) }, drawn(said), words[said]));
    return [element('h2', {}, words.helped), element('div', { class: 'answers' }, ...answers), wrong];

    async function vote(said) {
      if (!(await judge(article, { helped: said }, wrong))) return;
      voted.add(article.id);
      if (trail.at(-1) !== article) return;
      helped.replaceChildren(...(said === 'no' ? missing(article) : [thanks()]));
      helped.querySelector('textarea, .thanks').focus();
    }
  }

  // Whether it was taken; else `wrong` says so.
  async function judge(article, said, wrong) {
    wrong.textContent = '';
    try {
      const answer = await fetch(article.feedback, { method: 'POST', credentials: 'omit', body: new URLSearchParams(said) });
      if (!answer.ok) throw new Error(String(answer.status));
      return true;
    } catch {
      wrong.textContent = words.failed;
      return false;
    }
  }

  // The "no" is counted; what was missing they may say or not.
  function missing(article) {
    const wrong = element('p', { class: 'wrong', role: 'alert' });
    const field = element('textarea', { id: 'missing', rows: '2', maxlength: '1000', dir: 'auto', 'aria-describedby': 'missing-note' });
    const form = element('form', { class: 'missing' }, element('label', { for: 'missing' }, words.help_missing, element('span', {}, ` (${words.optional})`)), field,
      element('p', { id: 'missing-note' }, words.help_nobody), wrong, element('button', { type: 'submit', class: 'plain' }, words.send));
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const comment = field.value.trim();
      if (comment && !(await judge(article, { helped: 'no', comment }, wrong))) return;
      if (trail.at(-1) !== article) return;
      helped.replaceChildren(thanks());
      helped.firstChild.focus();
    });
    return [form];
  }

  // A link to a part of this article, or to another one; all else opens a page of its own.
  function followed(event) {
    const link = event.target.closest('a');
    const written = link?.getAttribute('href') || '';
    if (written.startsWith('#')) {
      event.preventDefault();
      const part = [...body.querySelectorAll('[data-part]')].find((one) => one.dataset.part === written.slice(1));
      part?.scrollIntoView();
      part?.focus();
    } else if (follow(event, link)) read(articleAt(link.href)).then((shown) => shown && title.focus(), () => open(link.href, '_blank', 'noopener'));
  }

  return { node, read, forget: () => (trail.length = 0), focus: () => title.focus() };
}

// Whether this press on a link is for an article to be read here; then the browser is kept from following it.
export function follow(event, link) {
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !articleAt(link.href)) return false;
  event.preventDefault();
  return true;
}
