// Our own outline of the district: which commune holds a spot, and how far its edge is.

let loading = null;

// Communes are spoken of by kind and name: "xã Vĩnh Hải".
function named(land) {
  for (const { properties } of land.units.features) properties.full_name = `${properties.kind} ${properties.name}`;
  return land;
}

/** The land as `{bounds, units, lines}`, loaded once; rejects when there is no network. */
export function loadLand(address) {
  if (!loading) {
    loading = fetch(address, { credentials: 'omit' }).then((answer) => {
      if (!answer.ok) throw new Error(`land: ${answer.status}`);
      return answer.json();
    }).then(named);
    loading.catch(() => { loading = null; });
  }
  return loading;
}

const metresPerDegree = 111195; // of latitude, on a sphere of 6,371,008.8 m

/** The polygons of a Polygon or MultiPolygon, each a list of rings. */
export function polygonsOf(geometry) {
  return geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
}

function isInRing(ring, longitude, latitude) {
  let inside = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [x1, y1] = ring[i];
    const [x2, y2] = ring[j];
    const crosses = (y1 > latitude) !== (y2 > latitude);
    if (crosses && longitude < ((x2 - x1) * (latitude - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}

function holds(geometry, longitude, latitude) {
  return polygonsOf(geometry).some(([outer, ...holes]) => isInRing(outer, longitude, latitude)
    && !holes.some((hole) => isInRing(hole, longitude, latitude)));
}

/** The commune at a spot, as its properties; null outside the district. */
export function communeAt(land, { latitude, longitude }) {
  const found = land.units.features.find(({ geometry }) => holds(geometry, longitude, latitude));
  return found ? found.properties : null;
}

function metresToSegment(px, py, [x1, y1], [x2, y2]) {
  const dx = x2 - x1;
  const dy = y2 - y1;
  const length = dx * dx + dy * dy;
  const along = length ? Math.max(0, Math.min(1, ((px - x1) * dx + (py - y1) * dy) / length)) : 0;
  return Math.hypot(px - (x1 + along * dx), py - (y1 + along * dy));
}

/** A flat sheet around a spot, in metres to the east and north; good for some kilometres. */
export function flatSheet({ latitude, longitude }) {
  const stretch = Math.cos((latitude * Math.PI) / 180) * metresPerDegree;
  return ([x, y]) => [(x - longitude) * stretch, (y - latitude) * metresPerDegree];
}

/** Metres from a spot to the outline of `geometry`. */
export function metresToEdge(geometry, spot) {
  const flat = flatSheet(spot);
  let least = Infinity;
  for (const rings of polygonsOf(geometry)) {
    for (const ring of rings) {
      const points = ring.map(flat);
      for (let i = 1; i < points.length; i += 1) {
        least = Math.min(least, metresToSegment(0, 0, points[i - 1], points[i]));
      }
    }
  }
  return least;
}

/** The nearest road or railway within `withinM` metres as `{name, half_width_m, metres}`, or null. */
export function lineNear(land, spot, withinM) {
  const flat = flatSheet(spot);
  let nearest = null;
  for (const { properties, geometry } of land.lines.features) {
    const lines = geometry.type === 'LineString' ? [geometry.coordinates] : geometry.coordinates;
    for (const line of lines) {
      const points = line.map(flat);
      for (let i = 1; i < points.length; i += 1) {
        const metres = metresToSegment(0, 0, points[i - 1], points[i]);
        if (metres <= (nearest ? nearest.metres : withinM)) nearest = { name: properties.name, half_width_m: properties.half_width_m, metres };
      }
    }
  }
  return nearest;
}
