// Where the phone says it is, and which of the claims the page shows.

// Satellites need some seconds to settle; after this long the best fix so far has to do.
const patienceMs = 20000;
// Near enough to name the shop front: no need to keep the receiver running.
const goodAccuracyM = 15;
// Over this a fix names a quarter, not a spot: the page asks for the pin (product.md).
export const vagueAccuracyM = 100;
// product.md: a fix within two minutes of the capture is where the photo was taken.
const captureWindowMs = 2 * 60 * 1000;
// With no capture time the server compares the fix with the sending, within this long.
const freshMs = 10 * 60 * 1000;

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

function isOfPhotos(fix, photos) {
  const dated = photos.filter((photo) => photo.captured_at);
  const msFrom = (moment) => Math.abs(new Date(fix.at) - moment);
  if (!dated.length) return msFrom(new Date()) <= freshMs;
  return dated.some((photo) => msFrom(new Date(photo.captured_at)) <= captureWindowMs);
}

/**
 * The claim that will most likely win on the server, as `{latitude, longitude, accuracy_m, source}`.
 *
 * The order is product.md's: a moved pin; a fix close to a capture; a photo's own place. Null when
 * nothing is known, or only where the phone was at another time.
 */
export function likelyPosition(draft, photos) {
  const { pin, fix } = draft;
  if (pin) return { ...pin, accuracy_m: null, source: 'pin' };
  const place = photos.map((photo) => photo.exif_claims)
    .find((facts) => facts && facts.latitude !== undefined);
  if (fix && isOfPhotos(fix, photos)) return { ...fix, source: 'fix' };
  if (!place) return null;
  return { latitude: place.latitude, longitude: place.longitude, accuracy_m: null, source: 'exif' };
}

/** Whether the fix was made beside a dated photo: a later one could only be worse. */
export function isFixSettled(draft, photos) {
  return Boolean(draft.fix) && photos.some((photo) => photo.captured_at) && isOfPhotos(draft.fix, photos);
}

/** Whether the phone knows where it is, and the photos are from another time. */
export function isFixLate(draft, photos) {
  return Boolean(draft.fix) && !isOfPhotos(draft.fix, photos);
}
