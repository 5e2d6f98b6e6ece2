// Leaflet with our own land under it: loaded only when somebody opens a map that moves.

import { circle, circleMarker, control, divIcon, geoJSON, latLngBounds, map as makeLeaflet, marker, tileLayer } from 'leaflet/dist/leaflet-src.esm.js';

export { circle, circleMarker, divIcon, marker };

let styling = null;

/** Loads Leaflet's styles once, from the address that the template gives. */
function loadStyles(address) {
  if (!styling) {
    styling = new Promise((resolve, reject) => {
      if (document.querySelector(`link[href="${address}"]`)) { resolve(); return; }
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = address;
      link.onload = resolve;
      link.onerror = () => { styling = null; reject(new Error('no styles')); };
      document.head.append(link);
    });
  }
  return styling;
}

function drawUnits(map, land) {
  geoJSON(land.units, {
    interactive: false,
    style: { className: 'l-land' },
  }).addTo(map);
}

function drawLines(map, land) {
  const railways = { type: 'FeatureCollection', features: land.lines.features.filter(({ properties }) => properties.kind === 'railway') };
  const roads = { type: 'FeatureCollection', features: land.lines.features.filter(({ properties }) => properties.kind !== 'railway') };
  const layers = [[roads, 'l-casing'], [roads, 'l-road'], [railways, 'l-rail'], [railways, 'l-tie']];
  for (const [features, className] of layers) {
    geoJSON(features, { interactive: false, style: { className } }).addTo(map);
  }
}

// Names lie under the pins; Leaflet's own panes of lines and of markers are 400 and 600.
const namesPane = { name: 'name', zIndex: 450 };

function overlaps(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

// Where a name may stand when a pin lies on the middle of its land: beside it, a pin's height off.
const nameShiftsPx = [0, 32, -32];

function shifted(box, byPx) {
  return { left: box.left, right: box.right, top: box.top + byPx, bottom: box.bottom + byPx };
}

// Of two names that would lie on each other the larger land's stays; none lies under a pin.
function thinOut(names, pins) {
  const taken = pins.map((pin) => pin.getBoundingClientRect());
  for (const name of names) {
    name.style.top = '0';
    const middle = name.getBoundingClientRect();
    const shift = nameShiftsPx.find((byPx) => !taken.some((other) => overlaps(shifted(middle, byPx), other)));
    name.classList.toggle('l-name-hidden', shift === undefined);
    if (shift !== undefined) {
      name.style.top = `${shift}px`;
      taken.push(shifted(middle, shift));
    }
  }
}

function sizeOf(bounds) {
  return (bounds.getNorth() - bounds.getSouth()) * (bounds.getEast() - bounds.getWest());
}

function nameUnits(map, land) {
  map.createPane(namesPane.name).style.zIndex = namesPane.zIndex;
  const units = land.units.features.map((feature) => ({ name: feature.properties.name, bounds: geoJSON(feature).getBounds() }))
    .sort((one, other) => sizeOf(other.bounds) - sizeOf(one.bounds));
  const names = units.map((unit) => {
    const name = document.createElement('span');
    name.textContent = unit.name;
    const icon = divIcon({ className: 'l-name', html: name, iconSize: [0, 0] });
    // The middle of the land's box is good enough for a name.
    marker(unit.bounds.getCenter(), { icon, pane: namesPane.name, interactive: false, keyboard: false }).addTo(map);
    return name;
  });
  map.on('zoomend viewreset', () => thinOut(names, []));
  return (pins = []) => thinOut(names, pins);
}

/** The bounds of the commune with that code, or null where the land has none. */
export function boundsOf(land, code) {
  const unit = land.units.features.find(({ properties }) => properties.code === code);
  return unit ? geoJSON(unit).getBounds() : null;
}

/**
 * A Leaflet map in `container`, limited to the district and its surroundings.
 *
 * The container's data-leaflet-css, data-tile-url and data-tile-attribution come from the
 * template; with no tile address our own outlines are the whole map.
 */
export async function makeMap(container, land, options = {}) {
  await loadStyles(container.dataset.leafletCss);
  const { tileUrl, tileAttribution } = container.dataset;
  const district = geoJSON(land.units).getBounds();
  // An overview of more than the district would have to draw the sea's islands (product.md).
  const limits = latLngBounds(district.getSouthWest(), district.getNorthEast()).pad(0.35);
  const map = makeLeaflet(container, {
    maxBounds: limits, maxBoundsViscosity: 0.9, minZoom: 9, maxZoom: 18, zoomSnap: 0.25, attributionControl: Boolean(tileUrl), ...options,
  });
  drawUnits(map, land);
  if (tileUrl) {
    tileLayer(tileUrl, { maxZoom: 18, attribution: tileAttribution || '' }).addTo(map);
    container.classList.add('has-tiles');
  } else {
    drawLines(map, land);
  }
  map.thinOutNames = nameUnits(map, land);
  map.district = district;
  control.scale({ imperial: false }).addTo(map);
  return map;
}
