// One WebSocket a tab. Knows nothing of lists, threads or badges: it dispatches events on `document`, others decide.
//
// Promise: whatever is lost on the way (a frame, a connection, a server) ends in one `live:resync`, upon which the
// page fetches what it shows. So a lost push costs a delay, and with sockets blocked all works by polling.
//
//   live:upsert  {ticket, event, html, at, sequence, inbound}   the row of a ticket that stands in the view shown
//   live:remove  {ticket, reason: "view" | "scope"}             it stands there no longer, or is out of sight
//   live:ticket  {ticket, kind, event}                          the open ticket changed: fetch what is new
//   live:viewing {ticket, sequence, event_sequence}             answer to send("view"): fetch if the page is behind
//   live:counts  {counts: {view: n}}     live:notices {unread}     live:seen {ticket, sequence}
//   live:presence {whole, tickets: {number: [person]}}          who else is at these tickets; of all of them if whole
//   live:wall    {}                                             something changed that this agent may see: fetch figures
//   live:toast   {text, ticket, href}    live:resync  {reason}     live:state {online, signedOut, polling}
//
// send("view", {view, ticket}) tells what is shown: `view` is the list's key (null: no list; left out: rows of every
// visible ticket), `ticket` the open one. Call it before fetching the list, so that nothing falls in between.
// send("here", {state}) tells what one does there: here, typing, idle or away. send("beside", {tickets: [number]}) asks
// to hear of these as of the open one. send("wall") asks to hear of every change; say it again after each `live:resync`.

const FIRST_DELAY = 500;
const LONGEST_DELAY = 60_000;
const OFFLINE_AFTER = 5_000;
const POLL_EVERY = 20_000;
const CATCH_UP_EVERY = 60_000;
const PATIENCE = 10_000;
const AWAY = 30_000;
// Reasons that reach every browser at once: spread their fetches, or the server gets them all in one moment.
const SPREAD = { flood: 3_000, gap: 2_000, lost: 2_000, fault: 3_000, online: 1_000 };
const SIGNED_OUT = 4401;
const LASTING = new Set(["view", "here", "beside"]);

let socket = null;
let url = "";
let heartbeat = 25_000;
let attempts = 0;
let received = 0;
let online = null;
let offlineSince = 0;
let suspected = false;
let leftAt = 0;
let lastResync = 0;
const timers = {};
// What a new connection must be told again.
const standing = new Map();

export function start() {
  const path = document.body.dataset.live;
  if (!path || socket || timers.retry) return;
  url = new URL(path, location.href).href.replace(/^http/, "ws");
  offlineSince = Date.now();
  after("offline", OFFLINE_AFTER, () => tellState(false));
  document.addEventListener("visibilitychange", visibilityChanged);
  addEventListener("online", connectSoon);
  addEventListener("pageshow", (event) => event.persisted && connectSoon());
  addEventListener("pagehide", () => socket?.close());
  connect();
}

export function send(kind, data = {}) {
  const message = { type: kind, ...data };
  if (LASTING.has(kind)) standing.set(kind, message);
  say(message);
}

// ---- the connection

function connect() {
  stop("retry");
  if (socket) return;
  const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  received = 0;
  socket = new WebSocket(url, ["helpdesk.v1", `csrf.${token}`]);
  const mine = socket;
  const current = (handler) => (event) => mine === socket && handler(event);
  // A server that takes the connection and then says nothing must not hold us for ever.
  after("silence", PATIENCE, () => drop(mine));
  mine.addEventListener("message", current(heard));
  mine.addEventListener("close", current(closed));
}

function connectSoon() {
  if (socket) return;
  attempts = 0;
  connect();
}

function closed(event) {
  socket = null;
  document.documentElement.toggleAttribute("data-connected", false);
  ["beat", "silence", "catchUp"].forEach(stop);
  const opened = received > 0;
  // A session may also have been renewed in another tab; only a second refusal means that we are signed out.
  if (suspected && !opened) return tellState(false, true);
  suspected = event.code === SIGNED_OUT;
  if (opened) {
    attempts = 0;
    offlineSince = Date.now();
    after("offline", OFFLINE_AFTER, () => tellState(false));
  }
  // 1001, 1006, 1012 and whatever else: all the same to us.
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempts++);
  after("retry", suspected ? 0 : longest * (0.5 + Math.random() / 2), connect);
}

