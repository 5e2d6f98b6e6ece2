// The map on which a resident moves the pin: by dragging, by touching, or by four step buttons.

import { circle, circleMarker, divIcon, makeMap, marker } from './leaflet-land.js';

// With a map under it one sees houses; our own outlines need a wider view to show a road at all.
const closeZoom = { tiles: 17, outlines: 14 };
const districtZoom = 11;
// One step of the buttons: the width of a road with its pavements.
const stepM = 10;
const metresPerDegree = 111195;

const drawing = '<svg viewBox="0 0 34 42" aria-hidden="true"><path d="M17 41S2 27 2 17a15 15 0 0 1 30 0c0 10-15 24-15 24z"/><circle class="dot" cx="17" cy="17" r="5.5"/></svg>';

function stepped({ lat, lng }, direction) {
  const north = { up: 1, down: -1 }[direction] || 0;
  const east = { right: 1, left: -1 }[direction] || 0;
  const stretch = Math.cos((lat * Math.PI) / 180);
  return [lat + (north * stepM) / metresPerDegree, lng + (east * stepM) / (metresPerDegree * stretch)];
}

// Where the phone believes to be: a dot, and the circle in which it may lie.
function drawFix(map, fix) {
  const at = [fix.latitude, fix.longitude];
  circle(at, { radius: fix.accuracy_m, className: 'l-fix', interactive: false }).addTo(map);
  circleMarker(at, { radius: 6, className: 'l-fix l-fix-dot', interactive: false }).addTo(map);
}

/**
 * Opens the map in `container`.
 *
 * Args: `spot` is where the pin begins, null for the district's middle; `buttons` are elements
 * with data-step up, down, left or right; `fix` is where the phone believes to be, or null;
 * `onMove({latitude, longitude})` hears of every move.
 * Resolves once the map can be used.
 */
export async function openPinMap(container, land, spot, { label, buttons, fix, onMove }) {
  const map = await makeMap(container, land);
  const icon = divIcon({ className: 'pin pin-here', html: drawing, iconSize: [48, 48], iconAnchor: [24, 42] });
  const start = spot ? [spot.latitude, spot.longitude] : map.district.getCenter();
  const close = container.dataset.tileUrl ? closeZoom.tiles : closeZoom.outlines;
  map.setView(start, spot ? close : districtZoom);
  map.thinOutNames();
  if (fix) drawFix(map, fix);
  const pin = marker(start, { icon, draggable: true, autoPan: true, title: label, alt: label }).addTo(map);

  const tell = () => {
    const { lat, lng } = pin.getLatLng();
    onMove({ latitude: lat, longitude: lng });
  };
  pin.on('dragend', tell);
  map.on('click', ({ latlng }) => { pin.setLatLng(latlng); tell(); });
  buttons.forEach((button) => button.addEventListener('click', () => {
    pin.setLatLng(stepped(pin.getLatLng(), button.dataset.step));
    map.panTo(pin.getLatLng());
    tell();
  }));
}
