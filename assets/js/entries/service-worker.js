// Runs beside the pages: shows notices that come by push, and a page that says so when there is no connection. It keeps
// that page and its style, and nothing else: what is in tickets is never stored here.

const CACHE = 'offline-1';
const OFFLINE = '/offline/';

async function keepOfflinePage() {
  const answer = await fetch(OFFLINE, { cache: 'reload' });
  const html = await answer.clone().text();
  const styles = [...html.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, href]) => href);
  const cache = await caches.open(CACHE);
  await cache.put(OFFLINE, answer);
  await cache.addAll(styles);
}

addEventListener('install', (event) => {
  skipWaiting();
  event.waitUntil(keepOfflinePage());
});

addEventListener('activate', (event) => {
  const old = (names) => names.filter((name) => name !== CACHE);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))).then(() => clients.claim()));
});

// Everything goes to the server. Where it cannot be reached, a page is answered with the offline page, and that page's
// own style from what was kept. Frames go there without us: a chat's window asks who frames it, and what is fetched here
// no longer tells.
addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  if (request.destination === 'document') event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  else if (request.destination === 'style') event.respondWith(fetch(request).catch(async () => (await caches.match(request)) ?? Response.error()));
});

addEventListener('push', (event) => event.waitUntil(tell(event.data?.json() ?? {})));

async function tell({ title = '', body = '', url = '/', tag }) {
  const pages = await clients.matchAll({ type: 'window' });
  if (pages.some((page) => page.visibilityState === 'visible')) return; // it says so itself
  await registration.showNotification(title, { body, tag, icon: '/static/icon-192.png', badge: '/static/icon-192.png', data: { url } });
}

addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url ?? '/'));
});

async function open(url) {
  const [page] = await clients.matchAll({ type: 'window' });
  if (!page) return clients.openWindow(url);
  await page.focus();
  return page.navigate(url).catch(() => clients.openWindow(url));
}
