// Finds anything: `/` or Ctrl-K opens it, letters narrow it down, Enter goes there. Without it, /search does the same.
import { lead } from './fold.js';

const door = document.querySelector('.find');
let dialog = null;
let input = null;
let list = null;
let said = null;
let chosen = -1;
let moved = false; // whether a person chose since they typed: what comes late leaves that
let asked = null;
let later = null;

function made(name, attributes = {}, ...inside) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

function build() {
  input = made('input', {
    type: 'text', role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'finds', 'aria-autocomplete': 'list',
    'aria-label': 'Find a commit, run or act', maxlength: '100', autocomplete: 'off', spellcheck: 'false',
    placeholder: 'A name, a hash, a number, a person, an act',
  });
  list = made('ul', { id: 'finds', role: 'listbox', 'aria-label': 'What was found' });
  said = made('p', { role: 'status', class: 'tiny faint' });
  const close = made('button', { type: 'button', class: 'btn bare small' }, 'Close');
  list.hidden = true;
  dialog = made('dialog', { class: 'palette', 'aria-label': 'Find anything' },
    made('div', { class: 'line' }, input, close), list, said);
  close.addEventListener('click', () => dialog.close());
  input.addEventListener('input', () => { moved = false; clearTimeout(later); later = setTimeout(look, 80); });
  input.addEventListener('keydown', press);
  list.addEventListener('click', ({ target }) => go(target.closest('[role="option"]')));
  dialog.addEventListener('click', ({ target }) => { if (target === dialog) dialog.close(); });
  document.body.append(dialog);
}

function open() {
  if (!dialog) build();
  if (dialog.open) { input.select(); return; }
  dialog.showModal(); // closing it gives the focus back to whatever had it
  input.focus();
  input.select();
  look();
}

async function look() {
  asked?.abort();
  asked = new AbortController();
  const query = new URLSearchParams({ q: input.value, limit: 12 });
  try {
    const answer = await fetch(`/api/v1/search?${query}`, { signal: asked.signal });
    if (answer.status === 401) { location.reload(); return; }
    if (!answer.ok) throw new Error(answer.statusText);
    show((await answer.json()).results);
  } catch (error) {
    if (error.name !== 'AbortError') said.textContent = 'The server does not answer. What you see is what it said last.';
  }
}

function show(results) {
  const was = moved ? list.children[chosen]?.dataset.address : null;
  list.replaceChildren(...results.map((one, number) => {
    const item = made('li', { role: 'option', id: `find-${number}`, 'aria-selected': 'false' },
      made('b', {}, one.title), made('span', {}, one.about), made('em', {}, one.kind));
    item.dataset.address = one.address;
    return item;
  }));
  list.hidden = !results.length;
  input.setAttribute('aria-expanded', String(results.length > 0));
  said.textContent = results.length ? `${results.length} found. Arrows choose, Enter goes there.` : 'Nothing is called that.';
  choose(results.length ? Math.max(0, results.findIndex((one) => one.address === was)) : -1);
}

function choose(number) {
  list.children[chosen]?.setAttribute('aria-selected', 'false');
  chosen = number;
  const item = list.children[number];
  if (!item) { input.removeAttribute('aria-activedescendant'); return; }
  item.setAttribute('aria-selected', 'true');
  input.setAttribute('aria-activedescendant', item.id);
  item.scrollIntoView({ block: 'nearest' });
}

function press(event) {
  const count = list.children.length;
  const moves = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 };
  if (event.key in moves && count) {
    event.preventDefault();
    moved = true;
    choose((moves[event.key] + count) % count);
  } else if (event.key === 'Enter' && !event.isComposing) {
    event.preventDefault();
    go(list.children[chosen]);
  }
}

function go(item) {
  if (!item) return;
  dialog.close();
  const here = location.href;
  location.assign(item.dataset.address);
  if (location.href === here) lead(); // it was there already: no address changes
}

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
