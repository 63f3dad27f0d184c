// The loader's second half, in the shop's page too: greetings, chosen from rules that came with the facts, and what a phone
// needs. It comes when there are greetings, or with the frame. Its element bears what it may use of the loader.
(() => {
  const { host, root, button, style, set, kept, keep, post, mount, isOpen, api, facts, busy, cart, take } = document.currentScript.chat;
  document.currentScript.remove();
  const asked = {};
  let bubble = null;

  style(root, `p{all:unset;display:flex;align-items:start;max-width:min(280px,calc(100vw - 40px));margin-block-end:12px;border-radius:14px;background:light-dark(#fff,#15181d);color:light-dark(#161b26,#eef0f3);box-shadow:0 6px 24px rgb(16 24 40/.2);font:15px/1.45 system-ui,sans-serif}
p button,:host([side=left]) p button{width:auto;height:auto;border-radius:14px;background:none;color:inherit;box-shadow:none;display:block;float:none;padding:12px 0 12px 16px;overflow-wrap:anywhere;flex:1}p button+button{flex:none;padding:10px 14px}p button:focus-visible{outline-color:currentColor}`);
  // A phone shows the chat alone: the page behind it stays where it is.
  style(document, '@media(max-width:480px){html:has(helpdesk-widget[open]:not([hidden])){overflow:hidden!important}}');

  // The keyboard of some phones covers the page and does not shrink it.
  const seen = window.visualViewport;
  function fit() {
    if (seen.scale !== 1) return;
    set('--h', `${seen.height}px`);
    set('--t', `${seen.offsetTop}px`);
  }
  if (seen) {
    fit();
    seen.addEventListener('resize', fit);
    seen.addEventListener('scroll', fit);
  }

  // When they were here last; 1 is who came back after half an hour, once and for all.
  const last = Number(kept(':g')) || 0;
  const back = Boolean(last) && Date.now() - last > 1_800_000;
  keep(':g', back ? 1 : Date.now());

  const pathOf = (url) => url.replace(/^\w+:\/\/[^/]*|[?#].*/g, '') || '/';

  // Which one fits is weighed here; whether it may be said our own frame knows, which sees all pages of the shop.
  function greet(url, since) {
    if (bubble || busy() || isOpen() || host.hidden || kept('') === '1' || document.hidden) return;
    const now = Date.now();
    const one = facts().greetings.find(({ id, path, after, cart: least, back: returning, again }) =>
      now - since >= after * 1000 && !(now - asked[id] < again * 3_600_000) && (!returning || back) && cart() >= least && (!path || new RegExp(path).test(pathOf(url))));
    if (!one) return;
    asked[one.id] = now;
    mount('ask');
    post('may', one);
  }

  function say(id) {
    const one = facts().greetings.find((greeting) => greeting.id === id);
    if (!one || bubble || busy() || isOpen()) return;
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
    add('×', () => (hush(), button.focus())).setAttribute('aria-label', facts().words.dismiss);
    bubble.setAttribute('role', 'status');
    root.insertBefore(bubble, button);
  }

  function hush() {
    bubble?.remove();
    bubble = null;
  }

  take({ greet, say, hush });
})();
