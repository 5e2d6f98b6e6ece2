// A small still map around a spot, drawn from our own outlines: no map library, no tile server.

import { makeSvg } from './dom.js';
import { communeAt, polygonsOf } from './land.js';

const width = 328;
const height = 150;
// About four kilometres across: the next road or the commune's edge is usually in sight.
const metresPerPx = 12;
const metresPerDegree = 111195;
const scaleBarM = 500;

function sheetAround(spot) {
  const stretch = Math.cos((spot.latitude * Math.PI) / 180);
  return ([longitude, latitude]) => [
    width / 2 + ((longitude - spot.longitude) * stretch * metresPerDegree) / metresPerPx,
    height / 2 - ((latitude - spot.latitude) * metresPerDegree) / metresPerPx,
  ];
}

function pathOf(points, place, isClosed) {
  const steps = points.map(place).map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`);
  return `M${steps.join('L')}${isClosed ? 'z' : ''}`;
}

function landPath(geometry, place) {
  return polygonsOf(geometry).map((rings) => rings.map((ring) => pathOf(ring, place, true)).join('')).join('');
}

function linePath(geometry, place) {
  const lines = geometry.type === 'LineString' ? [geometry.coordinates] : geometry.coordinates;
  return lines.map((line) => pathOf(line, place, false)).join('');
}

function drawLine({ properties, geometry }, place) {
  const d = linePath(geometry, place);
  if (properties.kind === 'railway') {
    return [makeSvg('path', { class: 'g-rail', d }), makeSvg('path', { class: 'g-tie', d })];
  }
  return [makeSvg('path', { class: 'm-case', 'stroke-width': 9, d }), makeSvg('path', { class: 'm-road', 'stroke-width': 6, d })];
}

function pin(accuracyM) {
  const halo = Math.max(14, Math.min(70, (accuracyM || 0) / metresPerPx));
  const x = width / 2;
  const y = height / 2;
  return [
    makeSvg('circle', { class: 'm-halo', cx: x, cy: y, r: halo }),
    makeSvg('path', { class: 'm-pin', d: `M${x} ${y}s-17-17-17-29a17 17 0 0 1 34 0c0 12-17 29-17 29z` }),
    makeSvg('circle', { class: 'm-pin-dot', cx: x, cy: y - 29, r: 6 }),
  ];
}

function scaleBar(words) {
  const length = scaleBarM / metresPerPx;
  return [
    makeSvg('path', { class: 'm-scale', d: `M12 ${height - 16}v6h${length}v-6` }),
    makeSvg('text', { class: 'm-text', x: 18 + length, y: height - 9 }, words),
  ];
}

// Names stand where their commune is widest in sight: the middle of the points of a grid on its land.
const gridPx = 14;
const nameHeight = 18;

function spotAt(spot, x, y) {
  const stretch = Math.cos((spot.latitude * Math.PI) / 180);
  return {
    latitude: spot.latitude - ((y - height / 2) * metresPerPx) / metresPerDegree,
    longitude: spot.longitude + ((x - width / 2) * metresPerPx) / (stretch * metresPerDegree),
  };
}

function inSight(land, spot) {
  const found = new Map();
  for (let x = gridPx; x < width; x += gridPx) {
    for (let y = nameHeight; y < height - nameHeight; y += gridPx) {
      const unit = communeAt(land, spotAt(spot, x, y));
      if (unit) found.set(unit, [...(found.get(unit) || []), [x, y]]);
    }
  }
  return found;
}

function middleOf(points) {
  const [x, y] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const awayFrom = ([px, py]) => Math.hypot(px - x, py - y);
  return points.reduce((best, point) => (awayFrom(point) < awayFrom(best) ? point : best));
}

// A name keeps clear of the edges, of the pin, and of names that stand already.
function nameAt(points, words, taken) {
  const half = words.length * 3.6;
  const isFree = ([x, y]) => x > half + 4 && x < width - half - 4
    && (Math.abs(x - width / 2) > half + 20 || y < height / 2 - 56 || y > height / 2 + nameHeight)
    && taken.every((other) => Math.abs(y - other.y) > nameHeight || Math.abs(x - other.x) > half + other.half);
  const free = points.filter(isFree);
  if (!free.length) return null;
  const [x, y] = middleOf(free);
  return { x, y, half, words };
}

function names(land, spot) {
  const found = [...inSight(land, spot)].sort((one, other) => other[1].length - one[1].length);
  const placed = found.reduce((taken, [unit, points]) => {
    const name = nameAt(points, unit.full_name, taken);
    return name ? [...taken, name] : taken;
  }, []);
  return placed.map(({ x, y, words }) => makeSvg('text', { class: 'm-text m-commune', x, y }, words));
}

/** An SVG picture of `spot` (`{latitude, longitude, accuracy_m}`) named `label` for readers. */
export function sketchOf(land, spot, label, scaleWords) {
  const place = sheetAround(spot);
  const lands = land.units.features.map(({ geometry }) => makeSvg('path', { class: 'm-land m-border', d: landPath(geometry, place) }));
  const lines = land.lines.features.map((line) => drawLine(line, place));
  return makeSvg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    makeSvg('path', { class: 'm-far', d: `M0 0h${width}v${height}H0z` }),
    ...lands, ...[].concat(...lines), ...names(land, spot), ...scaleBar(scaleWords), ...pin(spot.accuracy_m));
}
