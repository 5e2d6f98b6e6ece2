// The two random keys that a phone makes for itself: one per report, one per browser.

import { readSetting, writeSetting } from './storage.js';

// Crockford's base32: no I, L, O or U, so that a key survives being read aloud.
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A fresh key of 128 random bits as 26 characters. */
export function makeKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let key = '';
  let buffer = 0;
  let bits = 2; // two leading zero bits fill 128 up to 130, which is 26 times 5
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      key += alphabet[(buffer >> bits) & 31];
    }
    buffer &= (1 << bits) - 1;
  }
  return key;
}

/** A key as it is read: in groups of four. */
export function groupsOf(key) {
  return key.match(/.{1,4}/g) || [];
}

/** The key of this browser, made at the first report; null where nothing can be kept. */
export async function installKey() {
  try {
    const kept = await readSetting('install_key');
    if (kept) return kept;
    const made = makeKey();
    await writeSetting('install_key', made);
    return made;
  } catch (error) {
    return null;
  }
}
