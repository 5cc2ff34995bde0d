// The log of a step. Unless a step was chosen, the page goes on to the next one when this one is over.
import { LogView } from './log_view.js';
import { Search } from './log_search.js';

let view = null;

function open() {
  const section = document.getElementById('log');
  view?.close();
  view = section.querySelector('.lines') ? new LogView(section) : null;
  if (view) new Search(view, section);
}

document.addEventListener('fresh', ({ detail: fresh }) => {
  const [was, now] = [document.getElementById('log'), fresh.getElementById('log')];
  if (!now || was.dataset.log === now.dataset.log || new URLSearchParams(location.search).has('step')) return;
  if (view && (!view.over || !view.following.checked)) return;
  was.replaceWith(now);
  open();
});
open();
