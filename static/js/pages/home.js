// Home: the two ways to a photo. The draft stands on the phone before the camera opens.

import { chosenPhotos } from '../lib/chosen-photos.js';
import { keepOriginal, openDraft, readPhotos, roomFor, writeDraft } from '../lib/draft.js';
import { make, part, show } from '../lib/dom.js';
import { metresBetween, metresInWords } from '../lib/distance.js';
import { permission } from '../lib/position.js';
import { readDraft, readDrafts, readSetting } from '../lib/storage.js';

const pickers = {
  camera: { accept: 'image/*', capture: 'environment' },
  // iPhones turn HEIC into JPEG only when the kinds are named.
  library: { accept: 'image/jpeg,image/png,image/webp', multiple: true },
};

async function isDraftBegun() {
  const id = await readSetting('current_draft');
  const draft = id && (await readDraft(id));
  if (!draft || draft.attempted_at) return false;
  return Boolean(draft.description) || (await readPhotos(id)).length > 0;
}

// Whoever comes back to a tab that was killed is led on to the form; an unsent report is named
// apart, for it waits under its own address, and several of them under "Của tôi".
async function sayIfDraftWaits() {
  const note = part('draft-note');
  if (!note) return;
  const unsent = (await readDrafts()).filter((one) => one.attempted_at);
  const isBegun = await isDraftBegun();
  const link = part('unsent-link', note);
  link.href = unsent.length === 1 ? `${link.dataset.report}?draft=${unsent[0].id}` : link.dataset.mine;
  show(part('unsent-note', note), unsent.length > 0);
  show(part('begun-note', note), isBegun);
  show(note, unsent.length > 0 || isBegun);
}

async function take(files, source) {
  const draft = await openDraft();
  const { taken, problems } = chosenPhotos(files, await roomFor(draft));
  for (const file of taken) {
    await keepOriginal(draft, file, source); // in turn, so that their order stays
  }
  // The sentences stand on the form, where the photos are.
  if (problems.length) await writeDraft({ ...draft, photo_problems: problems });
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
