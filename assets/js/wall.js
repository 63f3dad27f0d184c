// Figures of this moment: fetched again as soon as the socket tells of a change, and now and then for what only time
// changes (a deadline comes within the hour, somebody leaves their desk).

import { $$ } from './core.js';
import { send } from './live.js';
import { refresh } from './times.js';

const SHORTEST = 500;
const BY_TIME = 15_000;

export function startWall() {
  const parts = $$('[data-wall]');
  if (!parts.length) return;
  let asked = 0;
  let waiting = 0;
  const ask = () => {
    waiting = 0;
    asked = Date.now();
    parts.forEach(refresh);
  };
  // Many changes at once are one fetch, and the last of them is never missed.
  const soon = () => (waiting ||= setTimeout(ask, Math.max(0, asked + SHORTEST - Date.now())));
  document.addEventListener('live:wall', soon);
  document.addEventListener('live:resync', () => (send('wall'), soon()));
  document.addEventListener('visibilitychange', () => document.hidden || soon());
  setInterval(soon, BY_TIME);
}
