// The first thing a visitor sees: who is here, how long an answer takes, the way to the conversation, their order, and
// the help centre.

import { drawn, element, face } from './dom.js';

const STATES = ['pending', 'paid', 'shipped', 'completed', 'cancelled', 'refunded', 'failed'];

export function makeHome({ settings, say, closing, help, onGo, onOrder }) {
  const { words } = settings;
  const faces = element('div', { class: 'faces' });
  const greeting = element('h1', { dir: 'auto' });
  const standing = element('p', { class: 'standing' });
  const last = element('span', { class: 'last', dir: 'auto' });
  const dot = element('span', { class: 'dot', hidden: true });
  const badge = element('span', { class: 'vh' });
  const who = element('span', { class: 'by' });
  const go = element('button', { type: 'button', class: 'card go', onclick: onGo });
  const order = element('section', { class: 'card order', hidden: true });
  const node = element('main', { class: 'home', hidden: true },
    element('div', { class: 'hero' },
      element('div', { class: 'bar' }, faces, element('b', { class: 'brand' }, settings.brand || words.title), closing()),
      greeting, standing),
    element('div', { class: 'cards' }, go, order, help));

  function draw(told, unread, latest, agent) {
    faces.replaceChildren(...told.agents.map(face));
    greeting.textContent = settings.customGreeting || (told.name ? say('hello', { name: told.name.split(' ')[0] }) : settings.greeting);
    greeting.classList.toggle('long', greeting.textContent.length > 45);
    const names = told.agents.map((agent) => agent.name).join(', ');
    standing.replaceChildren(...(told.synced ? lines(told, names) : []).map((text) => element('span', {}, text)));
    drawGo(told, unread, latest, agent);
    drawOrder(told.order);
  }

  // The latest order of whom the shop has signed; drawn anew only when it changed, so that focus stays.
  function drawOrder(latest) {
    order.hidden = !latest;
    const key = latest ? JSON.stringify(latest) : '';
    if (order.dataset.key === key) return;
    order.dataset.key = key;
    if (!latest) return order.replaceChildren();
    const placed = new Date(latest.placed).toLocaleDateString(settings.lang, { day: 'numeric', month: 'short' });
    const state = words.order_states.split('|')[STATES.indexOf(latest.state)] || '';
    order.replaceChildren(
      element('span', { class: 'two' }, element('b', {}, say('order', { number: latest.number })), element('span', { class: 'last' }, `${state} · ${placed}`)),
      element('button', { type: 'button', class: 'ask', onclick: () => onOrder(latest.number) }, words.about_order));
  }

  function lines(told, names) {
    if (told.here) return [...(told.full ? [words.full] : names ? [] : [words.here]), ...(names ? [say('online', { names })] : []), ...(told.usually ? [say('usually', { n: told.usually })] : [])];
    return [settings.away || words.away, ...(told.opens ? [say('opens', { when: moment(told.opens) })] : []), ...hours(told.away), ...byMail(told)];
  }

  // The week's hours; where there are none that is said, unless the shop says something of its own.
  function hours(away) {
    if (!away?.week.length) return away && !settings.away ? [words.no_hours] : [];
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone === away.zone ? '' : ` (${away.zone})`;
    return away.week.map(({ from, to, spans }) => `${day(from)}${to > from ? `–${day(to)}` : ''} ${spans.map((span) => span.map(clock).join('–')).join(', ')}${zone}`);
  }

  // How long a mail took lately, or that one comes; without a mail channel the answer waits here.
  function byMail({ mails, away }) {
    if (!mails) return [words.away_stay];
    if (!away?.mail) return settings.away ? [] : [words.away_note];
    return [...(settings.away ? [] : [words.away_note]), away.mail < 90 ? say('mail_minutes', { n: away.mail }) : say('mail_hours', { n: Math.round(away.mail / 60) })];
  }

  // The first of January 2024 was a Monday.
  const day = (number) => new Date(Date.UTC(2024, 0, 1 + number)).toLocaleDateString(settings.lang, { weekday: 'short', timeZone: 'UTC' });
  const clock = (minutes) => new Date(minutes * 60_000).toLocaleTimeString(settings.lang, { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
  const moment = (at) => new Date(at).toLocaleString(settings.lang, { weekday: 'long', hour: '2-digit', minute: '2-digit' });

  function drawGo(told, unread, latest, agent) {
    const fresh = !latest && !told.known;
    go.classList.toggle('pri', fresh);
    if (fresh) return go.replaceChildren(element('span', {}, words.start), drawn('on'));
    who.replaceChildren(agent ? face(agent) : element('span', { class: 'face', 'aria-hidden': 'true' }, drawn('talk')));
    last.textContent = latest ? `${latest.from === 'you' ? words.you : latest.name || words.agent}: ${latest.text || (latest.mail ? words.mail : '…')}` : '';
    dot.hidden = !unread;
    badge.textContent = unread ? `, ${say('unread', { n: unread })}` : '';
    return go.replaceChildren(who, element('span', { class: 'two' }, element('b', {}, words.yours, badge), last), dot, drawn('on'));
  }

  return { node, draw, focus: () => go.focus() };
}
