// The register of crossings: the map beside its list, and the map of its form.

import { make, part, show } from '../lib/dom.js';
import { metresInWords } from '../lib/distance.js';
import { communeAt, loadLand } from '../lib/land.js';
import { focusOn } from '../lib/shortcuts.js';
import { say } from '../lib/strings.js';

const decimals = 6; // About a tenth of a metre; more says nothing.
// How a state looks as a pin: the drawings are those of a case's status.
const kinds = { open: 'late', restricted: 'doing', closed: 'done' };
const fixTimeoutMs = 20000;

export function begin() {
  const faces = part('faces');
  if (faces) beginFaces(faces);
  const box = part('place-map');
  if (box) beginPlacing(box);
  focusOn(document.querySelector('[aria-invalid="true"]') || document.querySelector('#what-happened'));
}

// ── List or map ────────────────────────────────────────────────────────────────────────────

function beginFaces(faces) {
  show(faces, true);
  const buttons = Array.from(faces.querySelectorAll('[data-face]'));
  const turn = (face) => {
    buttons.forEach((one) => one.setAttribute('aria-pressed', String(one.dataset.face === face)));
    show(part('map-part'), face === 'map');
    show(part('list'), face === 'list');
    keepFace(faces, face);
    if (face === 'map') openMap(part('map'), turn);
  };
  buttons.forEach((one) => one.addEventListener('click', () => turn(one.dataset.face)));
  if (window.location.hash === '#map') turn('map');
}

/** The address says which face is shown, and so do the ways from here to another filter. */
function keepFace(faces, face) {
  const hash = face === 'map' ? '#map' : '';
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search + hash);
  const form = faces.closest('form');
  form.action = form.action.replace(/#.*$/, '') + hash;
  for (const link of document.querySelectorAll('[data-keeps-face] a')) link.hash = hash;
}

let opening = null;

/** Loads the map at its first showing; the list comes back when it cannot be had. */
function openMap(box, turn) {
  show(part('map-failed'), false);
  opening = opening || drawPins(box);
  // Whatever was drawn while the map was hidden had no size to fit into.
  opening.then((pins) => { pins.refresh(); pins.fit(); }).catch(() => {
    opening = null;
    show(part('map-failed'), true);
    turn('list');
  });
}

async function drawPins(box) {
  const [land, found, { makePins }] = await Promise.all([
    loadLand(box.dataset.land), read(box.dataset.pins), import('../lib/case-pins.js'),
  ]);
  const crossings = found.crossings.map(asPin);
  const pins = await makePins(box, land, {
    around: crossings.map((one) => [one.latitude, one.longitude]),
    kindOf: (one) => kinds[one.state],
    wordsOf: (one) => one.state_name,
    onChoose: (number) => {
      pins.mark(number);
      tell(crossings.find((one) => one.number === number));
    },
  });
  pins.draw(crossings);
  if (!crossings.length) part('chosen').textContent = say('none');
  tellLeftOut(crossings.length, found.left_out);
  return pins;
}

function tellLeftOut(shown, count) {
  const [shownInWords, countInWords] = [shown, count].map((one) => one.toLocaleString(document.documentElement.lang || 'vi'));
  part('left-out').textContent = say('left_out', { shown: shownInWords, count: countInWords });
  show(part('left-out'), count > 0);
}

