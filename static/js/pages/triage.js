// The triage desk: a map to set the position on, the commune it falls in, and single keys.

import { communeAt, loadLand } from '../lib/land.js';
import { focusOn, onKey } from '../lib/shortcuts.js';

const closeZoom = 14; // About three kilometres across: our own outlines are sparse.
const decimals = 5; // About a metre.

const drawing = '<svg viewBox="0 0 34 42" aria-hidden="true"><path d="M17 41S2 27 2 17a15 15 0 0 1 30 0c0 10-15 24-15 24z"/><circle class="dot" cx="17" cy="17" r="5.5"/></svg>';
const typed = /^\s*([-+]?\d{1,3}(?:[.,]\d+)?)\s*[;,\s]\s*([-+]?\d{1,3}(?:[.,]\d+)?)\s*$/;

export function begin() {
  beginKeys();
  const box = document.querySelector('[data-deskmap]');
  if (box) beginPlacing(box, document.querySelector('#position'));
}

function beginKeys() {
  const links = [...document.querySelectorAll('[data-row] h2 a')];
  onKey('j', () => step(links, 1));
  onKey('k', () => step(links, -1));
  onKey('l', () => focusOn(document.querySelector('#category')));
  onKey('d', () => focusOn(document.querySelector('#unit')));
  onKey('x', () => focusOn(document.querySelector('#go')));
  onKey('r', () => focusOn(document.querySelector('#retry')));
}

/** Goes to the next held report; at the list's end nothing happens. */
function step(links, by) {
  const row = document.activeElement.closest('[data-row]');
  const at = links.findIndex((link) => (row ? row.contains(link) : link.getAttribute('aria-current')));
  return focusOn(links[row ? at + by : Math.max(at, 0)]);
}

async function beginPlacing(box, field) {
  try {
    const land = await loadLand(box.dataset.land);
    const say = communeTeller(land);
    field.addEventListener('input', () => say(spotIn(field)));
    say(spotIn(field));
    await openMap(box, field, land, say);
  } catch (error) {
    box.hidden = false;
    box.classList.add('failed');
    box.textContent = box.dataset.failed;
  }
}

/** The position that is typed in `field`, or null. */
function spotIn(field) {
  const found = typed.exec(field.value);
  if (!found) return null;
  const [latitude, longitude] = found.slice(1).map((part) => Number(part.replace(',', '.')));
  return { latitude, longitude };
}

function communeTeller(land) {
  const line = document.querySelector('[data-commune]');
  return (spot) => {
    const commune = spot && communeAt(land, spot);
    if (!spot) line.textContent = '';
    else line.textContent = commune ? line.dataset.words.replace('{name}', commune.full_name) : line.dataset.outside;
    line.classList.toggle('late', Boolean(spot) && !commune);
  };
}

async function openMap(box, field, land, say) {
  const { boundsOf, divIcon, makeMap, marker } = await import('../lib/leaflet-land.js');
  box.hidden = false;
  document.querySelector('[data-maphint]').hidden = false;
  const map = await makeMap(box, land);
  const icon = divIcon({ className: 'pin pin-here', html: drawing, iconSize: [34, 42], iconAnchor: [17, 41] });
  let pin = null;

  const show = ({ latitude, longitude }) => {
    if (pin) { pin.setLatLng([latitude, longitude]); return; }
    pin = marker([latitude, longitude], { icon, draggable: true, autoPan: true, title: box.dataset.label, alt: box.dataset.label }).addTo(map);
    pin.on('dragend', () => take(pin.getLatLng()));
  };
  const take = ({ lat, lng }) => {
    const spot = { latitude: lat, longitude: lng };
    field.value = `${lat.toFixed(decimals)}, ${lng.toFixed(decimals)}`;
    show(spot);
    say(spot);
  };

  // Close up, a spot at sea shows nothing to find one's way by; the whole district does.
  const look = (spot) => {
    if (spot) show(spot);
    if (spot && communeAt(land, spot)) map.setView([spot.latitude, spot.longitude], closeZoom);
    else map.fitBounds((!spot && boundsOf(land, box.dataset.named)) || map.district);
  };

  look(spotIn(field));
  map.on('click', ({ latlng }) => take(latlng));
  field.addEventListener('change', () => look(spotIn(field)));
}
