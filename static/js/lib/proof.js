// The after-photo: seen before it is sent, chosen or dropped.

/** Show the chosen photo in place of the drop field; say its name below it. */
export function beginProof(form) {
  const drop = form.querySelector('[data-drop]');
  const field = drop.querySelector('input[type="file"]');
  const name = form.querySelector('[data-drop-name]');
  let address = null;

  field.addEventListener('change', () => {
    const [file] = field.files;
    if (address) URL.revokeObjectURL(address);
    drop.querySelectorAll('img').forEach((old) => old.remove());
    drop.classList.toggle('filled', Boolean(file));
    if (!file) return;
    address = URL.createObjectURL(file);
    const image = new Image();
    image.alt = '';
    image.src = address;
    drop.prepend(image);
    name.textContent = file.name;
  });

  for (const kind of ['dragenter', 'dragover']) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
  }
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event('change'));
  });
}