async function read(address) {
  const answer = await fetch(address, { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

function asPin(one) {
  const name = one.name ? `${one.code}: ${one.name}` : one.code;
  const place = [one.line, one.kilometre].filter(Boolean).join(' ');
  return { ...one, number: one.id, category_name: name, place };
}

function tell(one) {
  const link = make('a', { href: one.address }, one.category_name);
  const measures = one.measures || say('no_measures');
  const words = say('chosen', { place: one.place, status: one.state_name, measures });
  part('chosen').replaceChildren(make('b', {}, link), ` · ${words}`);
}

// ── The form ───────────────────────────────────────────────────────────────────────────────

async function beginPlacing(box) {
  const fields = ['latitude', 'longitude'].map((name) => document.querySelector(`input[name="${name}"]`));
  const spot = () => spotIn(fields);
  beginHere(fields);
  try {
    const land = await loadLand(box.dataset.land);
    const tellCommune = communeTeller(land, spot);
    fields.forEach((field) => field.addEventListener('input', tellCommune));
    await openPlaceMap(box, fields, land, spot);
    show(part('place-hint'), true);
    tellCommune();
  } catch (error) {
    show(box, true);
    box.classList.add('failed');
    box.textContent = box.dataset.failed;
  }
}

/** The position that is typed in two fields, or null. */
function spotIn(fields) {
  const [latitude, longitude] = fields.map((field) => Number(field.value.trim().replace(',', '.') || NaN));
  const isOnEarth = Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
  return isOnEarth ? { latitude, longitude } : null;
}

function write(fields, { latitude, longitude }) {
  [latitude, longitude].forEach((value, at) => {
    fields[at].value = value.toFixed(decimals);
    fields[at].dispatchEvent(new Event('input', { bubbles: true }));
  });
}

function communeTeller(land, spot) {
  const line = part('place-commune');
  return () => {
    const at = spot();
    const commune = at && communeAt(land, at);
    if (!at) line.textContent = '';
    else line.textContent = commune ? line.dataset.words.replace('{name}', commune.full_name) : line.dataset.outside;
    line.classList.toggle('late', Boolean(at) && !commune);
  };
}

const drawing = '<svg viewBox="0 0 34 42" aria-hidden="true"><path d="M17 41S2 27 2 17a15 15 0 0 1 30 0c0 10-15 24-15 24z"/><circle class="dot" cx="17" cy="17" r="5.5"/></svg>';
// With a map under it one sees houses; our own outlines need a wider view to show a line at all.
const closeZoom = { tiles: 17, outlines: 14 };

async function openPlaceMap(box, fields, land, spot) {
  const { divIcon, makeMap, marker } = await import('../lib/leaflet-land.js');
  show(box, true);
  const map = await makeMap(box, land);
  const icon = divIcon({ className: 'pin pin-here', html: drawing, iconSize: [48, 48], iconAnchor: [24, 42] });
  let pin = null;
  const put = (at) => {
    const point = [at.latitude, at.longitude];
    if (pin) { pin.setLatLng(point); return; }
    pin = marker(point, { icon, draggable: true, autoPan: true, title: box.dataset.label, alt: box.dataset.label }).addTo(map);
    pin.on('dragend', () => take(pin.getLatLng()));
  };
  const take = ({ lat, lng }) => write(fields, { latitude: lat, longitude: lng });
  const look = (at) => {
    if (at && communeAt(land, at)) map.setView([at.latitude, at.longitude], closeZoom[box.dataset.tileUrl ? 'tiles' : 'outlines']);
    else map.fitBounds(map.district);
  };
  const follow = () => { const at = spot(); if (at) put(at); };
  look(spot());
  follow();
  map.thinOutNames();
  map.on('click', ({ latlng }) => take(latlng));
  fields.forEach((field) => {
    field.addEventListener('input', follow);
    field.addEventListener('change', () => look(spot()));
  });
}

function beginHere(fields) {
  const button = part('here');
  const words = part('here-words');
  if (!navigator.geolocation) return;
  show(button, true);
  button.addEventListener('click', () => {
    button.setAttribute('aria-busy', 'true');
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      button.removeAttribute('aria-busy');
      words.textContent = `± ${metresInWords(coords.accuracy)}`;
      write(fields, coords);
      fields[0].dispatchEvent(new Event('change', { bubbles: true }));
    }, () => {
      button.removeAttribute('aria-busy');
      words.textContent = button.dataset.none;
    }, { enableHighAccuracy: true, timeout: fixTimeoutMs, maximumAge: 0 });
  });
}
