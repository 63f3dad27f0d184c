// What this browser keeps: the secret that opens the visitor's conversation, and what is not sent yet. In our own
// frame's storage, which browsers keep apart for each shop; where storage is closed, in memory.

export function makeStore(key) {
  const memory = new Map();
  const place = (name) => `chat:${key}:${name}`;
  const get = (name) => {
    try {
      return localStorage.getItem(place(name)) ?? memory.get(name) ?? null;
    } catch {
      return memory.get(name) ?? null;
    }
  };
  const set = (name, value) => {
    memory.set(name, value);
    try {
      localStorage.setItem(place(name), value);
    } catch {
      // Then it lasts as long as this page.
    }
  };
  const remove = (name) => {
    memory.delete(name);
    try {
      localStorage.removeItem(place(name));
    } catch {
      // It was never there.
    }
  };
  const names = () => {
    const found = new Set(memory.keys());
    try {
      for (const full of Object.keys(localStorage)) if (full.startsWith(place(''))) found.add(full.slice(place('').length));
    } catch {
      // Then there is only what is in memory.
    }
    return [...found];
  };
  const list = (name) => [].concat(JSON.parse(get(name) || '[]'));
  const renew = () => set('secret', btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))).replaceAll('+', '-').replaceAll('/', '_').replace('=', ''));
  return {
    get,
    set,
    remove,
    list,
    renew,
    secret: () => (get('secret') || renew(), get('secret')),
    is: (name, which) => name === place(which),
    // Each message that is not stored yet lies alone, so that tabs do not overwrite each other's.
    keepJob: (job) => set(`job:${job.client}`, JSON.stringify(job)),
    dropJob: (client) => remove(`job:${client}`),
    jobs: () => names().filter((name) => name.startsWith('job:')).map((name) => JSON.parse(get(name))).sort((a, b) => a.at - b.at),
    // Secrets that the helpdesk must still be told to forget; nothing else stays.
    part: () => get('secret') && set('gone', JSON.stringify([...list('gone'), get('secret')].slice(-20))),
    parted: (secret) => set('gone', JSON.stringify(list('gone').filter((one) => one !== secret))),
    wipe: () => names().filter((name) => name !== 'gone').forEach(remove),
  };
}
