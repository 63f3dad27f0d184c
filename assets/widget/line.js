// Talking to the helpdesk. Writing is a POST with an id of its own, so that a repeated one is the same one; the socket
// only says that there is news. Whatever is lost, the next `sync` brings: it asks for all since the last known place.

export class Refused extends Error {
  constructor(status, code, wait, said = {}) {
    super(code);
    Object.assign(this, { status, code, wait, said });
  }
}

const FIRST = 1_000;
const LONGEST = 60_000;
// When a server goes, all its visitors dial again: spread over so long. A line that broke here, alone, need not wait.
const SPREAD = 5_000;
const ALONE = 500;
const UNFIT = 4400; // what we said was refused: saying it again at once will not help
const HEARTBEAT = 20_000;
const PATIENCE = 10_000;
const POLL_OPEN = 4_000;
const POLL_CLOSED = 30_000;

export function makeLine({ settings, secret, onNews, onTyping, page, isOpen }) {
  let pass = settings.pass;
  let socket = null;
  let attempts = 0;
  let alive = false;
  const timers = {};
  const after = (name, delay, act) => {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(act, delay);
  };

  async function ask(what, body, { raw = false, as, keepalive = false }) {
    const form = body instanceof FormData;
    let answer;
    try {
      answer = await fetch(`/widget/${settings.key}/${what}/`, {
        method: 'POST', credentials: 'omit', body: form ? body : JSON.stringify(body), keepalive,
        headers: { 'X-Chat-Pass': pass, Authorization: `Bearer ${as}`, ...(form ? {} : { 'Content-Type': 'application/json' }) },
      });
    } catch {
      throw new Refused(0, 'offline');
    }
    if (answer.ok) {
      if (raw) return answer.blob();
      const said = await answer.json();
      if (said.pass) pass = said.pass;
      return said;
    }
    const said = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, said.code || 'failed', Number(answer.headers.get('Retry-After')) || 0, said);
  }

  // A pass runs out while nobody is at the tab; then a new one first, and the same again.
  async function post(what, body, given = {}) {
    const how = { as: secret(), ...given };
    try {
      return await ask(what, body, how);
    } catch (error) {
      if (error.code !== 'stale') throw error;
    }
    await ask('renew', {}, { as: how.as });
    return ask(what, body, how);
  }

  function connect() {
    if (socket) return;
    const address = new URL('/ws/chat/', location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    const offered = ['helpdesk.chat.v1', `key.${settings.key}`, `pass.${pass.replaceAll(':', '~')}`, `secret.${secret()}`];
    const mine = new WebSocket(address, offered);
    socket = mine;
    alive = false;
    after('silence', PATIENCE, () => drop(mine));
    mine.addEventListener('message', ({ data }) => mine === socket && heard(JSON.parse(data)));
    mine.addEventListener('close', ({ code }) => mine === socket && closed({ code }));
  }

  function heard(said) {
    clearTimeout(timers.silence);
    if (said.kind === 'hello') {
      alive = true;
      here('here');
      beat();
      onNews();
    } else if (said.kind === 'pong') attempts = 0; // what we say of ourselves is taken too
    else if (said.kind === 'news') onNews();
    else if (said.kind === 'typing') onTyping(said.name);
  }

  function beat() {
    after('beat', HEARTBEAT, () => {
      here('here');
      after('silence', PATIENCE, () => drop(socket));
      beat();
    });
  }

  function closed({ code = 0, local = false }) {
    socket = null;
    clearTimeout(timers.silence);
    clearTimeout(timers.beat);
    alive = false;
    const least = code === UNFIT ? 8 * FIRST : 0;
    const most = local && !attempts ? ALONE : Math.max(SPREAD, 2 * least, Math.min(LONGEST, FIRST * 2 ** attempts));
    attempts += 1;
    after('retry', least + Math.random() * (most - least), connect);
    poll();
  }

  function drop(which) {
    if (!which || which !== socket) return;
    which.close();
    closed({ local: true });
  }

  // The network is back: no server has gone, so nobody else dials now.
  addEventListener('online', () => {
    if (!socket && timers.retry) after('retry', Math.random() * ALONE, connect);
    onNews();
  });

  // Where sockets are blocked it works all the same, a little later.
  function poll() {
    after('poll', isOpen() ? POLL_OPEN : POLL_CLOSED, () => {
      if (alive) return;
      onNews();
      poll();
    });
  }

  const say = (data) => alive && socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(data));
  const here = (kind) => say({ kind, page: page() });

  return {
    post,
    connect,
    here: () => here('here'),
    begun: () => here('begun'),
    typing: (draft) => say({ kind: 'typing', draft }),
    connected: () => alive,
    restart() {
      attempts = 0;
      const old = socket;
      socket = null;
      alive = false;
      old?.close();
      if (old || timers.retry) connect();
    },
  };
}
