// A choice takes effect at once; what is answered just now is no fact, so a page that is looked at asks again.
const narrow = document.getElementById('narrow');
narrow?.classList.add('at-once');
narrow?.addEventListener('change', () => {
  const asked = new URLSearchParams([...new FormData(narrow)].filter(([, value]) => value));
  location.assign(asked.size ? `/?${asked}` : '/');
});

setInterval(() => {
  if (!document.hidden) document.dispatchEvent(new Event('stale'));
}, 10000);

// The last hour of each application, drawn beside it: asked for once a minute, drawn again whenever its row is new.
const WIDE = 200;
const LOW = 40;
const HIGH = 36;
let hours = [];

async function hear() {
  if (document.hidden) return;
  try {
    const answer = await fetch(`/api/v1/overview/hours${location.search}`);
    if (answer.ok) hours = (await answer.json()).applications;
  } catch { return; } // the line above says that nobody answers
  draw();
}

// What was heard, in pairs of minute and count, apart wherever nobody knows: a gap is no slope.
function stretches(counts) {
  const found = [[]];
  counts.forEach((count, number) => {
    if (count !== null) found[found.length - 1].push([number, count]);
    else if (found[found.length - 1].length) found.push([]);
  });
  return found.filter((stretch) => stretch.length);
}

function many(count) {
  return count < 1e6 ? count.toLocaleString('en') : `${(count / 1e6).toLocaleString('en', { maximumSignificantDigits: 2 })} million`;
}

function draw() {
  for (const one of hours) {
    const spark = document.querySelector(`[data-hour="${CSS.escape(one.name)}"]`);
    const heard = one.requests.filter((count) => count !== null);
    if (!spark || !heard.some((count) => count > 0)) continue;
    const most = Math.max(...heard);
    const x = (number) => (WIDE * number / (one.requests.length - 1)).toFixed(1);
    const lines = stretches(one.requests).map((stretch) => stretch.map(([number, count]) => `${x(number)} ${(LOW - HIGH * count / most).toFixed(1)}`));
    spark.querySelector('.ln').setAttribute('d', lines.map((points) => `M${points.join('L')}h.1`).join(''));
    spark.querySelector('.area').setAttribute('d', lines.map((points) => `M${points[0].split(' ')[0]} ${LOW}L${points.join('L')}V${LOW}z`).join(''));
    const failed = one.failed.map((count, number) => (count ? count / Math.max(one.requests[number], 1) : 0));
    spark.querySelector('.bad').setAttribute('d', failed.map((share, number) => (share < 0.01 ? '' : `M${x(number)} ${LOW}v-${Math.max(4, HIGH * share).toFixed(1)}`)).join(''));
    const [requests, wrong] = [heard, one.failed].map((counts) => counts.reduce((sum, count) => sum + (count ?? 0), 0));
    const over = heard.length < one.requests.length ? `${heard.length} min of the last hour` : 'the last hour'; // of the rest nobody knows
    const [asked, bad] = [`${many(requests)} request${requests === 1 ? '' : 's'}`, wrong ? `${many(wrong)} failed` : 'none failed'];
    spark.setAttribute('aria-label', `${asked} to ${one.environment} in ${over}, ${bad}`);
    spark.removeAttribute('hidden');
    const answered = document.querySelector(`[data-answered="${CSS.escape(one.name)}"]`);
    if (answered) [answered.textContent, answered.hidden] = [`; ${asked} in ${over}, ${bad}`, false];
  }
}

document.addEventListener('fresh', draw);
hear();
setInterval(hear, 60000);
