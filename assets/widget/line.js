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
const HEARTBEAT = 20_000;
const PATIENCE = 10_000;
const POLL_OPEN = 4_000;
const POLL_CLOSED = 30_000;

export function makeLine({ settings, secret, onNews, onTyping, onState, page, isOpen }) {
  let pass = settings.pass;
  let socket = null;
  let attempts = 0;
  let alive = false;
  let stopped = false;
  const timers = {};
  const after = (name, delay, act) => {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(act, delay);
  };

  async function post(what, body, { raw = false } = {}) {
    const form = body instanceof FormData;
    let answer;
    try {
      answer = await fetch(`/widget/${settings.key}/${what}/`, {
        method: 'POST', credentials: 'omit', body: form ? body : JSON.stringify(body), keepalive: what === 'message',
        headers: { 'X-Chat-Pass': pass, Authorization: `Bearer ${secret()}`, ...(form ? {} : { 'Content-Type': 'application/json' }) },
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

  function connect() {
    if (socket || stopped) return;
    const address = new URL('/ws/chat/', location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    const offered = ['helpdesk.chat.v1', `key.${settings.key}`, `pass.${pass.replaceAll(':', '~')}`, `secret.${secret()}`];
    const mine = new WebSocket(address, offered);
    socket = mine;
    alive = false;
    after('silence', PATIENCE, () => drop(mine));
    mine.addEventListener('message', ({ data }) => mine === socket && heard(JSON.parse(data)));
    mine.addEventListener('close', () => mine === socket && closed());
  }

  function heard(said) {
    clearTimeout(timers.silence);
    if (said.kind === 'hello') {
      alive = true;
      attempts = 0;
      onState(true);
      here('here');
      beat();
      onNews();
    } else if (said.kind === 'news') onNews();
    else if (said.kind === 'typing') onTyping(said.name);
  }

  function beat() {
    after('beat', HEARTBEAT, () => {
      here('here');
      after('silence', PATIENCE, () => drop(socket));
      beat();
    });
  }

  function closed() {
    socket = null;
    clearTimeout(timers.silence);
    clearTimeout(timers.beat);
    if (stopped) return;
    if (alive) attempts = 0;
    alive = false;
    if (attempts > 1) onState(false);
    const wait = Math.min(LONGEST, FIRST * 2 ** attempts++);
    after('retry', wait * (0.5 + Math.random() / 2), connect);
    poll();
  }

  function drop(which) {
    if (!which || which !== socket) return;
    which.close();
    closed();
  }

  // Where sockets are blocked it works all the same, a little later.
  function poll() {
    after('poll', isOpen() ? POLL_OPEN : POLL_CLOSED, () => {
      if (alive || stopped) return;
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
      stopped = false;
      const old = socket;
      socket = null;
      old?.close();
      connect();
    },
    stop() {
      stopped = true;
      socket?.close();
      socket = null;
    },
  };
}
