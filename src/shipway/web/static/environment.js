// Signals are no facts: nobody is told when they change, so a page that is looked at asks again.
const EVERY = { '3m': 5, '15m': 5, '1h': 5, '6h': 60, '1d': 300, '7d': 300 };
const span = new URLSearchParams(location.search).get('span') ?? '1h';

setInterval(() => {
  if (!document.hidden) document.dispatchEvent(new Event('stale'));
}, 1000 * (EVERY[span] ?? 60));
