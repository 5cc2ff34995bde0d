// A try that no channel took is no fact: while a message has its turn, a page that is looked at asks again.
const due = (row) => Number(row.dataset.next) <= Date.now() / 1000;

setInterval(() => {
  if (!document.hidden && [...document.querySelectorAll('[data-next]')].some(due)) document.dispatchEvent(new Event('stale'));
}, 2000);
