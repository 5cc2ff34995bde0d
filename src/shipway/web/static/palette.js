// Finds anything: `/` or Ctrl-K opens it, letters narrow it down, Enter goes there. Without it, /search does the same.
import { lead } from './fold.js';

function made(name, attributes = {}, ...inside) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

// What is written, what was found of it and what is said of that. `ask` finds, `go` goes where a person wants to.
export class Palette {
  constructor(name, ask, go) {
    this.ask = ask;
    this.go = go;
    this.name = name; // of its list, in the page
    this.chosen = -1;
    this.moved = false; // whether a person chose since they typed: what comes late leaves that
    this.current = false; // whether the list is the answer to what is written now
    this.going = false; // whether Enter was pressed before it was
    this.input = made('input', {
      type: 'text', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': name, 'aria-autocomplete': 'list',
      'aria-label': 'Find a commit, run or act', maxlength: '100', autocomplete: 'off', spellcheck: 'false',
      placeholder: 'A name, a hash, a number, a person, an act',
    });
    this.list = made('ul', { id: name, role: 'listbox', 'aria-label': 'What was found' });
    this.said = made('p', { role: 'status', class: 'tiny faint' });
    this.close = made('button', { type: 'button', class: 'btn bare small' }, 'Close');
    this.list.hidden = true;
    this.dialog = made('dialog', { class: 'palette', 'aria-label': 'Find anything' },
      made('div', { class: 'line' }, this.input, this.close), this.list, this.said);
    this.input.addEventListener('input', () => {
      this.moved = this.current = this.going = false;
      clearTimeout(this.later);
      this.later = setTimeout(() => this.look(), 80);
    });
    this.input.addEventListener('keydown', (event) => this.press(event));
    this.list.addEventListener('click', ({ target }) => this.take(target.closest('[role="option"]')));
    this.dialog.addEventListener('close', () => { this.going = false; });
  }

  async look() {
    clearTimeout(this.later);
    this.current = false;
    this.asked?.abort();
    this.asked = new AbortController();
    try {
      const found = await this.ask(this.input.value, this.asked.signal);
      if (found) this.show(found);
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.going = false;
      this.said.textContent = 'The server does not answer. What you see is what it said last.';
    }
  }

  show(results) {
    const was = this.moved ? this.list.children[this.chosen]?.dataset.address : null;
    this.list.replaceChildren(...results.map((one, number) => {
      const item = made('li', { role: 'option', id: `${this.name}-${number}`, 'aria-selected': 'false' },
        made('b', {}, one.title), made('span', {}, one.about), made('em', {}, one.kind));
      item.dataset.address = one.address;
      return item;
    }));
    this.list.hidden = !results.length;
    this.input.setAttribute('aria-expanded', String(results.length > 0));
    this.said.textContent = results.length ? `${results.length} found. Arrows choose, Enter goes there.` : 'Nothing is called that.';
    const still = results.findIndex((one) => one.address === was);
    this.choose(results.length ? Math.max(0, still) : -1);
    this.current = true;
    if (this.going && (!was || still >= 0)) this.take(this.list.children[this.chosen]);
    this.going = false;
  }

  choose(number) {
    this.list.children[this.chosen]?.setAttribute('aria-selected', 'false');
    this.chosen = number;
    const item = this.list.children[number];
    if (!item) { this.input.removeAttribute('aria-activedescendant'); return; }
    item.setAttribute('aria-selected', 'true');
    this.input.setAttribute('aria-activedescendant', item.id);
    if (this.dialog.matches(':modal')) item.scrollIntoView({ block: 'nearest' });
  }

  press(event) {
    const count = this.list.children.length;
    const moves = { ArrowDown: this.chosen + 1, ArrowUp: this.chosen - 1 };
    if (event.key in moves && count) {
      event.preventDefault();
      this.moved = true;
      this.choose((moves[event.key] + count) % count);
    } else if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      this.enter();
    }
  }

  // What is listed until the answer comes was found by other words: nobody is taken there.
  enter() {
    if (this.current) this.take(this.list.children[this.chosen]);
    else if (!this.going) { this.going = true; this.look(); }
  }

  take(item) {
    if (item) this.go(item.dataset.address);
  }
}

async function ask(words, signal) {
  const answer = await fetch(`/api/v1/search?${new URLSearchParams({ q: words, limit: 12 })}`, { signal });
  if (answer.status === 401) { location.reload(); return null; }
  if (!answer.ok) throw new Error(answer.statusText);
  return (await answer.json()).results;
}

function go(address) {
  palette.dialog.close();
  const here = location.href;
  location.assign(address);
  if (location.href === here) lead(); // it was there already: no address changes
}

let palette = null;

function open() {
  if (!palette) {
    palette = new Palette('finds', ask, go);
    palette.close.addEventListener('click', () => palette.dialog.close());
    palette.dialog.addEventListener('click', ({ target }) => { if (target === palette.dialog) palette.dialog.close(); });
    document.body.append(palette.dialog);
  }
  if (palette.dialog.open) { palette.input.select(); return; }
  palette.dialog.showModal(); // closing it gives the focus back to whatever had it
  palette.input.focus();
  palette.input.select();
  palette.look();
}

const door = document.querySelector('.find');
const typing = 'input, textarea, select, [contenteditable]';
if (door) {
  document.addEventListener('keydown', (event) => {
    const shortcut = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    const slash = event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest?.(typing);
    if (!shortcut && !slash) return;
    event.preventDefault();
    open();
  });
  door.addEventListener('click', (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
}
