// An address that names a fold opens it, and leads to the first thing there that must be filled in.
export function lead() {
  const named = document.getElementById(location.hash.slice(1));
  if (!named?.matches('details, details *, section:has(> form)')) return;
  for (let fold = named.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
  const field = ':scope > form :is(input:not([type="hidden"]), textarea, select):required';
  (named.querySelector(field) ?? named.querySelector(':scope > summary'))?.focus({ preventScroll: true });
  named.scrollIntoView({ block: 'nearest' });
}

addEventListener('hashchange', lead);
addEventListener('load', lead); // until then the browser itself goes to the address, and takes the focus along

// A question that opens is seen whole, down to the button that answers it.
document.addEventListener('toggle', ({ target }) => {
  if (target.open && target.matches('.sure')) target.querySelector(':scope > form').scrollIntoView({ block: 'nearest' });
}, true);
