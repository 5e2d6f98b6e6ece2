// Home: the two ways to a photo. The draft stands on the phone before the camera opens.

import { keepOriginal, mostPhotos, openDraft, readPhotos } from '../lib/draft.js';
import { make, part, show } from '../lib/dom.js';
import { metresBetween, metresInWords } from '../lib/distance.js';
import { permission } from '../lib/position.js';
import { readDraft, readDrafts, readSetting } from '../lib/storage.js';

const pickers = {
  camera: { accept: 'image/*', capture: 'environment' },
  // iPhones turn HEIC into JPEG only when the kinds are named.
  library: { accept: 'image/jpeg,image/png,image/webp', multiple: true },
};

// Whoever comes back from the camera to a tab that was killed is led on to the form.
async function sayIfDraftWaits() {
  const note = part('draft-note');
  if (!note) return;
  const id = await readSetting('current_draft');
  const draft = id && (await readDraft(id));
  const isBegun = draft && (draft.description || (await readPhotos(id)).length > 0);
  const isUnsent = (await readDrafts()).some((one) => one.attempted_at);
  show(note, Boolean(isBegun || isUnsent));
}

async function take(files, source) {
  const draft = await openDraft();
  const room = mostPhotos - (await readPhotos(draft.id)).length;
  for (const file of files.slice(0, room)) {
    await keepOriginal(draft, file, source); // in turn, so that their order stays
  }
}

// Links lead to the plain form; with JavaScript each becomes a button that opens camera or album.
function makePicker(link) {
  const source = link.dataset.pick;
  const address = link.href;
  const input = make('input', { class: 'visually-hidden', type: 'file', ...pickers[source] });
  // Not awaited: a camera opens only from within the tap itself. Writing takes milliseconds.
  input.addEventListener('click', () => { openDraft().catch(() => undefined); });
  input.addEventListener('change', () => {
    if (!input.files.length) return;
    label.setAttribute('aria-busy', 'true');
    take(Array.from(input.files), source).catch(() => undefined)
      .then(() => window.location.assign(new URL(address).pathname));
  });
  const label = make('label', { class: link.className }, ...Array.from(link.childNodes), input);
  link.replaceWith(label);
}

// Only for whoever gave the position before: a first page asks for nothing.
async function sayDistances() {
  const list = part('near');
  if (!list || !list.dataset.near || (await permission()) !== 'granted') return;
  navigator.geolocation.getCurrentPosition(({ coords }) => {
    list.querySelectorAll('[data-latitude]').forEach((card) => {
      const spot = { latitude: Number(card.dataset.latitude), longitude: Number(card.dataset.longitude) };
      const distance = metresInWords(metresBetween(coords, spot));
      part('distance', card).textContent = `, ${list.dataset.near.replace('{distance}', distance)}`;
    });
  }, () => undefined, { maximumAge: 300000, timeout: 10000 });
}

export function start() {
  document.querySelectorAll('a[data-pick]').forEach(makePicker);
  sayIfDraftWaits().catch(() => undefined);
  sayDistances().catch(() => undefined);
}
