// All of the chat that is loaded for a greeting: whether it may be said. The rest comes when somebody opens it.

import { may } from './may.js';

const { key, origin } = JSON.parse(document.getElementById('settings').textContent);
const place = (name) => `chat:${key}:${name}`; // as store.js has it
const store = { get: (name) => localStorage.getItem(place(name)), set: (name, value) => localStorage.setItem(place(name), value) };
const tell = (type, data) => parent.postMessage({ helpdesk: 1, type, data }, origin);

addEventListener('message', ({ origin: from, source, data }) => {
  try {
    if (from === origin && source === parent && data?.type === 'may' && may(store, data.data)) tell('may', data.data.id);
  } catch {
    // Where storage is closed to us nobody knows what was said: then nothing is.
  }
});
tell('ready');
