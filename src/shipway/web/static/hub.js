// The one line of a browser to the server, for all of its tabs: browsers allow six connections to a host.
// Runs in a shared worker, or in the tab that was elected. A tab that nobody sees is told nothing, and what it
// missed when it is seen again.
const AGAIN = 2000; // milliseconds

export class Hub {
  constructor(post) {
    this.post = post; // (tab, message)
    this.tabs = new Map(); // by name: { logs, asleep, missed }
    this.logs = new Map(); // by name: how far it was
    this.asked = null;
    this.last = null;
    this.state = 'opening';
  }

  // A tab says what it wants, again whenever that changes.
  hear({ tab, bye, logs = [], asleep = false, last = null }) {
    if (bye) this.tabs.delete(tab);
    else {
      this.last ??= last;
      const before = this.tabs.get(tab);
      const missed = Boolean(before?.missed) || Number(last) < Number(this.last);
      this.tabs.set(tab, { logs, asleep, missed: asleep && missed });
      if (!asleep && (missed || before?.asleep)) this.post(tab, { kind: 'back', missed, last: this.last });
      if (!asleep) this.catchUp(tab, logs);
    }
    this.renew();
  }

  catchUp(tab, logs) {
    this.post(tab, { kind: this.state });
    for (const name of logs) if (this.logs.has(name)) this.post(tab, { kind: 'log', told: this.logs.get(name) });
  }

  tell(message) {
    for (const [name, tab] of this.tabs) {
      if (tab.asleep) tab.missed = true;
      else if (message.kind !== 'log' || tab.logs.includes(message.told.log)) this.post(name, message);
    }
  }

  renew() {
    const logs = [...new Set([...this.tabs.values()].flatMap((tab) => tab.logs))].sort();
    const asked = this.tabs.size ? logs.join(' ') : null;
    if (asked === this.asked) return;
    this.asked = asked;
    for (const name of this.logs.keys()) if (!logs.includes(name)) this.logs.delete(name);
    this.open(logs);
  }

  open(logs) {
    this.source?.close();
    clearTimeout(this.waiting);
    if (this.asked === null) return;
    const query = new URLSearchParams(logs.map((name) => ['log', name]));
    if (this.last) query.set('after', this.last);
    const source = this.source = new EventSource(`/events?${query}`);
    source.addEventListener('begin', (event) => { this.last = event.lastEventId; this.turn('open'); });
    source.onmessage = (event) => { this.last = event.lastEventId; this.tell({ kind: 'fact', last: this.last }); };
    source.addEventListener('log', (event) => this.grown(JSON.parse(event.data)));
    source.onerror = () => {
      this.turn('lost');
      if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
      this.tell({ kind: 'refused' });
      this.waiting = setTimeout(() => this.open(logs), AGAIN);
    };
  }

  turn(state) {
    if (this.state === state) return;
    this.state = state;
    this.tell({ kind: state });
  }

  grown(told) {
    this.logs.set(told.log, { ...told, new: undefined, before: undefined });
    this.tell({ kind: 'log', told });
  }
}
