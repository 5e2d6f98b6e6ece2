// Makes a large photo small enough for a slow line, and sends the original when that fails.

// Under this size a photo travels as it was taken: scaling would cost detail and save little.
const largeBytes = 2.5 * 1024 * 1024;
// The server takes no more (adapters.photo_reader), however few bytes they fill.
const mostPixels = 40000000;
// Enough to read a number plate at ten metres; a third of a 12 megapixel photo's bytes.
const longestSidePx = 2560;
const jpegQuality = 0.86;
// Old phones hang on a decode that never ends; after this long the original goes instead.
const patienceMs = 15000;

function within(promise, milliseconds) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('took too long')), milliseconds);
    promise.then(resolve, reject).then(() => clearTimeout(timer));
  });
}

function loadImage(file) {
  return new Promise((resolve, reject) => {
    const address = URL.createObjectURL(file);
    const image = new Image();
    image.onload = () => resolve({ image, address });
    image.onerror = () => { URL.revokeObjectURL(address); reject(new Error('not decodable')); };
    image.src = address;
  });
}

async function hasTooManyPixels(file) {
  const { image, address } = await loadImage(file);
  URL.revokeObjectURL(address);
  return image.naturalWidth * image.naturalHeight > mostPixels;
}

async function draw(file, sidePx) {
  // An <img> is decoded upright by every browser since Chrome 81; older ones keep the turn,
  // which is why the orientation read from the original travels in exif_claims.
  const { image, address } = await loadImage(file);
  try {
    const factor = Math.min(1, sidePx / Math.max(image.naturalWidth, image.naturalHeight));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(image.naturalWidth * factor);
    canvas.height = Math.round(image.naturalHeight * factor);
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', jpegQuality); });
  } finally {
    URL.revokeObjectURL(address);
  }
}

// What the server takes; another kind that this browser can draw (HEIC on Safari) becomes JPEG.
const takenKinds = ['image/jpeg', 'image/png', 'image/webp'];

/** `file`, or a smaller JPEG of it; the original when scaling fails, hangs or gains nothing. */
export async function lighten(file) {
  const isTaken = takenKinds.includes(file.type);
  try {
    const mustShrink = !isTaken || (await within(hasTooManyPixels(file), patienceMs));
    if (!mustShrink && file.size <= largeBytes) return file;
    const small = await within(draw(file, longestSidePx), patienceMs);
    return small && small.size > 0 && (small.size < file.size || mustShrink) ? small : file;
  } catch (error) {
    return file;
  }
}

// Twice the 104 px of a card, for dense screens.
const thumbnailPx = 208;

/** A small JPEG of `file` for lists, or null when this browser cannot draw it. */
export async function thumbnailOf(file) {
  try {
    return await within(draw(file, thumbnailPx), patienceMs);
  } catch (error) {
    return null;
  }
}

/** SHA-256 of the bytes in lower-case hex; null where the browser has no subtle crypto. */
export async function sha256Of(file) {
  if (!(window.crypto && crypto.subtle)) return null;
  try {
    const bytes = await new Response(file).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  } catch (error) {
    return null;
  }
}
