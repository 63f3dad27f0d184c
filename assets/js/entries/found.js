// Further hits come below those on the page when its end comes into sight. Without scripts the link leads to them.

import { $, $$ } from '../core.js';

const hits = $('#hits');
const tail = $('#further');
let busy = false;

// Which pages were added: whoever draws the list anew needs all of them.
if (hits) hits.further = [];

async function further() {
  const link = $('a', tail);
  if (busy || !link) return;
  busy = true;
  tail.setAttribute('aria-busy', 'true');
  try {
    const answer = await fetch(link.href);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const known = new Set($$('.row', hits).map((row) => row.dataset.ticket));
    const rows = $$('#hits > .row', fresh).filter((row) => !known.has(row.dataset.ticket));
    hits.further.push(link.href);
    // Whoever pressed the link by keyboard goes on at the first of them.
    const focused = document.activeElement === link;
    hits.append(...rows);
    for (const row of rows) row.dispatchEvent(new Event('row:drawn', { bubbles: true }));
    tail.replaceChildren(...($('#further', fresh)?.children ?? []));
    $('#found-count')?.remove();
    if (focused) rows[0]?.firstElementChild.focus();
  } catch {
    // The link stays, and can be pressed.
  } finally {
    busy = false;
    tail.removeAttribute('aria-busy');
  }
}

if (tail) {
  const near = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && further().then(again), {
    root: $('.scroll'), rootMargin: '400px',
  });
  // Still in sight after short pages: an observer tells only of changes.
  const again = () => {
    near.unobserve(tail);
    if ($('a', tail)) near.observe(tail);
  };
  near.observe(tail);
  tail.addEventListener('click', (event) => {
    if (!event.target.closest('a') || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    further();
  });
}
