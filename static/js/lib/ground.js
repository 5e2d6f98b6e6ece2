// Whose land a spot lies on, told from the outlines on the phone by the rule of the server.

import { communeAt, flatSheet, metresToEdge, polygonsOf } from './land.js';

// The numbers of domain/routing.py and domain/evidence.py; what the server says goes before them.
const leastClearShare = 0.8;
const nearOutsideM = 200;
const mostRadiusM = 1000;
const accuracyOf = { pin: 15, exif: 30 };
const unknownAccuracyM = 30;
// Outlines are drawn to some 20 m for the phone (services/territory.py): a smaller disc would only
// pretend to know on which side of the real border it lies.
const outlineErrorM = 20;

/** The radius in metres within which a spot may lie: its own accuracy, or that of its source. */
export function doubtOf({ accuracy_m: accuracy, source }) {
  return accuracy || accuracyOf[source] || unknownAccuracyM;
}

function sector([ax, ay], [bx, by], radius) {
  return (radius * radius * Math.atan2(ax * by - ay * bx, ax * bx + ay * by)) / 2;
}

// The signed area that the triangle of the origin and one edge shares with a disc around it.
function edgeArea(a, b, radius) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const length = dx * dx + dy * dy;
  const toward = a[0] * dx + a[1] * dy;
  const depth = toward * toward - length * (a[0] * a[0] + a[1] * a[1] - radius * radius);
  if (!length) return 0;
  const half = Math.sqrt(Math.max(0, depth));
  const enters = (-toward - half) / length;
  const leaves = (half - toward) / length;
  if (depth <= 0 || enters >= 1 || leaves <= 0) return sector(a, b, radius);
  const at = (part) => [a[0] + part * dx, a[1] + part * dy];
  const [p, q] = [at(Math.max(0, enters)), at(Math.min(1, leaves))];
  return sector(a, p, radius) + (p[0] * q[1] - p[1] * q[0]) / 2 + sector(q, b, radius);
}

function ringArea(ring, radius) {
  let area = 0;
  for (let i = 1; i < ring.length; i += 1) area += edgeArea(ring[i - 1], ring[i], radius);
  return Math.abs(area);
}

/** Square metres of the land in `geometry` within `radiusM` metres of a spot. */
export function areaWithin(geometry, spot, radiusM) {
  const flat = flatSheet(spot);
  return polygonsOf(geometry).reduce((sum, rings) => {
    const [outer, ...holes] = rings.map((ring) => ringArea(ring.map(flat), radiusM));
    return sum + outer - holes.reduce((all, hole) => all + hole, 0);
  }, 0);
}

function sharesOf(land, spot, radiusM) {
  const areas = land.units.features
    .map(({ properties, geometry }) => ({ unit: properties, area: areaWithin(geometry, spot, radiusM) }))
    .filter(({ area }) => area > 1e-6);
  const whole = areas.reduce((sum, { area }) => sum + area, 0);
  return areas.map(({ unit, area }) => ({ unit, share: area / whole })).sort((one, other) => other.share - one.share);
}

function nearestTo(land, spot) {
  let nearest = null;
  let least = nearOutsideM;
  for (const { properties, geometry } of land.units.features) {
    const metres = metresToEdge(geometry, spot);
    if (metres <= least) { least = metres; nearest = properties; }
  }
  return nearest;
}

/**
 * Whose land `spot` lies on, as `{certainty, unit, others}`: clear, straddling, near_outside or
 * outside; `unit` is null outside, `others` are the neighbours in the disc, the largest first.
 */
export function groundAt(land, spot) {
  const claimedM = doubtOf(spot);
  const shares = sharesOf(land, spot, Math.min(Math.max(claimedM, outlineErrorM), mostRadiusM));
  const neighbours = (own) => shares.map(({ unit }) => unit).filter(({ code }) => code !== own.code);
  if (!communeAt(land, spot)) {
    const nearest = nearestTo(land, spot);
    return nearest ? { certainty: 'near_outside', unit: nearest, others: neighbours(nearest) }
      : { certainty: 'outside', unit: null, others: [] };
  }
  const [{ unit, share }] = shares;
  const isClear = share >= leastClearShare && claimedM <= mostRadiusM;
  return { certainty: isClear ? 'clear' : 'straddling', unit, others: neighbours(unit) };
}
