// An agent's running chats side by side: each with its name, how long it waits, what is unread and who is typing. One
// press, or a key with Alt, opens another; what one writes meanwhile is a draft of its own ticket. The inbox gives this
// file what it works with, so that the two share no code and the inbox loads nothing for it.

const TYPING = 6_000;

export function start({ $, $$, KEYS, app, build, command, kept, localise, look, number, open: show, place, run, send, text }) {
  const [strip, news] = ['div', 'span'].map((tag) => place.appendChild(document.createElement(tag)));
  const typing = new Map();
  let shown = '';
  let beside = '';
  let tally = '';
  let unread = new Map();

  const columns = $('#columns');

  const links = () => $$('li > a', place);
  const numberOf = (link) => Number(link.dataset.chat);

  // The same again is not drawn again: the pointer and the focus stay where they are.
  function draw(html) {
    place.hidden = !html;
    app.toggleAttribute('data-running', Boolean(html));
    if (html === shown) return;
    shown = html;
    const focused = place.contains(document.activeElement) && document.activeElement.dataset.chat;
    const far = $('ul', place)?.scrollLeft;
    strip.replaceChildren(build(html));
    localise(strip);
    if (far) $('ul', place).scrollLeft = far;
    arrange(wanted().filter((one) => links().some((link) => numberOf(link) === one)));
    mark();
    if (focused) (links().find((link) => link.dataset.chat === focused) ?? links()[0])?.focus();
    follow();
    announce();
  }

  // Hear of all of them, not only of the one that is open.
  function follow() {
    const tickets = links().map(numberOf);
    if (String(tickets) === beside) return;
    beside = String(tickets);
    send('beside', { tickets });
  }

  function announce() {
    const now = new Map(links().map((link) => [numberOf(link), Number($('.news', link)?.dataset.unread ?? 0)]));
    const more = links().filter((link) => now.get(numberOf(link)) > (unread.get(numberOf(link)) ?? 0) && numberOf(link) !== number());
    unread = now;
    if (more.length) news.textContent = more.map((link) => text('chat_news', $('b', link).textContent, now.get(numberOf(link)))).join(', ');
  }

  function mark() {
    const now = Date.now();
    for (const link of links()) {
      const ticket = numberOf(link);
      if (ticket === number()) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
      link.toggleAttribute('data-typing', (typing.get(ticket) ?? 0) > now);
      link.nextElementSibling.setAttribute('aria-pressed', String(Boolean(columnOf(ticket))));
    }
  }

  function turn() {
    arrange(wanted());
    mark();
    links().find((link) => link.ariaCurrent)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  // ---- columns: where there is room, others stand beside the open one, each a page of its own with its own composer.

  const wanted = () => JSON.parse(kept('columns') ?? '[]');
  const columnOf = (ticket) => $(`iframe[data-ticket="${ticket}"]`, columns);

  // The open one stands in no column; as many as there is room for do, the latest chosen. Remembered in this browser.
  function arrange(some) {
    const most = innerWidth < 1440 ? 0 : innerWidth < 1800 ? 1 : 2;
    const chosen = some.filter((one) => one !== number());
    kept('columns', chosen.length ? JSON.stringify(chosen) : null);
    const shown = most ? chosen.slice(-most) : [];
    for (const frame of $$('iframe', columns)) if (!shown.includes(Number(frame.dataset.ticket))) frame.remove();
    for (const ticket of shown) if (!columnOf(ticket)) addColumn(ticket);
    if (shown.length) app.dataset.columns = shown.length;
    else delete app.dataset.columns;
  }

  function addColumn(ticket) {
    const frame = document.createElement('iframe');
    const link = links().find((one) => numberOf(one) === ticket);
    frame.dataset.ticket = ticket;
    frame.title = text('chat_beside', link ? $('b', link).textContent : `#${ticket}`);
    frame.src = columns.dataset.address.replace('/0/', `/${ticket}/`);
    frame.addEventListener('left', () => put(ticket, false));
    // Keys pressed in a column never reach this page by themselves.
    frame.addEventListener('load', () => frame.contentDocument?.addEventListener('keydown', onKey));
    columns.append(frame);
  }

  function put(ticket, on) {
    arrange([...wanted().filter((one) => one !== ticket), ...(on ? [ticket] : [])]);
    mark();
  }

  // To the next words: with a keyboard one goes on writing at once, on a phone it would cover the conversation.
  async function open(ticket) {
    const column = columnOf(ticket);
    if (column) {
      column.focus();
      return void $('#words', column.contentDocument)?.focus();
    }
    if (ticket !== number()) await show(ticket, { focus: 'subject' });
    if (ticket === number() && matchMedia('(pointer: fine)').matches) run('reply');
  }

  function step(by) {
    const all = links();
    if (!all.length) return;
    const at = all.findIndex((link) => numberOf(link) === number());
    open(numberOf(all[at < 0 ? (by > 0 ? 0 : all.length - 1) : (at + by + all.length) % all.length]));
  }

  function onClick(event) {
    const button = event.target.closest('[data-column]');
    if (button) return put(Number(button.dataset.column), button.getAttribute('aria-pressed') !== 'true');
    const link = event.target.closest('a[data-chat]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(numberOf(link));
  }

  function onKey(event) {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || $('dialog[open]') || event.target.matches?.('select')) return;
    const [, digit] = event.code.match(/^(?:Digit|Numpad)([1-9])$/) ?? [];
    const link = digit && links()[digit - 1];
    if (link) open(numberOf(link));
    else if (event.key === 'ArrowDown') step(1);
    else if (event.key === 'ArrowUp') step(-1);
    else return;
    event.preventDefault();
  }

  function heard({ detail }) {
    if (detail.typing === undefined) return void look(); // somebody came or left
    typing.set(detail.ticket, detail.typing ? Date.now() + TYPING : 0);
    mark();
    if (detail.typing) setTimeout(mark, TYPING + 100);
  }

  // Of all counts those of one's own and of what nobody has tell that a chat came or went.
  function counted({ detail: { counts } }) {
    const now = `${counts.mine} ${counts.unassigned}`;
    if (now !== tally) look();
    tally = now;
  }

  news.className = 'vh';
  news.setAttribute('role', 'status');
  const sheet = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: place.dataset.styles });
  document.head.append(sheet);
  place.addEventListener('click', onClick);
  document.addEventListener('keydown', onKey);
  document.addEventListener('frame:key', ({ detail }) => onKey(detail));
  document.addEventListener('live:panel', heard);
  document.addEventListener('live:counts', counted);
  for (const name of ['live:seen', 'live:ticket', 'live:remove']) document.addEventListener(name, look);
  // What stands in the line need not be said once more over the page.
  document.addEventListener('live:toast', (event) => links().some((link) => numberOf(link) === event.detail.ticket) && event.stopImmediatePropagation(), true);
  addEventListener('resize', () => arrange(wanted()));
  document.addEventListener('ticket:opened', turn);
  document.addEventListener('ticket:left', turn);
  KEYS.push(
    { group: 'keys_ticket', words: 'cmd_chat', command: 'chat', keys: ['Alt', '1…9'] },
    { group: 'keys_ticket', words: 'cmd_chat_next', command: 'chat-next', keys: ['Alt', '↓'] },
    { group: 'keys_ticket', words: 'cmd_chat_previous', command: 'chat-previous', keys: ['Alt', '↑'] },
  );
  command('chat-next', () => step(1), { when: () => links().length > 0 });
  command('chat-previous', () => step(-1), { when: () => links().length > 0 });
  return { draw };
}
