// The report being made: kept on the phone from the first tap, found again after a killed tab.

import { makeKey } from './tracking-key.js';
import {
  dropPhoto, readDraft, readPhotos, readSetting, writeDraft, writePhoto, writeSetting,
} from './storage.js';

const current = 'current_draft';
export const mostPhotos = 3;

function blank() {
  return {
    id: makeKey(),
    tracking_key: makeKey(),
    category: null,
    description: '',
    contact_phone: '',
    contact_email: '',
    commune_hint: '',
    fix: null, // {latitude, longitude, accuracy_m, at}
    pin: null, // {latitude, longitude}
    border_kept: null, // {latitude, longitude} that the resident called right, near a border
    place_asked: false, // whether a report with no place was asked for one
    seen: null, // the case that "Tôi cũng thấy" names, as the server told it
    place_words: null, // the place as the form named it, for wherever the draft is shown
    photo_problems: null, // why files chosen before the form opened are not in it
    attempted_at: null, // set once a sending failed: such a draft waits under "Của tôi"
  };
}

/** The draft to go on with, or a fresh one; `id` asks for one draft by name. */
export async function openDraft(id = null) {
  const known = id || (await readSetting(current));
  const kept = known ? await readDraft(known) : undefined;
  if (kept && (id || !kept.attempted_at)) return kept;
  return startDraft();
}

/** A fresh draft, kept at once. */
export async function startDraft() {
  const draft = blank();
  await writeDraft(draft);
  await writeSetting(current, draft.id);
  return draft;
}

async function isUntouched(draft) {
  const isSaid = draft.category || draft.description || draft.pin || draft.seen
    || draft.contact_phone || draft.contact_email || draft.commune_hint;
  return !isSaid && (await readPhotos(draft.id)).length === 0;
}

/**
 * The draft for a case that a link names: what was begun about another spot must not become part
 * of it, so it stays the current draft, and this one is found again by its address.
 */
export async function openDraftFor(number) {
  const known = await readSetting(current);
  const kept = known ? await readDraft(known) : undefined;
  if (!kept || kept.attempted_at) return startDraft();
  if (kept.seen ? kept.seen.number === number : await isUntouched(kept)) return kept;
  const draft = blank();
  await writeDraft(draft);
  return draft;
}

/** A draft that lives in memory only, for browsers that refuse to keep anything. */
export function startLooseDraft() {
  return blank();
}

/**
 * Keeps `file` as it is, before anything else is done with it.
 *
 * Args: `source` is "camera" or "library". Returns the photo.
 */
export async function keepOriginal(draft, file, source) {
  const photo = {
    id: makeKey(),
    draft: draft.id,
    added_at: Date.now(),
    source,
    name: file.name || 'photo.jpg',
    modified_at: file.lastModified || null,
    blob: file,
    is_ready: false,
  };
  await writePhoto(photo).catch(() => undefined);
  return photo;
}

/** How many more photos `draft` takes. */
export async function roomFor(draft) {
  return mostPhotos - (await readPhotos(draft.id)).length;
}

export { dropPhoto, readPhotos, writeDraft, writePhoto };
