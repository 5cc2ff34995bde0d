// Leaves the calls in which every word is, while one types.
const field = document.getElementById('sift');
const said = document.getElementById('sifted');
const calls = [...document.querySelectorAll('.calls > li')].map((item) => [item, item.textContent.toLowerCase()]);

function sift() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const [item, text] of calls) {
    item.hidden = !words.every((word) => text.includes(word));
    count += item.hidden ? 0 : 1;
  }
  for (const group of document.querySelectorAll('.stack > section')) group.hidden = !group.querySelector('.calls > li:not([hidden])');
  said.textContent = words.length ? `${count} of ${calls.length}` : '';
}

document.querySelector('.sift').hidden = false;
field.addEventListener('input', sift);
sift(); // a browser keeps what was typed when one comes back
