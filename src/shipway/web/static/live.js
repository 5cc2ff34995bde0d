// Keeps a page true: every recorded fact makes it ask for itself again, and exchange what changed.
const line = document.querySelector('[data-line]');
const said = line?.querySelector('span').textContent;
let asking = false;
let again = false;
let failed = false; // to answer, though it is there

// The answer to a form that was refused stands at an address that can only be sent to.
const here = document.querySelector('[data-here]')?.dataset.here ?? location.href;

async function refresh() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const answer = await fetch(here, { headers: { accept: 'text/html' } });
    if (answer.status === 401) { location.reload(); return; }
    if (answer.status >= 500) { failing(); return; }
    if (!answer.ok) return;
    if (failed) { failed = false; found(); }
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    await released();
    if (document.querySelector('[data-reload]') && !fresh.querySelector('[data-reload]')) { location.reload(); return; }
    document.title = fresh.title;
    const stay = hold();
    for (const part of document.querySelectorAll('[data-live]')) exchange(part, fresh.getElementById(part.id));
    stay();
    document.dispatchEvent(new CustomEvent('fresh', { detail: fresh }));
    tick();
  } finally {
    asking = false;
    if (again) { again = false; setTimeout(refresh, 100); }
  }
}

// What a person has chosen, is typing into, or has open to read is left alone until they are done. A fold with an
// id of its own stays as they left it, and what is in it is exchanged.
const busy = (part) => part.querySelector('details[open]:not([data-fold]), input:focus')
  || [...part.querySelectorAll('input[type="checkbox"]')].some((box) => box.checked !== box.defaultChecked);
function exchange(part, fresh) {
  if (!fresh || busy(part) || part.dataset.was === fresh.outerHTML) return;
  const focused = part.contains(document.activeElement) ? twin(document.activeElement) : null;
  fresh.dataset.was = fresh.outerHTML;
  for (const fold of part.querySelectorAll('details[data-fold]')) {
    const same = fresh.querySelector(`#${CSS.escape(fold.id)}`);
    if (same) same.open = fold.open;
  }
  part.replaceWith(fresh);
  if (focused) fresh.querySelector(focused)?.focus({ preventScroll: true });
}

// A press that ends on another element than it began on is no click. Whoever presses for longer does not mean one.
async function released() {
  for (let left = 2000; left > 0 && document.querySelector('[data-live] :active'); left -= 50) await new Promise((wake) => setTimeout(wake, 50));
}

// How the same thing is found in what takes its place.
function twin(element) {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const fold = element.closest('summary')?.parentElement.id;
  return fold ? `#${CSS.escape(fold)} > summary` : `[href="${CSS.escape(element.getAttribute('href'))}"]`;
}

// Whoever reads further down is not moved by what comes or goes above.
function hold() {
  if (!scrollY) return () => {};
  const first = [...document.querySelectorAll('[data-live] [id]')].find((each) => each.getBoundingClientRect().top >= 0);
  const top = first?.getBoundingClientRect().top;
  return () => {
    const now = first && document.getElementById(first.id);
    if (now) scrollBy({ top: now.getBoundingClientRect().top - top, behavior: 'instant' });
  };
}

// What the judge sees is no fact either, and it changes with every request: a sentence of it is asked for by itself.
let judging = false;
async function judged() {
  const parts = [...document.querySelectorAll('[data-now]')];
  if (document.hidden || judging || !parts.length) return;
  judging = true;
  try {
    for (const part of parts) {
      const answer = await fetch(part.dataset.now);
      if (answer.status !== 200) continue;
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-now]');
      if (fresh && fresh.outerHTML !== part.outerHTML) part.replaceWith(fresh);
    }
  } catch { /* whoever listens says that the line is lost */ } finally { judging = false; }
}

// Of many facts at once one look is enough; a tab that was not seen looks when it is seen again.
let waiting = null;
function soon() { waiting ??= setTimeout(() => { waiting = null; refresh(); }, 120); }

function hear({ kind, missed }) {
  if (kind === 'fact' || (kind === 'back' && missed)) soon();
  else if (kind === 'open') found();
  else if (kind === 'lost') lost();
  else if (kind === 'refused') refresh(); // the session is over: whoever is there is asked who they are
}

function found() {
  if (document.body.classList.contains('lost')) soon();
  document.body.classList.remove('lost');
  if (line) line.querySelector('span').textContent = said;
}

function lost() {
  if (document.body.classList.contains('lost')) return;
  document.body.classList.add('lost');
  if (line) line.querySelector('span').textContent = `What you see is from ${new Date().toTimeString().slice(0, 8)}. Trying again.`;
}

// Who answers with a fault may be well again in a moment: until then what is seen is from before.
function failing() {
  failed = true;
  lost();
  setTimeout(refresh, 3000);
}

// A page that came whole while what listens did not, because the server went away in between: it comes anew.
function unheard() {
  lost();
  const asked = () => fetch(here, { method: 'HEAD' }).then(({ ok }) => { if (ok) location.reload(); }, () => {});
  setInterval(asked, 3000);
}

const units = [['d', 86400], ['h', 3600], ['min', 60]];
function ago(seconds) {
  for (const [unit, length] of units) if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  return `${Math.max(0, Math.floor(seconds))} s`;
}

function tick() {
  const now = Date.now() / 1000;
  for (const time of document.querySelectorAll('time[data-since]')) time.textContent = ago(now - Number(time.dataset.since));
  for (const time of document.querySelectorAll('time[data-ago]')) {
    const passed = now - Date.parse(time.dateTime) / 1000;
    time.title = new Date(time.dateTime).toLocaleString();
    if (passed < 86400) time.textContent = `${ago(passed)} ago`;
  }
  for (const both of document.querySelectorAll('[data-between]')) {
    const [first, last] = both.querySelectorAll('time');
    first.parentElement.hidden = first.textContent === last.textContent;
  }
}

for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    const lines = [...document.querySelectorAll(`${button.dataset.copy} > li > code`)].map((code) => code.textContent);
    await navigator.clipboard.writeText(lines.join('\n'));
    button.querySelector('span').textContent = 'Copied';
  });
}
document.addEventListener('stale', refresh);
import('./stream.js').then(({ listen }) => listen(hear), unheard);
tick();
setInterval(tick, 1000);
setInterval(judged, 1000);
