// Runs in the shop's page: a button in a closed shadow root, and on opening an iframe of the helpdesk's own origin.
// One global, no cookie, nothing heavy before it is opened. Styles are constructed sheets, which a page's content
// policy does not forbid; !important inside a shadow root wins over !important outside. Greetings are chosen here, from
// rules that came with the facts: what was said in this browser, and when, stays in it.
(() => {
  const script = document.currentScript;
  if (!script || window.helpdesk?.open) return;
  const base = new URL(script.src).origin;
  const key = script.dataset.key || '';
  const path = `${base}/widget/${encodeURIComponent(key)}/`;
  const flag = `helpdesk:${key}`;
  const listeners = {};
  const early = [];
  let wanted = script.dataset.lang || '';
  let context = {};
  let facts = null;
  let frame = null;
  let ready = false;
  let unread = 0;
  let where = '';
  let since = 0;
  let bubble = null;
  let busy = false;
  let memo = {};

  const CSS = `:host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset-block-end:max(20px,env(safe-area-inset-bottom))!important;display:block!important;width:auto!important;height:auto!important;visibility:visible!important;opacity:1!important;color-scheme:light dark!important}
:host([side=right]){inset-inline-end:20px!important}:host([side=left]){inset-inline-start:20px!important}
button{all:unset;box-sizing:border-box;width:56px;height:56px;border-radius:50%;display:grid;place-items:center;cursor:pointer;background:var(--c);color:var(--i);box-shadow:0 6px 20px rgb(16 24 40/.25),0 1px 3px rgb(16 24 40/.2);float:inline-end}
:host([side=left]) button{float:inline-start}button:focus-visible{outline:3px solid var(--i);box-shadow:0 0 0 6px var(--c)}
svg{width:26px;height:26px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
b{position:absolute;inset-block-end:40px;inset-inline-end:-3px;min-width:20px;box-sizing:border-box;padding:0 6px;border-radius:10px;background:#c2262e;color:#fff;font:600 12px/20px system-ui,sans-serif;text-align:center}b:empty{display:none}
p{all:unset;display:flex;align-items:start;max-width:min(280px,calc(100vw - 40px));margin-block-end:12px;border-radius:14px;background:light-dark(#fff,#15181d);color:light-dark(#161b26,#eef0f3);box-shadow:0 6px 24px rgb(16 24 40/.2);font:15px/1.45 system-ui,sans-serif}
p button,:host([side=left]) p button{width:auto;height:auto;border-radius:14px;background:none;color:inherit;box-shadow:none;display:block;float:none;padding:12px 0 12px 16px;overflow-wrap:anywhere;flex:1}p button+button{flex:none;padding:10px 14px}p button:focus-visible{outline-color:currentColor}
iframe{display:block;border:0;width:384px;max-width:calc(100vw - 40px);height:min(664px,calc(100dvh - 116px));border-radius:16px;margin-block-end:14px;background:Canvas;box-shadow:0 18px 60px rgb(16 24 40/.24),0 2px 8px rgb(16 24 40/.12)}iframe[hidden]{display:none}
@media(max-width:480px){:host([open]){inset:0!important;width:100vw!important;height:100dvh!important}:host([open]) iframe{width:100%;max-width:none;height:100%;border-radius:0;margin:0}:host([open]) button{display:none}}`;
  const ICONS = ['M21 11.5a8.4 8.4 0 0 1-12.1 7.6L3 21l1.9-5.7A8.5 8.5 0 1 1 21 11.5Z', 'm6 9 6 6 6-6'];

  const host = document.createElement('helpdesk-widget');
  const root = host.attachShadow({ mode: 'closed' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  root.adoptedStyleSheets = [sheet];
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
  const post = (type, data) => (ready ? frame.contentWindow.postMessage({ helpdesk: 1, type, data }, base) : early.push([type, data]));
  const tell = (name, detail) => (listeners[name] || []).forEach((act) => act(detail));
  // '1': in conversation; '0': was in one.
  const remember = (name, value) => {
    try {
      if (value) localStorage.setItem(name, value);
      else localStorage.removeItem(name);
    } catch {
      // Storage may be closed to us; then the badge waits until the chat is opened.
    }
  };
  const remembered = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };

  function draw() {
    const { words } = facts;
    line.setAttribute('d', ICONS[isOpen() ? 1 : 0]);
    button.setAttribute('aria-label', (isOpen() ? words.close : words.open) + (!isOpen() && unread ? `, ${words.unread.replace('{n}', unread)}` : ''));
    button.setAttribute('aria-expanded', String(isOpen()));
    badge.textContent = isOpen() || !unread ? '' : unread > 9 ? '9+' : unread;
  }

  function fits({ id, path, after, cart, back, again }) {
    const now = Date.now();
    return now - since >= after * 1000 && !(now - memo[id] < again * 36e5) && (!back || memo.back) && (context.cart?.value || 0) >= cart && (!path || new RegExp(path).test(location.pathname));
  }

  function greet() {
    if (bubble || busy || isOpen() || remembered(flag) === '1' || document.hidden) return;
    const one = facts.greetings.find(fits);
    if (!one) return;
    memo[one.id] = Date.now();
    remember(flag + ':g', JSON.stringify(memo));
    bubble = document.createElement('p');
    const add = (text, act) => {
      const made = document.createElement('button');
      made.type = 'button';
      made.textContent = text;
      made.onclick = act;
      bubble.append(made);
      return made;
    };
    add(one.text, () => (api.open('talk'), post('greet', one)));
    add('×', () => (hush(), button.focus())).setAttribute('aria-label', facts.words.dismiss);
    bubble.setAttribute('role', 'status');
    root.insertBefore(bubble, button);
  }

  const hush = () => bubble?.remove();

  function mount() {
    if (frame) return;
    frame = document.createElement('iframe');
    frame.title = facts.words.title;
    frame.hidden = true;
    frame.allow = 'clipboard-write';
    frame.src = `${path}frame/?origin=${encodeURIComponent(location.origin)}&lang=${encodeURIComponent(facts.lang)}`;
    root.insertBefore(frame, button);
  }

  const api = {
    open(view) {
      if (!facts) return void early.push(['open', view]);
      hush();
      mount();
      host.setAttribute('open', '');
      frame.hidden = false;
      unread = 0;
      draw();
      post('open', view);
      frame.focus();
      tell('open');
    },
    close() {
      if (!facts || !isOpen()) return;
      host.removeAttribute('open');
      frame.hidden = true;
      draw();
      post('close');
      button.focus();
      tell('close');
    },
    identify: (token) => {
      if (facts) mount();
      post('identify', String(token));
      remember(flag, '1');
    },
    setLanguage: (language) => {
      wanted = String(language);
      if (facts) load().then(() => frame && ((ready = false), (frame.src = frame.src.replace(/lang=[^&]*/, `lang=${facts.lang}`))));
    },
    setContext: (said) => {
      context = { ...context, ...said };
      if (frame) post('page', page());
    },
    on: (name, act) => void (listeners[name] ??= []).push(act),
    logout: () => {
      remember(flag);
      busy = false;
      unread = 0;
      if (facts) mount();
      post('logout');
    },
  };

  const page = () => ({ url: String(context.page || location.href), title: document.title, cart: context.cart, order: context.order });

  // Shops whose pages change without loading.
  function follow() {
    if (where !== location.href) {
      where = location.href;
      since = Date.now();
      if (frame) post('page', page());
    }
    greet();
  }

  addEventListener('message', ({ origin, source, data }) => {
    if (origin !== base || !frame || source !== frame.contentWindow || data?.helpdesk !== 1) return;
    if (data.type === 'ready') {
      ready = true;
      post('page', page());
      early.splice(0).forEach((one) => post(...one));
      if (isOpen()) post('open');
    } else if (data.type === 'close') api.close();
    else if (data.type === 'unread') {
      unread = data.data;
      draw();
    } else if (data.type === 'begun') remember(flag, (busy = data.data) ? '1' : '0');
    else if (data.type === 'message') tell('message', data.data);
  });

  async function load() {
    const answer = await fetch(`${path}facts/?lang=${encodeURIComponent(wanted || document.documentElement.lang || '')}`, { credentials: 'omit' });
    if (!answer.ok) throw new Error(answer.status);
    facts = await answer.json();
    host.setAttribute('side', facts.side);
    host.style.setProperty('--c', facts.color);
    host.style.setProperty('--i', facts.ink);
    draw();
  }

  async function start() {
    try {
      await load();
    } catch {
      return; // This page may not show the chat, or nobody answers: then nothing is shown.
    }
    button.addEventListener('click', () => (isOpen() ? api.close() : api.open()));
    button.addEventListener('pointerenter', mount, { once: true });
    document.body.append(host);
    memo = JSON.parse(remembered(flag + ':g') || '{}');
    memo.back ||= Date.now() - memo.at > 18e5;
    memo.at = Date.now();
    remember(flag + ':g', JSON.stringify(memo));
    window.navigation?.addEventListener('currententrychange', follow);
    addEventListener('popstate', follow);
    setInterval(follow, 1000);
    follow();
    const opening = early.findIndex(([type]) => type === 'open');
    const [asked] = opening < 0 ? [] : early.splice(opening, 1);
    if (early.length || remembered(flag)) mount();
    if (asked) api.open(asked[1]);
  }

  const queued = window.helpdesk?.q || [];
  window.helpdesk = api;
  queued.forEach(([name, ...rest]) => api[name]?.(...rest));
  if (document.body) start();
  else addEventListener('DOMContentLoaded', start);
})();
