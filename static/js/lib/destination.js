// Where a report will go: whose land the spot lies on, who leads there, and the question at a border.

import { metresBetween } from './distance.js';
import { part, show } from './dom.js';
import { doubtOf, groundAt } from './ground.js';
import { vagueAccuracyM } from './position.js';
import { makeSpotQuestion } from './spot-question.js';
import { say } from './strings.js';

// A stride: beside a border even that may change the answer, and the phone trembles by less.
const sameSpotM = 2;
// Where the resident said that the pin is right, it stays right until it lies clearly elsewhere.
const sameAnswerM = 15;

const asks = ['straddling', 'near_outside'];

// Communes are spoken of by kind and name: "xã Vĩnh Hải".
function withFullName(unit) {
  return { ...unit, full_name: `${unit.kind} ${unit.name}` };
}

/**
 * The lines of the spot's card in `section` that say where the report will go.
 *
 * Args: `draft()` and `category()` tell what is known; `onChange(facts)` keeps `{border_kept}`, the
 * spot that the resident called right (it stays on the phone: the claims that are sent are those
 * of the phone, and a nod makes none of them more exact); `onMove()` opens the map with the pin.
 * Returns `{draw(known, spot), look(spot), categoryChosen()}`.
 */
export function makeDestination(section, { draft, category, onChange, onMove }) {
  const find = (name) => part(name, section);
  let told = null; // what the server said: {about, answer}
  let drawn = null; // what is on the page: {known, spot}

  const isSame = (one, other) => one.category === other.category
    && metresBetween(one, other) < sameSpotM && doubtOf(one) === doubtOf(other);

  const ask = makeSpotQuestion(section.dataset.preview, {
    category,
    isSame,
    onAnswer(answer, about) {
      told = { about, answer };
      if (drawn && isSame(about, questionOf(drawn.spot))) draw(drawn.known, drawn.spot);
    },
  });

  function questionOf(spot) {
    return { ...spot, accuracy_m: doubtOf(spot), category: category() };
  }

  function answerFor(known, spot) {
    if (told && isSame(told.about, questionOf(spot))) {
      const { unit, others } = told.answer;
      return { ...told.answer, isTold: true, unit: unit && withFullName(unit), others: others.map(withFullName) };
    }
    return known && { ...groundAt(known, spot), isTold: false };
  }

  function goesTo({ unit, leads }) {
    if (!unit && !leads) return say('outside_goes');
    const office = unit && say('office', { commune: unit.full_name });
    if (!leads || (unit && leads.code === unit.code)) return office;
    // Whoever else leads, a road manager or a railway, goes by its name; the commune stays with it.
    return office ? say('goes_with', { lead: leads.name, office }) : leads.name;
  }

  function borderWords({ certainty, unit, others }) {
    if (certainty === 'near_outside') return say('near_outside', { commune: unit.full_name });
    const [other] = others;
    return other ? say('near_border', { commune: other.full_name }) : say('near_some_border');
  }

  function isKept(spot) {
    const kept = draft().border_kept;
    return Boolean(kept) && metresBetween(kept, spot) < sameAnswerM;
  }

  // A pin was placed by hand, asking again would be nagging; and a vague fix is asked for a pin.
  function isAsked(answer, spot) {
    const isVague = spot.source === 'fix' && spot.accuracy_m > vagueAccuracyM;
    return asks.includes(answer.certainty) && spot.source !== 'pin' && !isVague;
  }

  function drawBorder(answer, spot) {
    const isOpen = isAsked(answer, spot) && !isKept(spot);
    show(find('border-kept'), isAsked(answer, spot) && isKept(spot));
    drawQuestion(isOpen ? borderWords(answer) : '');
  }

  // No words, no question.
  function drawQuestion(words) {
    show(find('border'), Boolean(words));
    // The question has a button of its own for moving the pin.
    section.classList.toggle('is-asking', Boolean(words));
    if (find('border-words').textContent === words) return;
    find('border-words').textContent = words;
    // Said aloud once; the two answers follow the place on the page.
    find('border-said').textContent = words && `${words} ${say('is_pin_right')}`;
  }

  function draw(known, spot) {
    drawn = { known, spot };
    const answer = answerFor(known, spot);
    find('destination').textContent = answer ? goesTo(answer) : say('destination_later');
    show(find('expected'), Boolean(answer) && !answer.isTold);
    show(find('outside'), Boolean(answer) && answer.certainty === 'outside');
    const corridor = answer && answer.corridor;
    show(find('corridor'), Boolean(corridor));
    if (corridor) find('corridor').textContent = say('corridor', corridor);
    drawBorder(answer || { certainty: 'unknown' }, spot);
  }

  find('border-move').addEventListener('click', onMove);
  find('border-right').addEventListener('click', () => {
    const { latitude, longitude } = drawn.spot;
    onChange({ border_kept: { latitude, longitude } });
    draw(drawn.known, drawn.spot);
    find('border-kept').focus();
  });

  // Once nothing is known of the place, nothing is asked of it, and its own button is back.
  function forget() {
    drawn = null;
    drawQuestion('');
    show(find('border-kept'), false);
  }

  function look(spot) {
    if (!spot) forget();
    ask(spot && questionOf(spot));
  }

  window.addEventListener('online', () => { if (drawn) look(drawn.spot); });

  return {
    draw,
    look,
    /** Who leads may hang on the category. */
    categoryChosen() {
      if (!drawn) return;
      draw(drawn.known, drawn.spot);
      look(drawn.spot);
    },
  };
}
