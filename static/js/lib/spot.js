// "Where?" on the report form: what is known of the place, in words and as a small map.

import { makeDestination } from './destination.js';
import { metresInWords, tensOfMetres } from './distance.js';
import { part, show } from './dom.js';
import { communeAt, lineNear, loadLand } from './land.js';
import { isFixLate, isFixSettled, likelyPosition, locate, permission, vagueAccuracyM } from './position.js';
import { sketchOf } from './sketch.js';
import { say } from './strings.js';

// Beyond this a road's name no longer helps anybody to find the spot.
const besideRoadM = 800;

function addressOf(land, commune, spot) {
  const road = lineNear(land, spot, besideRoadM);
  if (!road) return commune.full_name;
  // Nearer than the phone can tell, a number of metres would be invented. A vague fix proves nothing.
  const doubtM = spot.accuracy_m <= vagueAccuracyM ? spot.accuracy_m : 0;
  const isOnRoad = road.metres <= Math.max(road.half_width_m || 0, doubtM || 0);
  return say(isOnRoad ? 'address_on' : 'address', {
    road: road.name, distance: tensOfMetres(road.metres), commune: commune.full_name,
  });
}

function sourceInWords(spot) {
  if (spot.source === 'pin') return say('by_pin');
  if (spot.source === 'exif') return say('by_photo');
  return say('accuracy', { distance: metresInWords(spot.accuracy_m) });
}

/**
 * The part of the form in `section` that settles the place.
 *
 * Args: `draft()`, `photos()` and `category()` give what is known; `onChange(facts)` keeps `{fix}` or
 * `{pin}`; `onSpot(spot)` hears of the place whenever it is drawn, null while there is none.
 */
export function makeSpot(section, { draft, photos, category, onChange, onSpot }) {
  const find = (name) => part(name, section);
  const landAddress = section.dataset.land;
  let isPinMapOpen = false;
  let isLocating = false;
  let problem = null; // "denied" or "unavailable" after a failed try
  let drawings = 0; // how often the place was drawn: reading the land takes a while

  const land = () => loadLand(landAddress).catch(() => null);

  async function draw() {
    drawings += 1;
    const spot = likelyPosition(draft(), photos());
    onSpot(spot);
    destination.look(spot);
    const isLate = !spot && photos().length > 0 && isFixLate(draft(), photos());
    show(find('located'), Boolean(spot));
    show(find('unlocated'), !spot);
    show(find('unlocated-commune'), !spot);
    show(find('unlocated-seen'), Boolean(draft().seen) && !isLocating);
    show(find('locating'), isLocating && !spot);
    show(find('late-fix'), isLate);
    show(find('ask-location'), !spot && !isLocating && !isLate && problem !== 'denied');
    show(find('denied'), !spot && problem === 'denied');
    show(find('unavailable'), !spot && problem === 'unavailable');
    find('move-words').textContent = say(spot ? 'move_pin' : 'set_pin');
    if (spot) await drawSpot(spot);
    else show(find('card'), isPinMapOpen);
  }

  async function drawSpot(spot) {
    show(find('card'), true);
    find('accuracy').textContent = sourceInWords(spot);
    const isVague = spot.source === 'fix' && spot.accuracy_m > vagueAccuracyM;
    show(find('vague'), isVague);
    const drawing = drawings;
    const known = await land();
    if (drawing !== drawings) return; // drawn again meanwhile, of a newer place or of none
    if (!known) { drawWithoutLand(spot); return; }
    const commune = communeAt(known, spot);
    find('address').textContent = commune ? addressOf(known, commune, spot) : say('outside');
    onChange({ place_words: find('address').textContent });
    destination.draw(known, spot);
    if (!isPinMapOpen) find('sketch').replaceChildren(sketchOf(known, spot, say('sketch_label', { place: find('address').textContent }), say('scale')));
    show(find('sketch'), !isPinMapOpen);
  }

  function drawWithoutLand(spot) {
    find('address').textContent = draft().place_words || say('located_offline');
    destination.draw(null, spot);
    show(find('sketch'), false);
  }

  async function askWhere() {
    if (isLocating) return;
    isLocating = true;
    problem = null;
    draw();
    try {
      await locate((fix) => { onChange({ fix, place_words: null }); draw(); });
    } catch (error) {
      problem = error.message;
    }
    isLocating = false;
    draw();
  }

  // Neither is an answer, but a better place to begin the search than the district's middle. The
  // case that is named says nothing of the resident until they move the pin themselves.
  function searchStart() {
    const { seen, fix } = draft();
    return seen && seen.latitude !== undefined ? seen : fix;
  }

  async function openPin() {
    const known = await land();
    if (!known) { show(find('no-map'), true); return; }
    show(find('no-map'), false);
    show(find('card'), true);
    show(find('sketch'), false);
    show(find('live-part'), true);
    if (isPinMapOpen) return;
    const live = find('live');
    const { openPinMap } = await import('./pin-map.js');
    await openPinMap(live, known, likelyPosition(draft(), photos()) || searchStart(), {
      label: say('pin_label'),
      fix: draft().fix,
      buttons: Array.from(section.querySelectorAll('[data-step]')),
      onMove(pin) { onChange({ pin, place_words: null }); draw(); },
    });
    isPinMapOpen = true;
    show(find('steps'), true);
    show(find('move'), false);
    live.focus();
  }

  const openPinSafely = () => openPin().catch(() => show(find('no-map'), true));
  find('move').addEventListener('click', openPinSafely);
  const destination = makeDestination(section, { draft, category, onChange, onMove: openPinSafely });
  section.querySelectorAll('[data-locate]').forEach((button) => button.addEventListener('click', () => {
    onChange({ pin: null, place_words: null });
    askWhere();
  }));

  return {
    draw,
    categoryChosen: destination.categoryChosen,
    /** Whether anything says where the trouble is: a place, or the commune named in words. */
    isNamed: () => Boolean(likelyPosition(draft(), photos()) || draft().commune_hint),
    /**
     * Asks the phone after the first photo, or once a case is named, which needs no photo; and
     * again only while nothing better is known.
     */
    async askAtFittingMoment() {
      const state = await permission();
      if (state === 'denied') { problem = 'denied'; draw(); return; }
      // A report that waits was made where it was made; by now the phone may be at home.
      const isWaiting = Boolean(draft().attempted_at && draft().fix);
      const isKnown = draft().pin || isWaiting || isFixSettled(draft(), photos());
      const isMoment = photos().length > 0 || Boolean(draft().seen) || state === 'granted';
      const isDue = !isKnown && isMoment;
      if (isDue) askWhere(); else draw();
    },
  };
}
