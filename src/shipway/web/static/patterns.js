// Force a theme, to compare.
for (const radio of document.querySelectorAll('input[name="theme"]')) {
  radio.addEventListener('change', () => { document.documentElement.dataset.theme = radio.value; });
}
