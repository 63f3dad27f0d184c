// Sound and notification when somebody waits in a chat. Both are off until switched on in this browser (the profile's
// page); several tabs make one sound.

import { $, $$, kept, text } from './core.js';
import * as thread from './thread.js';

const TOGETHER = 2_000;
const on = (what) => kept(`alert:${what}`) === 'on';
let context = null;

// Two short tones, made here: nothing is loaded.
export function chime() {
  context ??= new AudioContext();
  context.resume();
  [660, 880].forEach((frequency, index) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const at = context.currentTime + index * 0.16;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.12, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.15);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.16);
  });
}

// The first tab to hear of it takes it: a lock, since what one tab stores another may read too late. Browsers have none
// for pages without https; there each tab speaks for itself.
const mine = (ticket) => new Promise((take) => {
  if (!navigator.locks) return take(true);
  navigator.locks.request(`chat-${ticket}`, { ifAvailable: true }, (lock) => {
    take(lock);
    return lock && new Promise((done) => setTimeout(done, TOGETHER));
  });
});

async function heard({ detail: { ticket, fresh, about } }) {
  const looking = !document.hidden && document.hasFocus();
  if (looking && thread.number() === ticket) return;
  if (!(await mine(ticket))) return;
  if (on('sound')) chime();
  if (!on('notice') || looking || globalThis.Notification?.permission !== 'granted') return;
  const notice = new Notification(text(fresh ? 'chat_waits' : 'chat_answered'), { body: about, tag: `chat-${ticket}` });
  notice.addEventListener('click', () => {
    window.focus();
    location.assign(`/tickets/${ticket}/`);
  });
}

async function switched({ target }) {
  const what = target.dataset.alert;
  if (target.checked && what === 'notice') {
    const allowed = (await globalThis.Notification?.requestPermission?.()) === 'granted';
    target.checked = allowed;
    $('#alert-refused').hidden = allowed;
  }
  kept(`alert:${what}`, target.checked ? 'on' : null);
  if (target.checked && what === 'sound') chime();
}

export function startAlerts() {
  document.addEventListener('live:chat', heard);
  for (const box of $$('[data-alert]')) {
    box.checked = on(box.dataset.alert);
    box.addEventListener('change', switched);
  }
}
