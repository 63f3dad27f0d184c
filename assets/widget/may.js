// Whether a greeting may be said in this browser now. What was said, and when, lies in the storage of our own frame, which
// all pages of a shop share: its tabs, of which only the one that is looked at asks, and its subdomains.

export function may(store, { id, again }) {
  const said = JSON.parse(store.get('greeted') || '{}');
  const now = Date.now();
  if (store.get('talks') || now - said[id] < again * 3_600_000) return false;
  store.set('greeted', JSON.stringify({ ...said, [id]: now }));
  return true;
}
