// Asks what was reported near a position: quietly, once things rest, and never twice for the same.

import { metresBetween } from './distance.js';
import { vagueAccuracyM } from './position.js';

// A phone that settles tells several positions in a second or two; the last one is asked about.
const quietMs = 500;
// Nearer than this the answer would be the same: public points lie some 20 m apart.
const sameSpotM = 10;
// Longer than this nobody waits for a hint; the form never does.
const patienceMs = 8000;

function isSameSpot(one, other) {
  return metresBetween(one, other) < sameSpotM
    // A fix twice as exact looks in half the space.
    && (one.accuracy_m || 0) >= (other.accuracy_m || 0) / 2;
}

/** Whether a position names a spot at all: around a vague one "near by" would be a guess. */
function isWorthAsking(spot) {
  return spot && navigator.onLine && !(spot.source === 'fix' && spot.accuracy_m > vagueAccuracyM);
}

/**
 * Asks `address` about each new spot.
 *
 * Args: `category()` gives the chosen one or null; `onCases(cases)` hears of every answer. With no
 * network, or when the server will not answer, it hears nothing.
 * Returns `look(spot)`; null takes the question back.
 */
export function makeNearby(address, { category, onCases }) {
  let timer = null;
  let asked = null; // the spot of the newest question
  let running = null;

  async function ask(spot) {
    const question = new AbortController();
    const { signal } = question;
    const late = setTimeout(() => question.abort(), patienceMs);
    running = question;
    try {
      const answer = await fetch(address, {
        method: 'POST',
        signal,
        headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
        body: JSON.stringify({
          latitude: spot.latitude, longitude: spot.longitude, accuracy_m: spot.accuracy_m, category: category(),
        }),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const { cases } = await answer.json();
      if (!signal.aborted) onCases(cases);
    } catch (error) {
      if (asked === spot) asked = null; // the same spot may be asked about again
    }
    clearTimeout(late);
  }

  function stop() {
    clearTimeout(timer);
    if (running) running.abort();
    running = null;
  }

  return function look(spot) {
    if (!isWorthAsking(spot)) { stop(); asked = null; return; }
    if (asked && isSameSpot(spot, asked)) return;
    stop();
    asked = { ...spot };
    timer = setTimeout(() => ask(asked), quietMs);
  };
}
