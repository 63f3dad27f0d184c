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
  const renew = () => set('secret', btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32)))).replaceAll('+', '-').replaceAll('/', '_').replace('=', ''));
  if (!get('secret')) renew();
  return {
    get,
    set,
    renew,
    secret: () => get('secret'),
    is: (name, which) => name === place(which),
    isSecret: (name) => name === place('secret'),
    wipe: () => ['seen', 'sending', 'secret', 'sound', 'emoji'].forEach(remove),
  };
}
