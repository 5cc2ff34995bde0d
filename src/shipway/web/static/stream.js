// What a tab hears of the server: facts, how logs grow, and whether the line holds. All tabs share one line.
import { Hub } from './hub.js';

const CHANNEL = 'shipway-stream';
const tab = `shipway-tab-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`;
const hearers = new Set();
const followed = new Map(); // by the name of a log: who hears of it
let last = document.documentElement.dataset.fact ?? null; // what the page knew when it was made
let asleep = document.hidden;
let say = () => {};

// `hear` gets { kind: open | lost | refused | fact | back }; back tells a tab that is seen (again) whether it missed any.
export function listen(hear) {
  hearers.add(hear);
}

// `hear` gets { size, count, over } and, if there were few, the new lines.
export function follow(log, hear) {
  followed.set(log, hear);
  announce();
  return () => { followed.delete(log); announce(); };
}

function receive(message) {
  if (message.last) last = message.last;
  if (message.kind === 'log') followed.get(message.told.log)?.(message.told);
  else for (const hear of hearers) hear(message);
}

function announce() {
  say({ tab, logs: [...followed.keys()], asleep, last });
}

function turn(sleeps) {
  if (asleep === sleeps) return;
  asleep = sleeps;
  announce();
}

function byWorker() {
  const worker = new SharedWorker(new URL('./hub-worker.js', import.meta.url), { type: 'module', name: CHANNEL });
  worker.onerror = () => (navigator.locks && self.BroadcastChannel ? byElection() : alone());
  worker.port.onmessage = ({ data }) => receive(data);
  const lives = held(); // before the worker asks for it: who has it is taken for alive
  say = (message) => lives.then(() => worker.port.postMessage(message));
}

// The lock of this tab's name is its own for as long as it lives.
function held() {
  return new Promise((has) => {
    if (navigator.locks) navigator.locks.request(tab, () => { has(); return new Promise(() => {}); }).catch(has);
    else has();
  });
}

// The tab that gets the lock is the hub of all others, until it goes.
function byElection() {
  const channel = new BroadcastChannel(CHANNEL);
  let hub = null;
  say = (message) => (hub ? hub.hear(message) : channel.postMessage(message));
  channel.onmessage = ({ data }) => {
    if (data.kind === 'who') announce();
    else if (data.to === tab) receive(data.message);
    else if (hub && data.tab) hub.hear(data);
  };
  navigator.locks.request(CHANNEL, () => {
    hub = new Hub((to, message) => (to === tab ? receive(message) : channel.postMessage({ to, message })));
    announce();
    channel.postMessage({ kind: 'who' });
    return new Promise(() => {});
  });
  announce();
}

function alone() {
  const hub = new Hub((_tab, message) => receive(message));
  say = (message) => hub.hear(message);
  announce();
}

if (self.SharedWorker) byWorker();
else if (navigator.locks && self.BroadcastChannel) byElection();
else alone();
document.addEventListener('visibilitychange', () => turn(document.hidden));
document.addEventListener('freeze', () => turn(true));
document.addEventListener('resume', () => turn(document.hidden));
addEventListener('pagehide', () => say({ tab, bye: true }));
addEventListener('pageshow', ({ persisted }) => { if (persisted) announce(); });
announce();
