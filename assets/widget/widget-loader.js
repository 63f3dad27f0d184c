// Runs in the shop's page: a button in a closed shadow root, and on opening an iframe of the helpdesk's own origin.
// One global, no cookie, nothing heavy before it is opened. Styles are constructed sheets, which a page's content
// policy does not forbid; !important inside a shadow root wins over !important outside. What not every page needs at
// once (greetings, how it stands on a phone) is in widget-more.js, which is handed what it needs on its own element.
(() => {
  const script = document.currentScript;
  if (!script || window.helpdesk?.open) return;
  const base = new URL(script.src).origin;
  const key = script.dataset.key || '';
  const path = `${base}/widget/${encodeURIComponent(key)}/`;
  const flag = `helpdesk:${key}`;
  const listeners = {};
  let early = [];
  let wanted = script.dataset.lang || '';
  let context = {};
  let facts = null;
  let frame = null;
  let kind = '';
  let more = null;
  let ready = false;
  let unread = 0;
  let where = '';
  let since = 0;
  let busy = false;


  const CSS = `:host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset-block-end:max(var(--y,20px),env(safe-area-inset-bottom))!important;display:block!important;width:auto!important;height:auto!important;visibility:visible!important;opacity:1!important;color-scheme:light dark!important}
:host([side=right]){inset-inline-end:var(--x,20px)!important}:host([side=left]){inset-inline-start:var(--x,20px)!important}:host([hidden]){display:none!important}
button{all:unset;box-sizing:border-box;width:56px;height:56px;border-radius:50%;display:grid;place-items:center;cursor:pointer;background:var(--c);color:var(--i);box-shadow:0 6px 20px rgb(16 24 40/.25),0 1px 3px rgb(16 24 40/.2);float:inline-end}
:host([side=left]) button{float:inline-start}button:focus-visible{outline:3px solid var(--i);box-shadow:0 0 0 6px var(--c)}
svg{width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
b{position:absolute;inset-block-end:40px;inset-inline-end:-3px;min-width:20px;box-sizing:border-box;padding:0 6px;border-radius:10px;background:#c2262e;color:#fff;font:600 12px/20px system-ui,sans-serif;text-align:center}b:empty{display:none}
iframe{display:block;border:0;width:384px;max-width:calc(100vw - 40px);height:min(664px,calc(100dvh - 96px - var(--y,20px)));border-radius:16px;margin-block-end:14px;background:Canvas;box-shadow:0 18px 60px rgb(16 24 40/.24),0 2px 8px rgb(16 24 40/.12)}iframe[hidden]{display:none}
@media(max-width:480px){:host([open]){inset:var(--t,0) 0 auto!important;width:100vw!important;height:var(--h,100dvh)!important}:host([open]) iframe{width:100%;max-width:none;height:100%;border-radius:0;margin:0}:host([open]) button{display:none}}`;
  const ICONS = ['M21 11.5a8.4 8.4 0 0 1-12.1 7.6L3 21l1.9-5.7A8.5 8.5 0 1 1 21 11.5Z', 'm6 9 6 6 6-6'];

  const host = document.createElement('helpdesk-widget');
  const root = host.attachShadow({ mode: 'closed' });
  const style = (place, css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    place.adoptedStyleSheets = [...place.adoptedStyleSheets, sheet];
  };
  style(root, CSS);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  const button = document.createElement('button');
  const badge = document.createElement('b');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(line);
  button.type = 'button';
  button.append(svg);
  badge.setAttribute('aria-hidden', 'true');
  root.append(button, badge);

  const isOpen = () => host.hasAttribute('open');
  const set = (name, value) => host.style.setProperty(name, value);
  const post = (type, data) => (ready && host.isConnected ? frame.contentWindow.postMessage({ helpdesk: 1, type, data }, base) : early.push([type, data]));
  const tell = (name, detail) => (listeners[name] || []).forEach((act) => act(detail));
  // Of the shop's storage: whether the visitor is in conversation ('1') or was in one ('0'), `:g` when they were here last
  // (1: they came back), `:o` that they logged out and the frame does not know yet; of the tab's, `:p` that the chat is open.
  const keep = (name, value, place = 'localStorage') => {
    try {
      if (value) window[place].setItem(flag + name, value);
      else window[place].removeItem(flag + name);
    } catch {
      // Storage may be closed to us; then the badge waits until the chat is opened.
    }
  };
  const kept = (name, place = 'localStorage') => {
    try {
      return window[place].getItem(flag + name);
    } catch {
      return null;
    }
  };
  let out = kept(':o');

  function draw() {
    const { words } = facts;
    line.setAttribute('d', ICONS[isOpen() ? 1 : 0]);
    button.setAttribute('aria-label', (isOpen() ? words.close : words.open) + (!isOpen() && unread ? `, ${words.unread.replace('{n}', unread)}` : ''));
    button.setAttribute('aria-expanded', String(isOpen()));
    badge.textContent = isOpen() || !unread ? '' : unread > 9 ? '9+' : unread;
  }

  // Everything that is not needed for a button: loaded once, with whatever comes first.
  function loadMore() {
    if (more) return;
    more = {};
    const tag = document.createElement('script');
    tag.chat = { host, root, button, style, set, kept, keep, post, mount, isOpen, api, facts: () => facts, busy: () => busy, cart: () => context.cart?.value || 0, take: (made) => (more = made) };
    tag.nonce = script.nonce;
    tag.src = `${base}/widget-more.js`;
    document.head.append(tag);
  }

  // The whole chat, or first only what must be asked before a greeting.
  function mount(what = 'frame') {
    loadMore();
    if (kind === 'frame' || kind === what) return;
    if (!frame) {
      frame = document.createElement('iframe');
      frame.title = facts.words.title;
      frame.hidden = true;
      frame.allow = 'autoplay;clipboard-write';
      root.insertBefore(frame, button);
    }
    kind = what;
    ready = false;
    frame.src = `${path}${what}/?origin=${encodeURIComponent(location.origin)}&lang=${facts.lang}&dir=${getComputedStyle(document.documentElement).direction}`;
  }

  function open(view) {
    more?.hush?.();
    mount();
    host.setAttribute('open', '');
    host.hidden = frame.hidden = false;
    unread = 0;
    draw();
    post('open', view);
    keep(':p', '1', 'sessionStorage');
    tell('open');
  }

  const api = {
    open(view) {
      if (!facts) return void early.push(['open', view]);
      open(view);
      frame.focus();
    },
    close() {
      if (!facts || !isOpen()) return;
      host.removeAttribute('open');
      frame.hidden = true;
      draw();
      post('close');
      keep(':p', '', 'sessionStorage');
      button.focus();
      tell('close');
    },
    toggle: (view) => (isOpen() ? api.close() : api.open(view)),
    show: () => (host.hidden = false),
    hide: () => (api.close(), (host.hidden = true)),
    identify: (token) => {
      if (facts) mount();
      post('identify', String(token));
    },
    setLanguage: (language) => {
      wanted = String(language);
      if (facts) load().then(() => frame && ((ready = false), (frame.src = frame.src.replace(/lang=[^&]*/, `lang=${facts.lang}`))));
    },
    setContext: (said) => {
      context = { ...context, ...said };
      if (frame) post('page', page());
    },
    on(name, act) {
      (listeners[name] ??= []).push(act);
      if (name === 'ready' && host.isConnected) act();
    },
    logout() {
      keep('');
      keep(':o', (out = '1'));
      early = early.filter(([type]) => type !== 'identify');
      busy = false;
      unread = 0;
      context = {};
      if (!facts) return;
      mount();
      draw();
      if (ready) post('logout');
    },
  };

  const page = () => ({ url: String(context.page || location.href), title: document.title, cart: context.cart, order: context.order });

  // Shops whose pages change without loading.
  function follow() {
    // Some of them put a new body in place of the one we stood in.
    if (!host.isConnected) {
      ready = false;
      document.body.append(host);
    }
    const { url } = page();
    if (where !== url) {
      where = url;
      since = Date.now();
      if (frame) post('page', page());
    }
    more?.greet?.(url, since);
  }

  addEventListener('message', ({ origin, source, data }) => {
    if (origin !== base || !frame || source !== frame.contentWindow || data?.helpdesk !== 1) return;
    const { type, data: said } = data;
    if (type === 'ready') {
      ready = true;
      // Before all else, or what one person left is there for the next.
      if (out) post('logout');
      post('page', page());
      early.splice(0).forEach((one) => post(...one));
      if (isOpen()) post('open', 'again');
    } else if (type === 'away') ready = false;
    else if (type === 'out') keep(':o', (out = ''));
    else if (type === 'close') api.close();
    else if (type === 'may') more?.say?.(said);
    else if (type === 'begun') keep('', (busy = said) ? '1' : '0');
    else {
      if (type === 'unread') {
        unread = said;
        draw();
      }
      tell(type, said);
    }
  });

  async function load() {
    const answer = await fetch(`${path}facts/?lang=${encodeURIComponent(wanted || document.documentElement.lang || '')}`, { credentials: 'omit' });
    if (!answer.ok) throw new Error(answer.status);
    facts = await answer.json();
    host.setAttribute('side', facts.side);
    set('--c', facts.color);
    set('--i', facts.ink);
    draw();
  }

  async function start() {
    try {
      await load();
    } catch {
      return; // This page may not show the chat, or nobody answers: then nothing is shown.
    }
    const { offsetX, offsetY } = script.dataset;
    if (offsetX) set('--x', `${+offsetX}px`);
    if (offsetY) set('--y', `${+offsetY}px`);
    button.addEventListener('click', () => api.toggle());
    button.addEventListener('pointerenter', () => mount(), { once: true });
    if (facts.greetings.length) loadMore();
    window.navigation?.addEventListener('currententrychange', follow);
    addEventListener('popstate', follow);
    setInterval(follow, 1000);
    follow();
    const opening = early.findIndex(([type]) => type === 'open');
    const [first] = opening < 0 ? [] : early.splice(opening, 1);
    if (early.length || kept('') || out) mount();
    if (first) api.open(first[1]);
    // On the next page of a shop it stays open, where it leaves room for the page.
    else if (kept(':p', 'sessionStorage') && innerWidth > 480) open('again');
    tell('ready');
  }

  const queued = window.helpdesk?.q || [];
  window.helpdesk = api;
  queued.forEach(([name, ...rest]) => api[name]?.(...rest));
  if (document.body) start();
  else addEventListener('DOMContentLoaded', start);
})();
