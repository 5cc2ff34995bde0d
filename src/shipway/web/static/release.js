// What is counted is no fact: while the release is judged a page that is looked at asks again.
setInterval(() => {
  if (!document.hidden && document.querySelector('[data-moving]')) document.dispatchEvent(new Event('stale'));
}, 2000);
