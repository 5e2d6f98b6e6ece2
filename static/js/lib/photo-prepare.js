// Turns a chosen file into a photo ready to travel: facts, hash, then a lighter copy.

import { lighten, sha256Of } from './photo-scale.js';

// A camera photo without a time of its own was taken while the camera was open.
const cameraMomentMs = 5 * 60 * 1000;

async function read(file) {
  try {
    const { factsOf } = await import('./photo-facts.js');
    return await factsOf(file);
  } catch (error) {
    return {}; // the reader could not be loaded: the server reads the bytes again
  }
}

function capturedAt(photo, facts) {
  if (facts.captured_at) return facts.captured_at;
  if (photo.source !== 'camera') return null;
  if (!photo.modified_at) return new Date(photo.added_at).toISOString();
  // An older file was not taken just now, whatever button it came by: nobody knows when.
  const isFresh = photo.added_at - photo.modified_at < cameraMomentMs;
  return isFresh ? new Date(photo.modified_at).toISOString() : null;
}

/** `photo` with exif_claims, captured_at, original_sha256 and the bytes that will travel. */
export async function prepare(photo) {
  const original = photo.blob;
  const facts = await read(original);
  const hash = await sha256Of(original);
  return {
    ...photo,
    exif_claims: Object.keys(facts).length ? facts : null,
    captured_at: capturedAt(photo, facts),
    original_sha256: hash,
    blob: await lighten(original),
    is_ready: true,
  };
}
