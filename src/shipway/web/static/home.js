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
