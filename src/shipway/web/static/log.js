// The log as it is printed. Every byte of it reaches the page as text, never as markup.
import { Painter } from './ansi.js';

const MOST = 2000; // lines kept on the page
const PAUSED = 1000; // more of them while somebody reads further up
const LONGEST = 4000; // characters shown of one text
const OPEN = 12; // lines below an entry that are shown at once
const NEAR = 40; // pixels from the end that still count as the end

const section = document.getElementById('log');
const list = document.getElementById('lines');
const follow = document.getElementById('follow');
const wrap = document.getElementById('wrap');
const line = document.querySelector('[data-line]');

function made(tag, look, text) {
  const element = document.createElement(tag);
  if (look) element.className = look;
  if (text !== undefined) element.textContent = text;
  return element;
}

function cut(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} … ${(text.length - LONGEST).toLocaleString('en')} more characters` : text;
}

function fill(element, text) {
  new Painter().paint(element, cut(text));
}

// The same as the template draws.
function drawn(entry) {
  let [first, ...rest] = entry.text.split('\n');
  let fields = '';
  if (entry.message !== first) {
    const more = entry.message.split('\n');
    first = more.shift();
    fields = Object.entries(entry.fields).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join('  ');
    rest = [...more, ...entry.stack.split('\n').filter(Boolean), ...rest];
  }
  const item = made('li', entry.level ?? 'none');
  item.id = `L${entry.position}`;
  const at = made('a', 'at');
  at.href = `${section.dataset.page}?around=${encodeURIComponent(entry.position)}#L${entry.position}`;
  const time = made('time', '', new Date(entry.at * 1000).toTimeString().slice(0, 8));
  time.dateTime = `${new Date(Math.floor(entry.at) * 1000).toISOString().slice(0, 19)}Z`;
  at.append(time);
  const code = made('code');
  fill(code, first);
  if (fields) code.append(' ', quiet(fields));
  const who = `${entry.release ? `r${entry.release} ` : ''}${entry.instance}${entry.source ? `/${entry.source}` : ''}`;
  item.append(at, made('span', 'level', entry.level ?? ''), made('span', 'who', who), code);
  if (rest.length) item.append(below(rest));
  return item;
}

function quiet(text) {
  const element = made('span', 'd');
  fill(element, text);
  return element;
}

function below(rest) {
  const text = made('pre', rest.length > OPEN ? '' : 'below');
  fill(text, rest.join('\n'));
  if (rest.length <= OPEN) return text;
  text.tabIndex = 0;
  const details = made('details', 'below');
  details.append(made('summary', '', `${rest.length} lines below it`), text);
  return details;
}

class Live {
  constructor() {
    this.from = section.dataset.liveFrom;
    this.waiting = []; // entries that wait for the next picture
    this.going = null; // what ends the request that goes on
    this.full = false;
    follow.addEventListener('change', () => { if (follow.checked) this.down(); });
    list.addEventListener('scroll', () => this.scrolled(), { passive: true });
    document.addEventListener('visibilitychange', () => (document.hidden ? this.stop() : this.start()));
    this.down();
    this.start();
  }

  // A page that nobody looks at holds no connection; when it is looked at again it gets what it missed.
  start() {
    if (!this.going && !document.hidden && !this.full) this.read(this.going = new AbortController());
  }

  stop() {
    this.going?.abort();
    this.going = null;
  }

  async read(mine) {
    while (mine === this.going) {
      try {
        const query = new URLSearchParams({ follow: 1, from: this.from });
        const join = section.dataset.api.endsWith('?') ? '' : '&';
        const answer = await fetch(`${section.dataset.api}${join}${query}`, { signal: mine.signal });
        if (answer.status === 401) { location.reload(); return; }
        if (answer.status >= 400 && answer.status < 500) { this.say('This can no longer be followed.'); return; }
        if (answer.ok) { this.found(); await this.take(answer.body.getReader()); }
      } catch { /* the line is lost, or nobody looks any more */ }
      if (mine !== this.going) return;
      this.lost();
      await new Promise((wake) => setTimeout(wake, 1000));
    }
  }

  async take(reader) {
    const text = new TextDecoder();
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + text.decode(value, { stream: true })).split('\n');
      rest = lines.pop();
      for (const one of lines) if (one) this.add(JSON.parse(one));
    }
  }

  add(entry) {
    if (entry.position) this.from = entry.position;
    if (!this.waiting.length) requestAnimationFrame(() => this.draw());
    this.waiting.push(entry);
    if (this.waiting.length <= MOST) return;
    const [first] = this.waiting.splice(0, this.waiting.length - MOST);
    this.skipped ??= first.position;
  }

  draw() {
    const fresh = document.createDocumentFragment();
    const { skipped } = this;
    this.skipped = null;
    if (skipped && !follow.checked) fresh.append(this.gap(skipped));
    for (const entry of this.waiting.splice(0)) fresh.append(entry.left_out ? this.gap(entry.left_out) : drawn(entry));
    document.getElementById('nothing').hidden = true;
    list.append(fresh);
    const last = list.querySelector('li[id]:last-child time');
    if (last) document.getElementById('last')?.replaceWith(Object.assign(last.cloneNode(true), { id: 'last' }));
    if (follow.checked) this.down();
    else if (skipped || list.childElementCount > MOST + PAUSED) this.pause();
  }

  // Of what nobody reads just now the oldest goes.
  down() {
    const over = list.childElementCount - MOST;
    for (let number = 0; number < over; number += 1) list.firstElementChild.remove();
    if (over > 0) this.older();
    this.scrolling = true;
    list.scrollTop = list.scrollHeight;
    if (this.full) { this.full = false; document.getElementById('end').hidden = true; this.start(); }
  }

  older() {
    const place = document.getElementById('cut');
    const first = list.querySelector('li[id]');
    const query = new URLSearchParams(section.dataset.query);
    query.set('from', first.id.slice(1));
    const link = made('a', '', 'Older lines');
    link.href = `${section.dataset.page}?${query}`;
    place.replaceChildren(link, ` are not kept on this page: it shows the last ${MOST.toLocaleString('en')}.`);
  }

  pause() {
    this.full = true;
    this.stop();
    const end = document.getElementById('end');
    end.textContent = 'More is printed while you read. It is shown when you follow again.';
    end.hidden = false;
  }

  gap(from) {
    const item = made('li', 'gap', 'More was printed meanwhile than is shown here. ');
    const query = new URLSearchParams(section.dataset.query);
    query.set('from', from);
    const link = made('a', '', 'The lines left out');
    link.href = `${section.dataset.page}?${query}`;
    item.append(link);
    return item;
  }

  scrolled() {
    if (this.scrolling) { this.scrolling = false; return; }
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
    if (atEnd === follow.checked) return;
    follow.checked = atEnd;
    if (atEnd) this.down();
  }

  found() {
    document.body.classList.remove('lost');
    this.say('Live');
  }

  lost() {
    if (document.body.classList.contains('lost')) return;
    document.body.classList.add('lost');
    this.say(`What you see is from ${new Date().toTimeString().slice(0, 8)}. Trying again.`);
  }

  say(words) {
    line.querySelector('span').textContent = words;
  }
}

if (section) {
  for (const each of section.querySelectorAll('.check')) each.hidden = false;
  wrap.addEventListener('change', () => list.classList.toggle('wrapped', wrap.checked));
  if (section.dataset.liveFrom) {
    line.hidden = false;
    new Live();
  }
  document.querySelector('.printed .here, .printed li:target')?.scrollIntoView({ block: 'center' });
}
