// A log of any length: only the lines before one's eyes are in the page. Scrolling is the browser's own; where the
// log is longer than an element may be high, the bar stands for the place in it, and each pixel is a pixel still.
import { Painter } from './ansi.js';
import { follow } from './stream.js';

const ROW = 21; // pixels
const HIGHEST = 6_000_000; // pixels of the space that is scrolled
const MARGIN = 60; // rows above and below what is seen
const PIECE = 200; // lines asked for at once
const KEPT = 8000; // lines
const SETTLED = 200; // milliseconds

export class LogView {
  constructor(section) {
    this.section = section;
    this.pane = section.querySelector('.lines');
    this.space = this.pane.querySelector('.space');
    this.block = this.pane.querySelector('ol');
    this.following = section.querySelector('#follow');
    this.about = this.pane.dataset; // run, step, attempt, log
    this.lines = new Map();
    this.asked = new Set();
    this.folds = [];
    this.opened = new Map(); // by line: whether a person opened or closed what it begins
    this.count = 0;
    this.over = false;
    this.first = this.after = 0; // the rows in the block
    this.top = 0; // where it is, in the space
    this.set = 0; // where we have scrolled to ourselves
    this.target = null;
    this.found = [];
    this.aborter = new AbortController();
    this.listen();
    this.begin();
  }

  listen() {
    const signal = this.aborter.signal;
    this.pane.addEventListener('scroll', () => this.scrolled(), { passive: true, signal });
    this.pane.addEventListener('click', (event) => this.clicked(event), { signal });
    this.following.addEventListener('change', () => { if (this.following.checked) this.toEnd(); }, { signal });
    for (const [id, name] of [['wrap', 'wrapped'], ['times', 'timed']]) {
      const box = this.section.querySelector(`#${id}`);
      const apply = () => { this.pane.classList.toggle(name, box.checked); this.redraw(); };
      box.addEventListener('change', apply, { signal });
      this.pane.classList.toggle(name, box.checked);
    }
    addEventListener('hashchange', () => this.point(this.wanted()), { signal });
    addEventListener('resize', () => this.draw(), { signal });
  }

  close() {
    this.aborter.abort();
    this.unfollow?.();
  }

  // --- what the server knows ---

