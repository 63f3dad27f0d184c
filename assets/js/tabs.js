// Tabs that are wider than a phone scroll: the one that is shown is in sight.

import { $$ } from './core.js';

export function startTabs() {
  for (const tabs of $$('.seg.tabs')) {
    const shown = tabs.querySelector('[aria-current]');
    if (shown && tabs.scrollWidth > tabs.clientWidth) tabs.scrollLeft = shown.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - shown.clientWidth) / 2;
  }
}
