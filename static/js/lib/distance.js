// Metres between two spots, and metres as people say them.

const earthRadiusM = 6371008.8;

/** Metres along the ground between two `{latitude, longitude}` (haversine). */
export function metresBetween(one, other) {
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const north = Math.sin(radians(other.latitude - one.latitude) / 2);
  const east = Math.sin(radians(other.longitude - one.longitude) / 2);
  const part = north * north + Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude)) * east * east;
  return 2 * earthRadiusM * Math.asin(Math.sqrt(part));
}

// No more digits than a phone's position deserves.
function rounded(metres) {
  if (metres < 20) return Math.max(1, Math.round(metres));
  return metres < 100 ? Math.round(metres / 5) * 5 : Math.round(metres / 10) * 10;
}

/** 10 m, 120 m, as the server writes addresses: to ten metres, and never none at all. */
export function tensOfMetres(metres) {
  return `${Math.max(10, Math.round(metres / 10) * 10)}\u00a0m`;
}

/** 8 m, 120 m, 1,2 km, 14 km, in the page's own way of writing numbers. */
export function metresInWords(metres) {
  if (rounded(metres) < 1000) return `${rounded(metres)}\u00a0m`;
  const kilometres = metres / 1000;
  const digits = kilometres < 10 ? 1 : 0;
  const written = kilometres.toLocaleString(document.documentElement.lang || 'vi', { maximumFractionDigits: digits });
  return `${written}\u00a0km`;
}