  async ask(what, query, until = this.aborter.signal) {
    const { run, step, attempt } = this.about;
    const asked = new URLSearchParams({ step, attempt, ...query });
    const answer = await fetch(`/api/v1/runs/${encodeURIComponent(run)}/log/${what}?${asked}`, { signal: AbortSignal.any([until, this.aborter.signal]) });
    if (answer.status === 401) location.reload();
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  async begin() {
    const wanted = this.wanted();
    let told;
    while (!told) {
      try {
        told = await this.ask('lines', wanted ? { from: Math.max(1, wanted - PIECE / 2), limit: PIECE } : { limit: PIECE });
      } catch (error) {
        if (this.aborter.signal.aborted || /^4/.test(error.message)) return;
        await new Promise((wake) => setTimeout(wake, 2000));
      }
    }
    this.keep(told.lines, told.before);
    this.grow(told.count);
    if (wanted) this.following.checked = false;
    await this.readFolds();
    if (!told.over) this.unfollow = follow(this.about.log, (more) => this.grown(more));
    else this.end();
    if (this.target) this.toLine(this.target); // somebody was faster than the answers
    else if (wanted) this.point(wanted);
    else if (this.following.checked) this.toEnd();
    else this.draw();
  }

  async readFolds() {
    try {
      const { commands } = await this.ask('commands', {});
      this.folds = commands;
      if (this.target) this.unfold(this.target);
    } catch { /* the log is whole without them */ }
  }

  grown({ count, over, before, new: lines, log }) {
    if (log !== this.about.log) return;
    const was = this.count;
    if (lines) this.keep(lines, before);
    else for (let number = Math.max(1, was); number <= count; number += 1) if (!this.lines.delete(number) && number > was) break;
    this.grow(count);
    const begins = lines ? lines.some((line) => line.number > was && line.text.startsWith('$ ')) : count - was > PIECE;
    if (begins) this.readFolds().then(() => this.moved());
    if (over) this.end();
    this.moved();
  }

  grow(count) {
    this.count = count;
    this.pane.style.setProperty('--digits', String(count).length);
    this.section.querySelector('.search input').placeholder = `Search ${count.toLocaleString('en')} ${count === 1 ? 'line' : 'lines'}`;
  }

  moved() {
    if (this.following.checked) this.toEnd();
    else this.draw();
  }

  end() {
    if (this.over) return;
    this.over = true;
    this.unfollow?.();
    document.dispatchEvent(new Event('stale')); // the next step may have begun before this one was read
  }

  keep(lines, before) {
    lines.forEach((line, place) => this.lines.set(line.number, place ? line : { ...line, before }));
    if (this.lines.size <= KEPT) return;
    const [low, high] = [this.lineAt(this.first) - KEPT / 4, this.lineAt(this.after) + KEPT / 4];
    for (const number of this.lines.keys()) if (number < low || number > high) this.lines.delete(number);
  }

  // Asks for what is to be shown and not here yet.
  async fetch(from, to) {
    for (let number = from; number <= to; number += 1) {
      if (this.lines.has(number)) continue;
      const start = Math.max(1, number - (number % PIECE));
      if (this.asked.has(start)) { number = start + PIECE - 1; continue; }
      this.asked.add(start);
      try {
        let next = start;
        while (next < start + PIECE && next <= this.count) { // fewer come when they are long
          const told = await this.ask('lines', { from: next, limit: start + PIECE - next });
          if (!told.lines.length) break;
          this.keep(told.lines, told.before);
          next = told.lines.at(-1).number + 1;
        }
        this.redraw();
      } catch { /* asked again when it is looked at again */ } finally {
        this.asked.delete(start);
      }
    }
  }

  // --- rows: what is left of the lines when some commands are folded ---

  isOpen(place) {
    const fold = this.folds[place];
    return this.opened.get(fold.line) ?? place === this.folds.length - 1;
  }

  lastOf(place) {
    return (this.folds[place + 1]?.line ?? this.count + 1) - 1;
  }

  get rows() {
    let rows = this.count;
    this.folds.forEach((fold, place) => { if (!this.isOpen(place)) rows -= Math.max(0, this.lastOf(place) - fold.line); });
    return Math.max(0, rows);
  }

  lineAt(row) {
    let line = row + 1;
    for (const [place, fold] of this.folds.entries()) {
      if (fold.line >= line) break;
      if (!this.isOpen(place)) line += this.lastOf(place) - fold.line;
    }
    return line;
  }

  rowOf(line) {
    let row = line - 1;
    for (const [place, fold] of this.folds.entries()) {
      if (fold.line >= line) break;
      if (!this.isOpen(place)) row -= Math.min(line, this.lastOf(place)) - fold.line;
    }
    return row;
  }

  unfold(line) {
    const place = this.folds.findLastIndex((fold) => fold.line < line);
    if (place >= 0 && !this.isOpen(place)) this.opened.set(this.folds[place].line, true);
  }

  // --- where things are ---

  get isExact() {
    return !this.pane.classList.contains('wrapped') && this.rows * ROW <= HIGHEST;
  }

  get seen() {
    return Math.ceil(this.pane.clientHeight / ROW) || 20;
  }

  get height() {
    return this.space.offsetHeight;
  }

  scrollTo(top) {
    this.pane.scrollTop = top;
    this.set = this.pane.scrollTop;
  }

  scrolled() {
    if (this.pane.scrollTop < this.set - 2) this.following.checked = false;
    this.set = this.pane.scrollTop;
    this.draw();
    clearTimeout(this.settling);
    if (!this.isExact) this.settling = setTimeout(() => this.settle(), SETTLED);
  }

  // Draws what is before one's eyes, unless it is there already.
  draw() {
    const top = this.pane.scrollTop;
    const [low, high] = [top - ROW * 10, top + this.pane.clientHeight + ROW * 10];
    const isThere = (this.first === 0 || this.top <= low) && (this.after >= this.rows || this.top + this.block.offsetHeight >= high);
    if (this.after > this.first && isThere && this.drawn === this.count) return;
    this.redraw();
  }

  redraw() {
    if (this.isExact) {
      const row = Math.floor(this.pane.scrollTop / ROW);
      this.space.style.height = `${this.rows * ROW}px`;
      this.put(row, () => this.first * ROW);
      return;
    }
    const { row, offset } = this.anchor();
    const at = this.pane.scrollTop;
    this.put(row, () => at - offset - this.heightBefore(row));
    this.mend();
  }

  // The row at the upper edge, and how much of it is above that edge.
  anchor() {
    const top = this.pane.scrollTop;
    const item = [...this.block.children].find((each) => this.top + each.offsetTop + each.offsetHeight > top);
    if (item && this.top <= top) return { row: this.rowOf(Number(item.dataset.number)), offset: top - this.top - item.offsetTop };
    return { row: this.rowFor(top), offset: 0 };
  }

  rowFor(top) {
    const most = this.height - this.pane.clientHeight;
    return most <= 0 ? 0 : Math.round(Math.min(1, top / most) * Math.max(0, this.rows - this.seen));
  }

  topFor(row) {
    const rows = this.rows - this.seen;
    return rows <= 0 ? 0 : Math.min(1, row / rows) * (this.height - this.pane.clientHeight);
  }

  heightBefore(row) {
    return this.block.children[row - this.first]?.offsetTop ?? 0;
  }

  // The rows around `row`, with the block where `place` says once they are there.
  put(row, place) {
    const seen = this.seen;
    this.first = Math.max(0, Math.min(row, this.rows - seen) - MARGIN);
    this.after = Math.min(this.rows, row + seen + MARGIN);
    this.drawn = this.count;
    const [from, to] = [this.lineAt(this.first), this.lineAt(this.after - 1)];
    this.exchange([...this.items()]);
    this.move(place());
    this.mark();
    if (this.count) this.fetch(from, Math.min(to, this.count));
  }

  // The same button or number has the keyboard's focus afterwards, if it is still there.
  exchange(items) {
    const focused = this.block.contains(document.activeElement) ? document.activeElement : null;
    const line = focused?.closest('li').id;
    const kind = focused?.localName;
    this.block.replaceChildren(...items);
    if (focused) this.block.querySelector(`#${line} > ${kind}`)?.focus({ preventScroll: true });
  }

  move(top) {
    this.top = top;
    this.block.style.transform = `translateY(${top}px)`;
  }

  // At both ends of the log the block stands at the ends of the space.
  mend() {
    if (this.top < 0 || (this.first === 0 && this.top > 0)) this.shift(-this.top);
    const bottom = this.top + this.block.offsetHeight;
    const height = this.after >= this.rows ? bottom : Math.max(bottom + this.pane.clientHeight, Math.min(HIGHEST, this.rows * ROW));
    if (this.height !== height) this.space.style.height = `${height}px`;
  }

  shift(by) {
    this.space.style.height = `${Math.max(this.height + by, this.top + by + this.block.offsetHeight)}px`;
    this.move(this.top + by);
    this.scrollTo(this.pane.scrollTop + by);
  }

  // When all is quiet the bar is put where it belongs; what is seen stays where it is.
  settle() {
    if (this.isExact || this.first === 0 || this.after >= this.rows) return;
    const { row } = this.anchor();
    const by = this.topFor(row) - this.pane.scrollTop;
    if (Math.abs(by) > this.pane.clientHeight) this.shift(by);
  }

  toEnd() {
    if (this.isExact) this.space.style.height = `${this.rows * ROW}px`;
    else if (this.after < this.rows || this.drawn !== this.count) {
      this.space.style.height = `${Math.min(HIGHEST, this.rows * ROW)}px`;
      this.put(this.rows, () => Math.max(0, this.height - this.block.offsetHeight));
      this.mend();
    }
    this.scrollTo(this.space.offsetHeight);
    this.draw();
    if (!this.isExact) this.scrollTo(this.space.offsetHeight);
  }

  toLine(line) {
    this.following.checked = false;
    this.unfold(line);
    const row = this.rowOf(line);
    if (this.isExact) {
      this.space.style.height = `${this.rows * ROW}px`;
      this.scrollTo(row * ROW - this.pane.clientHeight / 3);
      this.redraw();
      return;
    }
    this.space.style.height = `${Math.min(HIGHEST, this.rows * ROW)}px`;
    this.put(row, () => Math.max(0, this.topFor(row) - this.heightBefore(row)));
    this.mend();
    this.scrollTo(this.top + this.heightBefore(row) - this.pane.clientHeight / 3);
    this.draw();
  }

  // --- what is drawn ---

  * items() {
    let painter = null;
    let expected = 0;
    for (let row = this.first; row < this.after; row += 1) {
      const number = this.lineAt(row);
      const line = this.lines.get(number);
      if (line?.before !== undefined) painter = new Painter(line.before);
      else if (number !== expected || !painter) painter = this.painterAt(number);
      expected = number + 1;
      yield this.item(number, line, painter);
    }
  }

  // With the colours that were on where the line begins.
  painterAt(number) {
    let start = number;
    while (start > 1 && this.lines.has(start - 1) && this.lines.get(start)?.before === undefined) start -= 1;
    let codes = this.lines.get(start)?.before ?? '';
    for (; start < number; start += 1) codes += (this.lines.get(start).text.match(/\x1b\[[0-9;:]*m/g) ?? []).join('');
    return new Painter(codes);
  }

  item(number, line, painter) {
    const item = document.createElement('li');
    item.dataset.number = number;
    item.id = `L${number}`;
    const place = this.folds.findIndex((fold) => fold.line === number);
    const isCommand = place >= 0 && this.lastOf(place) > number;
    const code = document.createElement('code');
    if (line) painter.paint(code, line.text);
    item.append(isCommand ? this.handle(place) : this.anchorOf(number), this.time(line), code);
    if (isCommand) {
      item.className = 'command';
      const extent = document.createElement('em');
      extent.textContent = this.extent(place);
      item.append(extent);
    } else if (line?.size) item.append(this.rest(line));
    if (number === this.target) item.classList.add('here');
    if (this.isFound(number)) item.classList.add('found');
    return item;
  }

  anchorOf(number) {
    const anchor = document.createElement('a');
    anchor.href = `#L${number}`;
    anchor.textContent = number;
    anchor.setAttribute('aria-label', `Line ${number}`);
    return anchor;
  }

  handle(place) {
    const button = document.createElement('button');
    button.type = 'button';
    button.dataset.fold = this.folds[place].line;
    button.setAttribute('aria-expanded', String(this.isOpen(place)));
    button.setAttribute('aria-label', `Output of ${this.folds[place].command}`);
    return button;
  }

  time(line) {
    const time = document.createElement('time');
    if (line?.at) time.textContent = new Date((line.at + Number(this.about.east)) * 1000).toISOString().slice(11, 19);
    return time;
  }

  extent(place) {
    const lines = this.lastOf(place) - this.folds[place].line;
    const [began, ended] = [this.folds[place].at, this.folds[place + 1]?.at ?? (Number(this.about.ended) || null)];
    const said = `${lines.toLocaleString('en')} ${lines === 1 ? 'line' : 'lines'}`;
    return began && ended ? `${said}, ${length(ended - began)}` : said;
  }

  rest(line) {
    const more = document.createElement('a');
    const query = new URLSearchParams({ step: this.about.step, attempt: this.about.attempt, line: line.number });
    more.className = 'rest';
    more.href = `/api/v1/runs/${encodeURIComponent(this.about.run)}/log?${query}`;
    more.textContent = `… the whole line, ${size(line.size)}`;
    return more;
  }

  // --- what a person does ---

  clicked(event) {
    const handle = event.target.closest('button[data-fold]');
    const anchor = event.target.closest('li > a:first-child');
    if (handle) this.toggle(Number(handle.dataset.fold));
    else if (anchor && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      this.address(Number(anchor.parentElement.dataset.number));
    }
  }

  toggle(line) {
    const place = this.folds.findIndex((fold) => fold.line === line);
    this.following.checked = false;
    this.opened.set(line, !this.isOpen(place));
    this.redraw();
    this.block.querySelector(`[data-fold="${line}"]`)?.focus({ preventScroll: true });
  }

  // The line gets an address that opens at it, here and on the clipboard.
  async address(line) {
    const address = new URL(location.href);
    address.searchParams.set('step', this.about.step);
    address.hash = `L${line}`;
    history.replaceState(null, '', address);
    this.target = line;
    this.following.checked = false;
    this.redraw();
    this.block.querySelector(`#L${line} > a`)?.focus({ preventScroll: true });
    try {
      await navigator.clipboard.writeText(address.href);
      this.tell(`The address of line ${line} is copied.`);
    } catch { /* it stands in the address bar */ }
  }

  // The line that the address names, else the one that explains the failure.
  wanted() {
    return Number(/^#L(\d{1,15})$/.exec(location.hash)?.[1] ?? this.about.first);
  }

  point(wanted) {
    const line = Math.min(wanted, this.count);
    if (!line) return;
    this.target = line;
    this.toLine(line);
    if (location.hash) this.show(line);
  }

  // The page is scrolled too, where the line is outside of it.
  show(line) {
    this.block.querySelector(`#L${line}`)?.scrollIntoView({ block: 'nearest' });
  }

  tell(words) {
    this.section.querySelector('#told').textContent = words;
  }

  // --- what is searched ---

  isFound(number) {
    let [low, high] = [0, this.found.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.found[middle] < number) low = middle + 1;
      else high = middle;
    }
    return this.found[low] === number;
  }

  // Every place of the words in the lines that are drawn, by the browser's own highlights.
  mark() {
    if (!globalThis.CSS?.highlights) return;
    const ranges = [];
    if (this.words) for (const item of this.block.querySelectorAll('.found code')) ranges.push(...places(item, this.words));
    if (ranges.length) CSS.highlights.set('found', new Highlight(...ranges));
    else CSS.highlights.delete('found');
  }
}

function places(node, words) {
  const texts = [];
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  for (let at = 0; walker.nextNode(); at += walker.currentNode.length) texts.push([at, walker.currentNode]);
  const whole = node.textContent.toLowerCase();
  const ranges = [];
  const point = (at, isEnd) => {
    const [start, text] = texts.findLast(([begins]) => (isEnd ? begins < at : begins <= at));
    return [text, at - start];
  };
  for (let at = whole.indexOf(words); at >= 0 && ranges.length < 500; at = whole.indexOf(words, at + words.length)) {
    const range = new Range();
    range.setStart(...point(at, false));
    range.setEnd(...point(at + words.length, true));
    ranges.push(range);
  }
  return ranges;
}

function length(seconds) {
  if (seconds < 9.95) return `${Math.max(seconds, 0).toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  return minutes < 60 ? `${minutes} m ${String(Math.round(seconds) % 60).padStart(2, '0')} s` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} m`;
}

function size(bytes) {
  for (const unit of ['B', 'kB', 'MB']) {
    if (bytes < 1000) return `${unit === 'B' || bytes >= 100 ? bytes.toFixed(0) : bytes.toFixed(1)} ${unit}`;
    bytes /= 1000;
  }
  return `${bytes.toFixed(1)} GB`;
}
