// What is asked before the first message: drawn above the conversation, which has not begun. What was typed stays when
// the questions change, and when the helpdesk finds something wrong it stands beside its question.

import { element } from './dom.js';

const KINDS = { number: { inputmode: 'decimal' }, date: { type: 'date' }, checkbox: { type: 'checkbox' } };

export function makeAsks({ settings, onDone }) {
  const { words } = settings;
  const labels = { name: words.name, email: words.email, order: words.order_number };
  const fields = new Map(); // what was drawn once, by key
  const node = element('form', { class: 'asks', 'aria-label': words.asked, novalidate: true, hidden: true });
  let asked = settings.asks;
  let shown = [];
  let last = []; // what was shown when it was last wanted: messages that wait say it too

  node.addEventListener('submit', (event) => {
    event.preventDefault();
    onDone();
  });

  function fieldOf(ask) {
    const id = `ask-${ask.key}`;
    const own = { name: { autocomplete: 'name', maxlength: 120 }, email: { type: 'email', autocomplete: 'email', maxlength: 254 }, order: { maxlength: 60 } }[ask.key];
    const box = ask.kind === 'choice'
      ? element('select', { id }, element('option', { value: '' }, '–'), ...ask.choices.map((choice) => element('option', {}, choice)))
      : element('input', { id, maxlength: 500, dir: ask.kind === 'checkbox' ? null : 'auto', ...(own || KINDS[ask.kind]) });
    const wrong = element('span', { class: 'wrong', id: `${id}-wrong`, role: 'alert' });
    const label = element('label', { for: id, dir: 'auto' }, ask.name || labels[ask.key], ask.required ? null : element('span', {}, ` (${words.optional})`));
    if (ask.required) box.setAttribute('aria-required', 'true');
    box.addEventListener('input', () => blame('', ask.key));
    return { box, wrong, node: element('div', { class: ask.kind === 'checkbox' ? 'ask tick' : 'ask' }, label, box, wrong) };
  }

  function blame(what, key) {
    const { box, wrong } = fields.get(key).made;
    wrong.textContent = what;
    if (what) {
      box.setAttribute('aria-invalid', 'true');
      box.setAttribute('aria-describedby', wrong.id);
    } else {
      box.removeAttribute('aria-invalid');
      box.removeAttribute('aria-describedby');
    }
  }

  const valueOf = ({ key }) => {
    const { box } = fields.get(key).made;
    return box.type === 'checkbox' ? (box.checked ? '1' : '') : box.value.trim();
  };

  // `known` is what need not be asked any more; nobody there, an address is needed to answer to.
  function draw({ wanted, known, here }) {
    const list = [...asked];
    if (!here && !list.some(({ key }) => key === 'name')) list.unshift({ key: 'name', required: false });
    if (!here) {
      const at = list.findIndex(({ key }) => key === 'email');
      list.splice(at < 0 ? 1 : at, at < 0 ? 0 : 1, { key: 'email', required: true });
    }
    // Whose address is known is asked nothing more because nobody is there.
    shown = wanted ? list.filter(({ key }) => !known[key] && (asked.some((ask) => ask.key === key) || !known.email)) : [];
    if (wanted) last = shown;
    node.hidden = !shown.length;
    const drawn = JSON.stringify([shown, here]);
    if (node.dataset.drawn === drawn) return;
    node.dataset.drawn = drawn;
    for (const ask of shown) {
      const as = JSON.stringify(ask);
      const before = fields.get(ask.key);
      if (before?.as === as) continue;
      const made = fieldOf(ask);
      if (before && made.box.type !== 'checkbox') made.box.value = before.made.box.value;
      fields.set(ask.key, { as, made });
    }
    node.replaceChildren(element('h2', {}, words.asked), ...(here ? [] : [element('p', {}, words.away_note)]), ...shown.map(({ key }) => fields.get(key).made.node), element('button', { type: 'submit', class: 'vh', tabindex: '-1', 'aria-hidden': 'true' }));
  }

  // Says what is wrong beside each question; whether anything is.
  function complain(wrong) {
    const found = shown.filter(({ key }) => wrong[key]);
    for (const { key } of found) blame(wrong[key], key);
    if (found.length) fields.get(found[0].key).made.box.focus();
    return found.length > 0;
  }

  const isEmail = (value) => /^\S+@\S+\.\S+$/.test(value);

  return {
    node,
    draw,
    complain,
    focus: () => shown.length && (fields.get(shown[0].key).made.box.focus(), true),
    check: () => !complain(Object.fromEntries(shown.map((ask) => {
      const value = valueOf(ask);
      if (ask.required && !value) return [ask.key, words.needed];
      return [ask.key, ask.key === 'email' && value && !isEmail(value) ? words.bad_email : ''];
    }))),
    // As a message carries it.
    said: () => {
      const { name = '', email = '', ...rest } = Object.fromEntries(last.map((ask) => [ask.key, valueOf(ask)]));
      return { name, email, asked: rest };
    },
    // Who comes next finds nothing of what was typed.
    clear: () => {
      fields.clear();
      last = [];
      delete node.dataset.drawn;
    },
    change: (questions) => (asked = questions),
  };
}
