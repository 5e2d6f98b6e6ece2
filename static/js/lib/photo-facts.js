// What a photo's own bytes say of place and time, read before anything is scaled down.

// The smallest build: it knows no names of tags, so they are asked for by their TIFF numbers.
import exifr from 'exifr/dist/mini.esm.mjs';

const make = 271;
const model = 272;
const orientation = 274;
const takenAt = 36867; // DateTimeOriginal
const digitizedAt = 36868;
const offset = 36881; // OffsetTimeOriginal

const wanted = {
  ifd0: { pick: [make, model, orientation] },
  exif: { pick: [takenAt, digitizedAt, offset] },
  gps: { pick: [1, 2, 3, 4] }, // latitude and longitude with their hemispheres
  translateKeys: false,
  translateValues: false,
  reviveValues: false,
};

function isPlace(latitude, longitude) {
  // Android strips places by writing zeros; 0,0 lies in the Gulf of Guinea and means none.
  return Number.isFinite(latitude) && Number.isFinite(longitude)
    && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180
    && !(latitude === 0 && longitude === 0);
}

// "2026:07:10 09:12:00" is the camera's wall clock; without an offset it is this phone's too.
function momentOf(text, zone) {
  const found = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)/.exec(String(text));
  if (!found) return null;
  const [, year, month, day, hour, minute, second] = found;
  const written = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const isZoned = /^[+-]\d\d:\d\d$/.test(zone);
  const at = isZoned ? new Date(written + zone) : new Date(+year, month - 1, +day, +hour, +minute, +second);
  return Number.isFinite(at.getTime()) ? at.toISOString() : null;
}

/**
 * EXIF facts of `file`.
 *
 * Returns `{latitude, longitude, captured_at, orientation, model}` with only what is known;
 * an empty object when the file says nothing or cannot be read. Never throws.
 */
export async function factsOf(file) {
  let tags;
  try {
    tags = await exifr.parse(file, wanted);
  } catch (error) {
    return {}; // not a kind that carries EXIF, or broken: the server reads the bytes again
  }
  const facts = {};
  if (!tags) return facts;
  if (isPlace(tags.latitude, tags.longitude)) {
    facts.latitude = tags.latitude;
    facts.longitude = tags.longitude;
  }
  const at = momentOf(tags[takenAt] || tags[digitizedAt], tags[offset]);
  if (at) facts.captured_at = at;
  if (Number.isInteger(tags[orientation])) facts.orientation = tags[orientation];
  const device = [tags[make], tags[model]].filter((word) => typeof word === 'string').join(' ').trim();
  if (device) facts.model = device.slice(0, 80);
  return facts;
}
