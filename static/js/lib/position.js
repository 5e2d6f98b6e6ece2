// Where the phone says it is, and which of the claims the page shows.

// Satellites need some seconds to settle; after this long the best fix so far has to do.
const patienceMs = 20000;
// Near enough to name the shop front: no need to keep the receiver running.
const goodAccuracyM = 15;
// Over this a fix names a quarter, not a spot: the page asks for the pin (product.md).
export const vagueAccuracyM = 100;
// product.md: a fix within two minutes of the capture is where the photo was taken.
const captureWindowMs = 2 * 60 * 1000;

function fixOf({ coords, timestamp }) {
  return {
    latitude: coords.latitude,
    longitude: coords.longitude,
    accuracy_m: coords.accuracy,
    at: new Date(timestamp).toISOString(),
  };
}

/** Whether the resident was asked before: "granted", "denied", "prompt", or "unknown". */
export async function permission() {
  if (!navigator.geolocation) return 'denied';
  try {
    return (await navigator.permissions.query({ name: 'geolocation' })).state;
  } catch (error) {
    return 'unknown';
  }
}

/**
 * Follows the phone until a good fix is there, `onFix` hearing of each better one.
 *
 * Resolves with the best fix; rejects with "denied" or "unavailable".
 */
export function locate(onFix) {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) { reject(new Error('unavailable')); return; }
    let best = null;
    let watch = null;
    const end = (error) => {
      navigator.geolocation.clearWatch(watch);
      clearTimeout(timer);
      if (best) resolve(best); else reject(error || new Error('unavailable'));
    };
    const timer = setTimeout(end, patienceMs);
    watch = navigator.geolocation.watchPosition((reading) => {
      const fix = fixOf(reading);
      if (!best || fix.accuracy_m <= best.accuracy_m) { best = fix; onFix(fix); }
      if (best.accuracy_m <= goodAccuracyM) end();
    }, (problem) => {
      const isDenied = problem.code === problem.PERMISSION_DENIED;
      if (isDenied || !best) end(new Error(isDenied ? 'denied' : 'unavailable'));
    }, { enableHighAccuracy: true, timeout: patienceMs, maximumAge: 30000 });
  });
}

function isNear(fix, photos) {
  return photos.some((photo) => photo.captured_at
    && Math.abs(new Date(fix.at) - new Date(photo.captured_at)) <= captureWindowMs);
}

/**
 * The claim that will most likely win on the server, as `{latitude, longitude, accuracy_m, source}`.
 *
 * The order is product.md's: a moved pin; a fix close to a capture; a photo's own place; an older
 * fix. Null when nothing is known.
 */
export function likelyPosition(draft, photos) {
  const { pin, fix } = draft;
  if (pin) return { ...pin, accuracy_m: null, source: 'pin' };
  const place = photos.map((photo) => photo.exif_claims)
    .find((facts) => facts && facts.latitude !== undefined);
  if (fix && (isNear(fix, photos) || !place)) return { ...fix, source: 'fix' };
  if (!place) return null;
  return { latitude: place.latitude, longitude: place.longitude, accuracy_m: null, source: 'exif' };
}

/** Whether all photos were taken long before the fix, so that the phone may have moved since. */
export function isFixLate(draft, photos) {
  const dated = photos.filter((photo) => photo.captured_at);
  return Boolean(draft.fix) && dated.length > 0 && !isNear(draft.fix, photos);
}
