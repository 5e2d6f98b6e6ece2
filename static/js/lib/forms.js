// Forms of the officials' pages: sent once, filters sent at a choice.

/** A second press while the first is under way does nothing; the button says so. */
export function keepFormsSingle(root) {
  root.addEventListener('submit', (event) => {
    const form = event.target;
    if (!form.matches('[data-once]')) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = 'yes';
    form.setAttribute('aria-busy', 'true');
  });
  // Coming back by the browser's own button shows the page as it was left: sent.
  window.addEventListener('pageshow', () => {
    for (const form of root.querySelectorAll('[data-sent]')) {
      delete form.dataset.sent;
      form.removeAttribute('aria-busy');
    }
  });
}

/** A filter acts as soon as it is chosen; its button is only for those without JavaScript. */
export function sendFiltersAtOnce(root) {
  for (const form of root.querySelectorAll('[data-autosend]')) {
    form.querySelector('[data-autosend-hides]').hidden = true;
    form.addEventListener('change', () => {
      for (const field of form.querySelectorAll('select')) {
        const isDefault = !field.value || (field.name === 'severity' && field.value === '1');
        field.disabled = isDefault;
      }
      form.submit();
    });
  }
}
