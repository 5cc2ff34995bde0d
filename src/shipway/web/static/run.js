// The log of a step, as it is written. Every byte of it reaches the page as text, never as markup.
import { Painter } from './ansi.js';

const MOST = 5000; // lines kept on the page
const TAIL = 2 * 1024 * 1024; // bytes read of a longer log
const LONGEST = 20000; // characters shown of one line

class Log {
  constructor(section) {
    this.section = section;
    this.list = section.querySelector('.lines');
    this.follow = section.querySelector('#follow');
    this.done = false;
    this.number = 0;
    this.painter = new Painter();
    this.rest = '';
    this.list.addEventListener('wheel', (event) => { if (event.deltaY < 0) this.follow.checked = false; }, { passive: true });
    section.querySelector('#wrap').addEventListener('change', (event) => this.list.classList.toggle('wrapped', event.target.checked));
    this.read();
  }

  // Reads on from where it was when the line is lost, until the step is over and all of it is here.
  async read() {
    let offset = Math.max(0, Number(this.list.dataset.size) - TAIL);
    if (offset > 0) this.cut();
    const text = new TextDecoder();
    while (!this.done) {
      const query = new URLSearchParams({ step: this.list.dataset.step, offset, follow: 1 });
      try {
        const answer = await fetch(`/api/v1/runs/${encodeURIComponent(this.list.dataset.run)}/log?${query}`);
        if (answer.status >= 400 && answer.status < 500) break;
        const reader = answer.body.getReader();
        for (;;) {
          const { value, done } = await reader.read();
          if (done) break;
          offset += value.length;
          this.add(text.decode(value, { stream: true }));
        }
        this.done = answer.ok;
      } catch {
        await new Promise((wake) => setTimeout(wake, 2000));
      }
    }
    this.done = true;
    if (this.rest) this.add('\n');
    this.point();
    document.dispatchEvent(new Event('stale')); // the next step may have begun before this one was read
  }

  add(text) {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop();
    if (!lines.length) return;
    const skipped = Math.max(0, lines.length - MOST);
    this.number += skipped;
    const made = document.createDocumentFragment();
    for (const line of lines.slice(skipped)) made.append(this.line(line));
    this.list.append(made);
    while (this.list.childElementCount > MOST) this.list.firstElementChild.remove();
    if (this.number > MOST) this.cut();
    if (this.follow.checked) this.list.scrollTop = this.list.scrollHeight;
  }

  line(text) {
    this.number += 1;
    const item = document.createElement('li');
    item.id = `L${this.number}`;
    const anchor = document.createElement('a');
    anchor.href = `#L${this.number}`;
    anchor.textContent = this.number;
    anchor.setAttribute('aria-label', `Line ${this.number}`);
    const code = document.createElement('code');
    const shown = text.slice(text.lastIndexOf('\r', text.length - 2) + 1); // what a terminal would be left with
    this.painter.paint(code, shown.length > LONGEST ? `${shown.slice(0, LONGEST)} … ${shown.length - LONGEST} more characters` : shown);
    item.append(anchor, code);
    return item;
  }

  cut() {
    this.section.querySelector('#cut').hidden = false;
  }

  point() {
    if (!/^#L\d+$/.test(location.hash)) return;
    this.follow.checked = false;
    document.querySelector(location.hash)?.scrollIntoView({ block: 'center' });
  }
}

let log = null;
function open() {
  const section = document.getElementById('log');
  log = section.querySelector('.lines') ? new Log(section) : null;
}
open();

// Unless a step was chosen, the page goes on to the next one when this one is over.
document.addEventListener('fresh', ({ detail: fresh }) => {
  const [was, now] = [document.getElementById('log'), fresh.getElementById('log')];
  if (!now || was.dataset.step === now.dataset.step || new URLSearchParams(location.search).has('step')) return;
  if (log && (!log.done || !log.follow.checked)) return;
  was.replaceWith(now);
  open();
});
