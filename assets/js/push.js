// The service worker, and notices in this browser while no page is open: switched on and off in the notification
// settings. A session that begins anew says again that this browser is to be told.

import { $, kept, me } from './core.js';
import { get, post } from './http.js';
import { complain } from './toast.js';

const PUSH = 'push';
const WORKER = '/service-worker.js';
const ready = 'serviceWorker' in navigator && isSecureContext;

const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));

function tellServer(subscription, subject) {
  const { endpoint, keys } = subscription.toJSON();
  return post('/push/browsers/', { endpoint, ...keys, subject: subject ? 1 : 0 });
}

const current = async () => (await navigator.serviceWorker.ready).pushManager?.getSubscription() ?? null;

async function begin(subject) {
  if ((await Notification.requestPermission()) !== 'granted') return false;
  const { key } = await get('/push/');
  const { pushManager } = await navigator.serviceWorker.ready;
  const known = await pushManager.getSubscription();
  const subscription = known ?? (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) }));
  await tellServer(subscription, subject);
  kept(PUSH, String(me));
  return true;
}

async function end() {
  kept(PUSH, null);
  const subscription = await current();
  if (!subscription) return;
  await post('/push/browsers/remove/', { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
}

// A new session of the same agent: the server tells only as long as the session lives in which this was said.
async function renew() {
  if (kept(PUSH) !== String(me) || sessionStorage.getItem(PUSH) || Notification.permission !== 'granted') return;
  const subscription = await current();
  if (!subscription) return;
  const { subject } = await get('/push/');
  await tellServer(subscription, subject);
  sessionStorage.setItem(PUSH, '1');
}

async function showSettings(box) {
  const able = ready && 'PushManager' in window && 'Notification' in window;
  $('[data-unable]', box).hidden = able;
  const [on, subject] = ['on', 'subject'].map((name) => $(`[name=push-${name}]`, box));
  on.disabled = !able;
  if (!able) return;
  const told = async () => kept(PUSH) === String(me) && Notification.permission === 'granted' && (await current()) !== null;
  const draw = async () => {
    on.checked = await told();
    subject.disabled = !on.checked;
    $('[data-denied]', box).hidden = Notification.permission !== 'denied';
  };
  subject.checked = (await get('/push/').catch(() => ({}))).subject ?? false;
  await draw();
  box.addEventListener('change', async ({ target }) => {
    try {
      if (target === on && !on.checked) await end();
      else await begin(subject.checked);
    } catch (error) {
      complain(error);
    }
    await draw();
  });
}

export async function startPush() {
  const box = $('#push');
  if (ready && me) {
    await navigator.serviceWorker.register(WORKER).catch(() => {});
    renew().catch(() => {});
  }
  if (box) showSettings(box);
}
