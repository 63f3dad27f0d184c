// Runs in somebody's page: where its script tag stands, the contact form in a frame of the helpdesk's own origin, as
// tall as what it holds. Closed shadow root and constructed sheet, so that neither page's styles reach the other and no
// content policy forbids them; no global, no cookie. A page may hold several.
(() => {
  const script = document.currentScript;
  if (!script?.dataset.form) return;
  const { form, lang, target, title } = script.dataset;
  const base = new URL(script.src).origin;
  const host = document.createElement('helpdesk-contact');
  const frame = document.createElement('iframe');
  let loads = 0;

  // A page that says nothing of its scheme is light, whatever its reader's machine prefers.
  function schemeOfPage() {
    const said = getComputedStyle(document.documentElement).colorScheme + document.querySelector('meta[name=color-scheme]')?.content;
    if (!said.includes('dark')) return 'light';
    return said.includes('light') ? '' : 'dark';
  }

  function put() {
    const theme = /^(light|dark|auto)$/.test(script.dataset.theme) ? script.dataset.theme.replace('auto', '') : schemeOfPage();
    const root = host.attachShadow({ mode: 'closed' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`:host{all:initial!important;display:block!important;width:100%!important;max-width:640px!important;color-scheme:${theme || 'light dark'}!important}
iframe{all:unset;display:block;width:100%;height:640px}`);
    root.adoptedStyleSheets = [sheet];
    const said = new URLSearchParams({ lang: lang || document.documentElement.lang.slice(0, 2), in: location.origin, theme });
    frame.src = `${base}/contact/${encodeURIComponent(form)}/?${said}`;
    frame.title = title || 'Contact form';
    frame.addEventListener('load', () => (loads += 1) > 1 && host.scrollIntoView({ block: 'nearest' }));
    root.append(frame);
    const place = target ? document.querySelector(target) : !document.body.contains(script) && document.body;
    if (place) place.append(host);
    else script.after(host);
  }

  addEventListener('message', ({ origin, source, data }) => {
    if (origin !== base || source !== frame.contentWindow || data?.helpdesk !== 1) return;
    if (data.type === 'height' && data.data > 0) frame.style.height = `${Math.min(Math.ceil(data.data), 6000)}px`;
    else if (data.type === 'title') frame.title = title || data.data;
    else if (data.type === 'sent') host.dispatchEvent(new CustomEvent('helpdesk-sent', { bubbles: true, composed: true }));
  });

  // Not before the page's own styles have come, which say its scheme.
  function begin() {
    const styled = [...document.querySelectorAll('link[rel=stylesheet]')].every((link) => link.sheet);
    if (styled || document.readyState === 'complete') put();
    else addEventListener('load', put, { once: true });
  }
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', begin);
  else begin();
})();
