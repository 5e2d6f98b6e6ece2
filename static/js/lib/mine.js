// The list of reports sent from this phone: what is kept of each once it has left.

import { dropDraft, readSetting, writeMine, writeSetting } from './storage.js';
import { thumbnailOf } from './photo-scale.js';

/**
 * Takes a sent draft into the list and forgets the draft with its photos.
 *
 * Args: `words` holds category and place as they stood on the form.
 */
export async function keepSent(draft, photos, words) {
  const thumbnail = photos.length ? await thumbnailOf(photos[0].blob) : null;
  await writeMine({
    tracking_key: draft.tracking_key,
    category_code: draft.category,
    sent_at: new Date().toISOString(),
    thumbnail,
    ...words,
    seen: null, // the last answer of the tracking page, and when
    seen_at: null,
  });
  await dropDraft(draft.id);
  // A report about a case that a link named leaves what was begun before as it is.
  if ((await readSetting('current_draft')) === draft.id) await writeSetting('current_draft', null);
}
