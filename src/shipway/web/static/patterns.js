// Forces a theme, to compare; opens what only a script draws; and keeps what is pressed here from doing anything.
import { Palette } from './palette.js';

for (const radio of document.querySelectorAll('input[name="theme"]')) {
  radio.addEventListener('change', () => { document.documentElement.dataset.theme = radio.value; });
}

for (const place of document.querySelectorAll('[data-finds]')) {
  const known = JSON.parse(place.dataset.finds);
  const find = (words) => {
    if (place.id === 'mute') throw new Error('There is nobody to ask.');
    return known.filter((one) => one.title.toLowerCase().includes(words.toLowerCase()));
  };
  const palette = new Palette(`finds-${place.id}`, find, () => {});
  palette.input.value = place.dataset.words;
  palette.dialog.open = true; // in its place, and over nothing
  place.append(palette.dialog);
  if (place.id === 'mute') palette.show(known.slice(0, 2)); // what it said last
  palette.look();
}

document.getElementById('folds').addEventListener('click', ({ target }) => {
  const handle = target.closest('button');
  if (!handle) return;
  const isOpen = handle.getAttribute('aria-expanded') === 'true';
  handle.setAttribute('aria-expanded', String(!isOpen));
  for (let line = handle.parentElement.nextElementSibling; line && !line.matches('.command'); line = line.nextElementSibling) line.hidden = isOpen;
});

const sections = document.getElementById('main');
sections.addEventListener('submit', (event) => event.preventDefault());
sections.addEventListener('click', (event) => { if (event.target.closest('section a[href^="/"]')) event.preventDefault(); });
