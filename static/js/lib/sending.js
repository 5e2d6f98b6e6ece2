// One POST of one report: the fields of a draft, the progress, and what the answer means.

import { installKey } from './tracking-key.js';

// A server that says nothing for this long has lost the line; the draft is kept either way.
const patienceMs = 180000;

function positionFields(draft) {
  const { fix, pin } = draft;
  return {
    ...(fix && {
      device_latitude: fix.latitude,
      device_longitude: fix.longitude,
      device_accuracy_m: fix.accuracy_m,
      device_fix_at: fix.at,
    }),
    ...(pin && { pin_latitude: pin.latitude, pin_longitude: pin.longitude }),
  };
}

function extensionOf(type) {
  return { 'image/png': 'png', 'image/webp': 'webp' }[type] || 'jpg';
}

/** The multipart body of a draft; fields without a value are left out, photos keep their order. */
async function bodyOf(draft, photos) {
  const fields = {
    tracking_key: draft.tracking_key,
    install_key: await installKey(),
    category: draft.category,
    seen_case: draft.seen && draft.seen.number,
    ...positionFields(draft),
    commune_hint: draft.commune_hint,
    sent_at: new Date().toISOString(),
    description: draft.description,
    contact_phone: draft.contact_phone,
    contact_email: draft.contact_email,
  };
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null && value !== undefined && value !== '') body.append(name, String(value));
  }
  photos.forEach((photo, index) => {
    body.append('photo', photo.blob, `photo-${index + 1}.${extensionOf(photo.blob.type)}`);
    // One of each per photo, empty when unknown: the server pairs them by their order.
    body.append('captured_at', photo.captured_at || '');
    body.append('exif_claims', photo.exif_claims ? JSON.stringify(photo.exif_claims) : '');
    body.append('original_sha256', photo.original_sha256 || '');
  });
  return body;
}

function answerOf(request) {
  let content = null;
  try { content = JSON.parse(request.responseText); } catch (error) { /* a page, or cut short */ }
  const retryAfterS = Number(request.getResponseHeader('Retry-After')) || null;
  return { status: request.status, content, retryAfterS };
}

/**
 * Sends `draft` once.
 *
 * Args: `onProgress(share)` hears 0 to 1 while bytes leave.
 * Resolves with `{status, content, retryAfterS}`; status 0 means that nothing came back.
 */
export async function send(address, draft, photos, onProgress) {
  const body = await bodyOf(draft, photos);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('POST', address);
    request.timeout = patienceMs;
    request.setRequestHeader('Accept', 'application/json');
    request.upload.onprogress = (step) => { if (step.lengthComputable) onProgress(step.loaded / step.total); };
    request.onload = () => resolve(answerOf(request));
    request.onerror = () => resolve({ status: 0, content: null, retryAfterS: null });
    request.ontimeout = request.onerror;
    request.onabort = request.onerror;
    request.send(body);
  });
}
