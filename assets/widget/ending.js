// When the chat is over: that it is, how it was, and the conversation by mail for who wants it.

import { drawn, element } from './dom.js';

export function makeEnding({ words, say, post, complain, email, refresh }) {
  const node = element('section', { class: 'over', 'aria-label': words.over, hidden: true });
  let shown = '';
  let chosen = 0;

  function draw(chat) {
    const wanted = chat?.over ? JSON.stringify([chat.score, chat.commented, chat.sent]) : '';
    node.hidden = !wanted;
    if (wanted === shown) return;
    shown = wanted;
    chosen = chat?.score || 0;
    if (wanted) node.replaceChildren(element('h2', {}, words.over), element('p', {}, words.again), ...(chat.score && chat.commented ? [thanks()] : [question()]), ...(chat.sent ? [] : [transcript()]));
  }

  const thanks = () => element('p', { class: 'thanks', role: 'status' }, words.rated);

  function question() {
    const names = words.scores.split('|');
    const comment = element('textarea', { rows: '2', maxlength: '500', placeholder: words.comment, 'aria-label': words.comment });
    const send = element('button', { type: 'submit', class: 'plain' }, words.send);
    const more = element('div', { class: 'more-words', hidden: !chosen }, comment, send);
    const scores = names.map((name, index) => {
      const field = element('input', { type: 'radio', name: 'score', value: index + 1, class: 'vh', checked: chosen === index + 1 });
      field.addEventListener('change', async () => {
        chosen = index + 1;
        more.hidden = false;
        await rate('');
      });
      return element('label', { title: name }, field, drawn(`face${index + 1}`), element('span', { class: 'vh' }, name));
    });
    const form = element('form', { class: 'rate' }, element('fieldset', {}, element('legend', {}, words.rate), element('div', { class: 'scores' }, ...scores)), more);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (chosen && (await rate(comment.value))) form.replaceWith(thanks());
    });
    return form;
  }

  async function rate(comment) {
    try {
      await post('rating', { score: chosen, comment });
      shown = JSON.stringify([chosen, Boolean(comment), JSON.parse(shown)[2]]);
      return true;
    } catch (error) {
      complain(error.status === 429 ? 'too_fast' : 'failed');
      return false;
    }
  }

  function transcript() {
    const place = element('div', { class: 'transcript' });
    const button = element('button', { type: 'button', class: 'plain' }, drawn('mail'), words.transcript);
    button.addEventListener('click', () => (email() ? ask('') : place.replaceChildren(address())));
    place.append(button);

    function address() {
      const field = element('input', { type: 'email', required: true, autocomplete: 'email', maxlength: '254', placeholder: words.email, 'aria-label': words.email });
      const form = element('form', { class: 'line' }, field, element('button', { type: 'submit', class: 'plain' }, words.send));
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        ask(field.value);
      });
      setTimeout(() => field.focus());
      return form;
    }

    async function ask(typed) {
      try {
        const said = await post('transcript', { email: typed });
        place.replaceChildren(element('p', { role: 'status' }, say('transcript_sent', { email: said.email })));
        refresh();
      } catch (error) {
        complain(error.status === 429 ? 'too_fast' : words[error.code] ? error.code : 'failed');
      }
    }
    return place;
  }

  return { node, draw };
}
