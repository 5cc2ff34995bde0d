// Looks for words in a whole log, at the server, while they are typed, and goes from one place to the next.
const MOST = 20_000; // lines
const REST = 200; // milliseconds without a key after which it looks

export class Search {
  constructor(view, section) {
    this.view = view;
    this.field = section.querySelector('.search input');
    this.state = section.querySelector('#found');
    this.place = -1;
    this.asking = new AbortController(); // ends with the words that it is about
    const { signal } = view.aborter;
    this.field.addEventListener('keydown', (event) => this.pressed(event), { signal });
    this.field.addEventListener('input', () => this.typed(), { signal });
    for (const button of section.querySelectorAll('[data-found]')) {
      button.addEventListener('click', () => this.go(Number(button.dataset.found)), { signal });
    }
  }

  pressed(event) {
    if (event.key === 'Enter') {
      event.preventDefault();
      if (this.words() === this.view.words) this.go(event.shiftKey ? -1 : 1);
      else this.begin();
    } else if (event.key === 'Escape') {
      this.field.value = '';
      this.begin();
    }
  }

  typed() {
    clearTimeout(this.later);
    if (this.words() !== this.view.words) this.later = setTimeout(() => this.begin(), this.words() ? REST : 0);
  }

  words() {
    return this.field.value.trim().toLowerCase();
  }

  async begin() {
    clearTimeout(this.later);
    this.asking.abort();
    const { signal } = this.asking = new AbortController();
    const text = this.field.value.trim();
    Object.assign(this.view, { words: text.toLowerCase(), found: [] });
    this.place = -1;
    this.say('');
    this.view.redraw();
    for (let offset = 0; text && offset !== null;) {
      let told;
      try {
        told = await this.view.ask('search', { text, offset }, signal);
      } catch {
        if (!signal.aborted) this.say('The search did not get through.');
        return;
      }
      this.add(told, text);
      offset = this.view.found.length < MOST ? told.next : null;
      this.report(told, offset);
    }
  }

  add(told) {
    const last = this.view.found.at(-1) ?? 0;
    this.view.found.push(...told.lines.filter((line) => line > last));
    if (this.place < 0 && this.view.found.length) this.go(1);
    else this.view.redraw();
  }

  go(by) {
    const { found } = this.view;
    if (!found.length) return;
    this.place = (this.place + by + found.length) % found.length;
    this.view.target = found[this.place];
    this.view.toLine(found[this.place]);
    this.view.show(found[this.place]);
    this.report();
  }

  report(told = this.told, offset = this.offset) {
    Object.assign(this, { told, offset });
    const count = this.view.found.length;
    const so = offset ? `, ${Math.round((100 * offset) / told.size)} % searched` : count >= MOST ? ' and more' : '';
    this.say(count ? `${(this.place + 1).toLocaleString('en')} of ${count.toLocaleString('en')}${so}` : offset ? so.slice(2) : 'Nowhere in this log');
  }

  say(words) {
    this.state.textContent = words;
  }
}
