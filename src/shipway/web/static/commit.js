// The address that leads here from anywhere, for a chat or a mail.
document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('[data-address]');
  if (!button) return;
  await navigator.clipboard.writeText(new URL(button.dataset.address, location.href).href);
  button.querySelector('span').textContent = 'Copied';
});