function drop(which) {
  if (which !== socket) return;
  which.close();
  // `close` waits for the other side, which may be gone: do not.
  closed({ code: 1006 });
}

function say(message) {
  if (socket?.readyState === WebSocket.OPEN && received > 0) socket.send(JSON.stringify(message));
}

// ---- what the server says

function heard(event) {
  const message = JSON.parse(event.data);
  // Messages are numbered per connection: a hole means that something between us lost one.
  const missed = message.n !== received + 1;
  received = message.n;
  stop("silence");
  for (const frame of message.frames) take(frame, message.view);
  if (missed) resync("missed");
}

function take({ kind, ...detail }, view) {
  switch (kind) {
    case "hello":
      return welcome(detail);
    case "pong":
      return undefined;
    case "resync":
      return resync(detail.reason);
    case "ticket.upsert":
      return view === viewKey() && tell("upsert", detail);
    case "ticket.remove":
      return (detail.reason !== "view" || view === viewKey()) && tell("remove", detail);
    case "message.new":
    case "message.status":
    case "ticket.changed":
      return tell("ticket", { kind, ...detail });
    default:
      return tell(kind, detail);
  }
}

function welcome({ heartbeat: seconds }) {
  heartbeat = seconds * 1000;
  document.documentElement.toggleAttribute("data-connected", true);
  suspected = false;
  attempts = 0;
  standing.forEach(say);
  stop("offline");
  stop("poll");
  beat();
  catchUpLater();
  const returning = online !== null || Date.now() - offlineSince > OFFLINE_AFTER;
  tellState(true);
  resync(returning ? "online" : "connected");
}

// The server gives a view it was not told of the key "", and one that shows no list null.
function viewKey() {
  const shown = standing.get("view");
  return !shown ? null : shown.view === undefined ? "" : shown.view;
}

// ---- time

function beat() {
  after("beat", heartbeat, () => {
    ask();
    beat();
  });
}

// The wait starts with the question: in a hidden tab timers run once a minute, and a wait started with the last
// message would end a connection that is well.
function ask() {
  say({ type: "ping" });
  after("silence", PATIENCE, () => drop(socket));
}

function catchUpLater() {
  after("catchUp", CATCH_UP_EVERY, () => {
    if (!document.hidden) resync("minute");
    catchUpLater();
  });
}

function pollLater() {
  after("poll", POLL_EVERY, () => {
    if (online) return;
    if (!document.hidden) resync("poll");
    pollLater();
  });
}

function visibilityChanged() {
  if (document.hidden) {
    leftAt = Date.now();
    return;
  }
  const away = Date.now() - leftAt > AWAY;
  if (socket === null) connectSoon();
  // Timers sleep in hidden tabs and with the computer, so a dead connection may look alive: ask on it.
  else if (away) ask();
  if (away) resync("visible");
}

function resync(reason) {
  const spread = (SPREAD[reason] ?? 0) * Math.random();
  // Several reasons at once are one fetch.
  if (timers.resync && Date.now() - lastResync < spread) return;
  lastResync = Date.now();
  after("resync", spread, () => tell("resync", { reason }));
}

function after(name, delay, act) {
  stop(name);
  timers[name] = setTimeout(() => {
    delete timers[name];
    act();
  }, delay);
}

function stop(name) {
  clearTimeout(timers[name]);
  delete timers[name];
}

// ---- what the page hears

function tellState(now, signedOut = false) {
  if (!now && !signedOut) pollLater();
  if (now === online && !signedOut) return;
  online = now;
  tell("state", { online: now, signedOut, polling: !now && !signedOut });
}

function tell(name, detail) {
  document.dispatchEvent(new CustomEvent(`live:${name}`, { detail }));
}
