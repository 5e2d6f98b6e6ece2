// Pins of cases on Leaflet: a shape and a colour by status, a number where many stand close.

import { divIcon, makeMap, marker } from './leaflet-land.js';
import { say } from './strings.js';

// Two pins nearer than this cannot be touched apart: a thumb covers 48 px.
const clusterPx = 44;
// From here on everything stands alone, however close: there is nothing more to zoom into.
const aloneZoom = 17;

// Where a drawing of 34 × 42, set in the middle of a target of 48 × 48, touches the ground.
const tip = [24, 42];

const body = '<path d="M17 41S2 27 2 17a15 15 0 0 1 30 0c0 10-15 24-15 24z"/>';
const marks = {
  new: '<circle class="mark" cx="17" cy="17" r="6"/>',
  ack: '<circle class="mark" cx="17" cy="17" r="6.5"/><circle class="dot" cx="17" cy="17" r="3"/>',
  doing: '<circle class="mark" cx="17" cy="17" r="6.5"/><path class="dot" d="M17 10.5a6.5 6.5 0 0 1 0 13z"/>',
  late: '<path class="mark" d="M17 9.5v9M17 24h.01"/>',
  wait: '<path class="mark" d="M17 24V11M11.5 16L17 10.5l5.5 5.5"/>',
  done: '<path class="mark" d="M10.5 17.5l4.5 4.5 8.5-9"/>',
  refused: '<path class="mark" d="M11 17h12"/>',
};

function pinIcon(kind, isChosen) {
  const html = `<svg viewBox="0 0 34 42" aria-hidden="true">${body}${marks[kind]}</svg>`;
  return divIcon({ className: `pin pin-${kind}${isChosen ? ' pin-chosen' : ''}`, html, iconSize: [48, 48], iconAnchor: tip });
}

function clusterIcon(count) {
  return divIcon({ className: 'pin pin-cluster', html: String(count), iconSize: [40, 40] });
}

/** Lets a pin act on a touch and on Enter; Leaflet gives it the focus, but no key. */
function pressed(pin, act) {
  return pin.on('click', act).on('keypress', ({ originalEvent }) => {
    if (originalEvent.key === 'Enter') act();
  });
}

/** Groups of cases that stand within a thumb of each other at the map's zoom. */
function grouped(map, cases) {
  const isAlone = map.getZoom() >= aloneZoom;
  const groups = [];
  for (const one of cases) {
    const at = map.project([one.latitude, one.longitude]);
    const near = !isAlone && groups.find((group) => group.at.distanceTo(at) < clusterPx);
    if (near) near.cases.push(one); else groups.push({ at, cases: [one] });
  }
  return groups;
}

/**
 * Puts a map with pins into `container`.
 *
 * Args: `onChoose(number)` hears of a touched pin; `kindOf` and `wordsOf` say how a case looks;
 * `around` are points that the map begins with, the whole district when there are none.
 * Returns `{draw(cases), mark(number), refresh(), fit()}`.
 */
export async function makePins(container, land, { onChoose, kindOf, wordsOf, around = [] }) {
  const map = await makeMap(container, land);
  const fit = () => {
    if (around.length) map.fitBounds(around, { padding: [64, 64], maxZoom: aloneZoom - 3 });
    else map.fitBounds(map.district, { padding: [16, 16] });
  };
  fit();
  map.thinOutNames();
  let drawn = [];
  let cases = [];
  let chosen = null;

  function pinOf(one) {
    const isChosen = one.number === chosen;
    const words = say('pin', { category: one.category_name, place: one.place, status: wordsOf(one) });
    const pin = marker([one.latitude, one.longitude], {
      icon: pinIcon(kindOf(one), isChosen), title: words, alt: words, zIndexOffset: isChosen ? 1000 : 0,
    });
    pin.number = one.number;
    return pressed(pin, () => onChoose(one.number));
  }

  function clusterOf(group) {
    const points = group.cases.map((one) => [one.latitude, one.longitude]);
    const words = say('cluster', { count: points.length });
    const pin = marker(points[0], { icon: clusterIcon(points.length), title: words, alt: words });
    return pressed(pin, () => map.flyToBounds(points, { maxZoom: aloneZoom, padding: [48, 48], duration: 0.4 }));
  }

  function redraw() {
    drawn.forEach((one) => one.remove());
    drawn = grouped(map, cases).map((group) => (group.cases.length === 1 ? pinOf(group.cases[0]) : clusterOf(group)));
    drawn.forEach((one) => one.addTo(map));
    map.thinOutNames(drawn.map((one) => one.getElement()));
  }

  map.on('zoomend', redraw);
  return {
    draw(shown) { cases = shown; redraw(); },
    /** Draws the pin of one case larger and keeps it in sight above the sheet. */
    mark(number) {
      chosen = number;
      const isFocused = container.contains(document.activeElement);
      redraw();
      // The pins were drawn anew: whoever came by keyboard stays where they were.
      const pin = isFocused && drawn.find((each) => each.number === number);
      if (pin) pin.getElement().focus();
      map.invalidateSize();
      const one = cases.find((each) => each.number === number);
      if (one) map.panInside([one.latitude, one.longitude], { paddingTopLeft: [48, 72], paddingBottomRight: [48, 40] });
    },
    refresh() { map.invalidateSize(); },
    /** Shows again what the map began with; what was opened while hidden had no size for it. */
    fit,
  };
}
