// Asks what was reported near a position.

import { metresBetween } from './distance.js';
import { vagueAccuracyM } from './position.js';
import { makeSpotQuestion } from './spot-question.js';

// Nearer than this the answer would be the same: public points lie some 20 m apart.
const sameSpotM = 10;

function isSameSpot(one, other) {
  return metresBetween(one, other) < sameSpotM
    // A fix twice as exact looks in half the space.
    && (one.accuracy_m || 0) >= (other.accuracy_m || 0) / 2;
}

/** Whether a position names a spot at all: around a vague one "near by" would be a guess. */
function isWorthAsking(spot) {
  return spot && !(spot.source === 'fix' && spot.accuracy_m > vagueAccuracyM);
}

/**
 * Asks `address` about each new spot; `onCases(cases)` hears of every answer.
 *
 * Args: `category()` gives the chosen one or null.
 * Returns `look(spot)`; null takes the question back.
 */
export function makeNearby(address, { category, onCases }) {
  const look = makeSpotQuestion(address, { category, isSame: isSameSpot, onAnswer: ({ cases }) => onCases(cases) });
  return (spot) => look(isWorthAsking(spot) ? spot : null);
}
