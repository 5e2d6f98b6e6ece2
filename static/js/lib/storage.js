// What stays on the phone: drafts with their photos, the list of sent reports, small settings.

import { openDB } from 'idb';

const name = 'anlo';
const version = 1;
let opening = null;

function database() {
  if (!opening) {
    opening = openDB(name, version, {
      upgrade(db) {
        db.createObjectStore('drafts', { keyPath: 'id' });
        db.createObjectStore('photos', { keyPath: 'id' }).createIndex('draft', 'draft');
        db.createObjectStore('mine', { keyPath: 'tracking_key' });
        db.createObjectStore('settings');
      },
    });
    // A later visit may succeed where this one failed (private mode, a full disk).
    opening.catch(() => { opening = null; });
  }
  return opening;
}

// Resolved only when the phone's storage holds it: a tab may be killed the next moment.
async function put(store, value) {
  const work = (await database()).transaction(store, 'readwrite', { durability: 'strict' });
  await work.store.put(value);
  await work.done;
}

/** The draft called `id`, or undefined. */
export async function readDraft(id) {
  return (await database()).get('drafts', id);
}

/** All drafts, newest first. */
export async function readDrafts() {
  const all = await (await database()).getAll('drafts');
  return all.sort((one, other) => (one.saved_at < other.saved_at ? 1 : -1));
}

/** Keeps `draft`, known by its id. */
export async function writeDraft(draft) {
  await put('drafts', { ...draft, saved_at: new Date().toISOString() });
}

/** Forgets a draft and its photos, in one step. */
export async function dropDraft(id) {
  const work = (await database()).transaction(['drafts', 'photos'], 'readwrite');
  await work.objectStore('drafts').delete(id);
  const keys = await work.objectStore('photos').index('draft').getAllKeys(id);
  await Promise.all(keys.map((key) => work.objectStore('photos').delete(key)));
  await work.done;
}

/** The photos of one draft in the order in which they were added. */
export async function readPhotos(draftId) {
  const kept = await (await database()).getAllFromIndex('photos', 'draft', draftId);
  return kept.sort((one, other) => one.added_at - other.added_at);
}

/** Keeps one photo: `{id, draft, added_at, blob, …}`. */
export async function writePhoto(photo) {
  await put('photos', photo);
}

/** Forgets one photo. */
export async function dropPhoto(id) {
  await (await database()).delete('photos', id);
}

/** Reports sent from this phone, newest first. */
export async function readMine() {
  const all = await (await database()).getAll('mine');
  return all.sort((one, other) => (one.sent_at < other.sent_at ? 1 : -1));
}

/** Keeps or renews one sent report, known by its tracking key. */
export async function writeMine(report) {
  await put('mine', report);
}

/** The value kept under `key`, or undefined. */
export async function readSetting(key) {
  return (await database()).get('settings', key);
}

/** Keeps a small value under `key`. */
export async function writeSetting(key, value) {
  const work = (await database()).transaction('settings', 'readwrite');
  await work.store.put(value, key);
  await work.done;
}
