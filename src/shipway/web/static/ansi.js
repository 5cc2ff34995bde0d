// What a program wrote for a terminal, as text nodes with classes: nothing of it ever becomes markup.
const SGR = /\x1b\[([0-9;:]*)m/;
const CONTROL = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;
const HUES = ['d', 'r', 'g', 'y', 'c', 'm', 'c', '']; // black, red, green, yellow, blue, magenta, cyan, white
const ON = { 1: 'w', 2: 'd', 3: 'i', 4: 'u', 7: 'v', 9: 's' }; // heavy, dim, italic, underlined, reversed, struck
const OFF = { 22: ['w', 'd'], 23: ['i'], 24: ['u'], 27: ['v'], 29: ['s'], 39: ['hue'], 49: ['ground'] };

// Appends what is written to nodes, and remembers the style that a line leaves to the next one.
export class Painter {
  constructor(before = '') {
    this.style = new Map();
    for (const [, codes] of before.matchAll(new RegExp(SGR, 'g'))) this.change(codes);
  }

  paint(node, text) {
    const pieces = text.split(SGR); // text and codes by turns
    for (let at = 0; at < pieces.length; at += 1) {
      if (at % 2) this.change(pieces[at]);
      else this.append(node, pieces[at].replace(CONTROL, ''));
    }
  }

  append(node, text) {
    if (!text) return;
    const names = [...this.style.values()].filter(Boolean);
    if (!names.length) { node.append(text); return; }
    const span = document.createElement('span');
    span.className = names.join(' ');
    span.textContent = text;
    node.append(span);
  }

  change(codes) {
    const list = codes.split(/[;:]/).map(Number);
    while (list.length) {
      const code = list.shift();
      if (code === 0) this.style.clear();
      else if (code === 38 || code === 48) this.put(code, mixed(list));
      else if (ON[code]) this.style.set(ON[code], ON[code]);
      else if (OFF[code]) for (const name of OFF[code]) this.style.delete(name);
      else if (code >= 30 && code <= 37) this.put(38, HUES[code - 30]);
      else if (code >= 90 && code <= 97) this.put(38, HUES[code - 90]);
      else if (code >= 40 && code <= 47) this.put(48, HUES[code - 40]);
      else if (code >= 100 && code <= 107) this.put(48, HUES[code - 100]);
    }
  }

  put(code, hue) {
    this.style.set(code === 38 ? 'hue' : 'ground', hue && code === 48 ? `on-${hue}` : hue);
  }
}

// The nearest of our hues for `5;n` (one of 256) and `2;r;g;b`, which are taken off the list.
function mixed(list) {
  const kind = list.shift();
  if (kind === 2) return nearest(...list.splice(0, 3));
  if (kind !== 5) return '';
  const place = list.shift() || 0;
  if (place < 16) return HUES[place % 8];
  if (place >= 232) return place < 250 ? 'd' : '';
  const cube = place - 16;
  return nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51);
}

function nearest(red = 0, green = 0, blue = 0) {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  if (most - least < 40) return most > 200 ? '' : 'd';
  const middle = (most + least) / 2;
  const bits = (red > middle ? 1 : 0) + (green > middle ? 2 : 0) + (blue > middle ? 4 : 0);
  return HUES[bits];
}

