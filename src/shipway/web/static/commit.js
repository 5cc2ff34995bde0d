// The address that leads here from anywhere, for a chat or a mail, and what is to be typed.
document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('[data-address], [data-types]');
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.types ?? new URL(button.dataset.address, location.href).href);
  button.querySelector('span').textContent = 'Copied';
});
