// "Others reported this spot": the cases near by, and "Tôi cũng thấy", which names one of them.

import { shortDay } from './dates.js';
import { metresBetween, tensOfMetres } from './distance.js';
import { make, part, show, use } from './dom.js';
import { makeNearby } from './nearby.js';
import { say } from './strings.js';

// So many cases are compared at a glance; the rest is folded.
const shownAtOnce = 2;
// The server looks no further than this around a position (services/public_nearby.py).
const farM = 250;
// Public points lie up to 14 m off: nearer than this a distance would only pretend.
const worthTellingM = 30;

const shapes = {
  new: 's-new', acknowledged: 's-ack', in_progress: 's-half', awaiting_authority: 's-up', resolved: 's-done', closed: 's-closed', late: 's-late',
};
const colours = {
  acknowledged: 'doing', in_progress: 'doing', awaiting_authority: 'wait', resolved: 'done', closed: 'done', late: 'late',
};
const witnesses = { 1: 'seen_one_witness', '5+': 'seen_many_witnesses' };

/** The case that a link named, as the page has it; null when it names none. */
export function linkedCase() {
  const block = document.getElementById('linked-case');
  return block ? JSON.parse(block.textContent) : null;
}

function sentenceOf(one) {
  if (!one.category) return say('seen_mine');
  if (!one.is_open) return say('seen_ended');
  return say(one.witnesses === '1' ? 'seen_one' : 'seen_many');
}

function photoOf(one) {
  if (one.photo) {
    const image = make('img', { src: one.photo, alt: say('seen_photo', { category: one.category_name }), width: 88, height: 88 });
    // A draft may outlive the photo, or be opened with no network.
    image.addEventListener('error', () => image.replaceWith(blank(one)));
    return image;
  }
  return blank(one);
}

function blank(one) {
  return make('div', { class: 'seen-blank case-blank', role: 'img', 'aria-label': say('seen_no_photo') }, use('pict', `p-${one.category || 'other'}`));
}

function statusOf(one) {
  const kind = one.is_open && one.late_days > 0 ? 'late' : one.status;
  const words = kind === 'late' ? say('seen_late', { days: one.late_days }) : one.status_label;
  const colour = colours[kind] ? ` status-${colours[kind]}` : '';
  return make('p', { class: `status${colour}` }, use('shape', shapes[kind] || 's-new'), make('span', {}, words));
}

function factsOf(one, spot) {
  const metres = spot ? metresBetween(spot, one) : 0;
  const away = metres > worthTellingM ? say('seen_away', { distance: tensOfMetres(metres) }) : '';
  const who = say(witnesses[one.witnesses] || 'seen_some_witnesses', { band: one.witnesses });
  return [who, away].filter(Boolean).join(', ');
}

function wordsOf(one, { title, spot, isAlone }) {
  if (!one.category) return [title, make('p', { class: 'small quiet' }, say('seen_number', { number: one.number }))];
  const since = say('seen_since', { category: one.category_name, day: shortDay(one.opened_on) });
  const lines = [
    ...(isAlone ? [make('p', { class: 'small quiet' }, since)] : []),
    make('p', { class: 'small quiet' }, factsOf(one, spot)),
  ];
  return [title, ...lines, statusOf(one)];
}

/**
 * The hint in `section`: cases near by, and the one that the draft names.
 *
 * Args: `draft()` gives the draft; `category()` the chosen one or null; `choose(code)` chooses a
 * category, null for none; `onChange(facts)` keeps `{seen}`; `onSeen()` hears when the draft names
 * a case or names none any more.
 */
export function makeSeen(section, { draft, category, choose, onChange, onSeen }) {
  const box = part('seen', section);
  const word = part('seen-word', section);
  let cases = [];
  let spot = null;
  let announced = '';

  const named = () => draft().seen;
  const isNamed = (one) => Boolean(named()) && named().number === one.number;

  function tell(words, isVisible) {
    word.className = isVisible ? 'small seen-word' : 'visually-hidden';
    word.textContent = words;
  }

  const ask = makeNearby(section.dataset.nearby, {
    category,
    onCases(found) {
      cases = found;
      draw();
      announce();
    },
  });

  // Said once for what is new: a hint that comes again in other words only disturbs.
  function announce() {
    const numbers = cases.map((one) => one.number).join();
    if (!cases.length || numbers === announced || named()) return;
    announced = numbers;
    const [first] = cases;
    tell(cases.length > 1 ? say('seen_found_more', { count: cases.length }) : say('seen_found', {
      sentence: sentenceOf(first), category: first.category_name, status: first.status_label,
    }), false);
  }

  // ── Naming ───────────────────────────────────────────────────────────────────────────────

  function name(one) {
    const before = category();
    onChange({ seen: { ...one, category_before: before === one.category ? null : before } });
    if (one.category) choose(one.category);
    tell(say('seen_said', { number: one.number, category: one.category_name || '' }), false);
    settle();
  }

  function drop(words, { restoresCategory = false, isVisible = true } = {}) {
    const { category_before: before, category: own } = named();
    onChange({ seen: null });
    if (restoresCategory && category() === own) choose(before || null);
    tell(words, isVisible);
    settle();
  }

  function drawAll() {
    const bar = part('seen-send');
    if (named()) {
      const [before, after] = say('seen_send', { number: '\n' }).split('\n');
      bar.replaceChildren(before, make('span', { class: 'keep' }, named().number), after || '');
    }
    show(bar, Boolean(named()));
    draw();
  }

  function settle() {
    drawAll();
    onSeen();
  }

  function toggle(one) {
    if (isNamed(one)) drop(say('seen_undone'), { restoresCategory: true });
    else name(one);
    const button = Array.from(box.querySelectorAll('[data-seen-too]')).find((each) => each.dataset.seenToo === one.number);
    if (button) button.focus({ preventScroll: true });
  }

  function dropWhenFar() {
    if (!named() || !spot || named().latitude === undefined) return;
    if (metresBetween(spot, named()) - (spot.accuracy_m || 0) <= farM) return;
    drop(say('seen_too_far', { number: named().number }));
  }

  // ── Drawing ──────────────────────────────────────────────────────────────────────────────

  function button(one, titleId) {
    const isOn = isNamed(one);
    const made = make('button', {
      class: 'button seen-too', type: 'button', 'aria-pressed': String(isOn), 'aria-describedby': titleId, 'data-seen-too': one.number,
    }, use('icon', isOn ? 'i-check' : 'i-people'), say('seen_too'));
    made.addEventListener('click', () => toggle(one));
    return made;
  }

  function item(one, index, isAlone) {
    const id = isAlone ? 'seen' : `seen-${index}`;
    const title = isAlone ? make('h3', { id }, sentenceOf(one))
      : make('h4', { id, class: 'h-small' }, one.category ? say('seen_since', { category: one.category_name, day: shortDay(one.opened_on) }) : say('seen_mine'));
    const row = make('div', { class: 'seen-row' }, photoOf(one), make('div', { class: 'stack-tight' }, ...wordsOf(one, { title, spot, isAlone })));
    if (!one.is_open) {
      const day = one.resolved_on ? shortDay(one.resolved_on) : '';
      return make('li', {}, row, make('p', { class: 'small' }, say('seen_resolved', { day })));
    }
    const hint = isNamed(one) ? [make('p', { class: 'small' }, say('seen_chosen'))] : [];
    return make('li', {}, row, button(one, id), ...hint);
  }

  function fold(items) {
    const details = make('details', { class: 'seen-fold' },
      make('summary', {}, make('span', {}, say('seen_more', { count: items.length })), use('icon turn', 'i-down')),
      make('ul', { class: 'seen-list' }, ...items));
    details.open = Boolean(box.querySelector('details[open]')); // drawing again must not close it
    return details;
  }

  function draw() {
    // What is named stays in sight, even when the newest answer does not hold it.
    const missing = named() && !cases.some(isNamed) ? [{ ...named(), is_open: true }] : [];
    const all = [...missing, ...cases];
    const isAlone = all.length === 1;
    const items = all.map((one, index) => item(one, index, isAlone));
    const rest = items.slice(shownAtOnce);
    box.replaceChildren(
      ...(all.length > 1 ? [make('h3', { id: 'seen' }, say('seen_several'))] : []),
      make('ul', { class: 'seen-list' }, ...items.slice(0, shownAtOnce)),
      ...(rest.length ? [fold(rest)] : []),
    );
    show(box, all.length > 0);
  }

  // With no network nobody can look: said once there is a spot to look around.
  function drawOffline() {
    show(part('seen-offline', section), Boolean(spot) && !navigator.onLine && !cases.length);
  }

  window.addEventListener('online', () => { ask(spot); drawOffline(); });
  window.addEventListener('offline', drawOffline);

  return {
    /** Looks around `spot`, and lets go of a named case from which it lies far away. */
    look(at) {
      spot = at;
      dropWhenFar();
      ask(at);
      drawOffline();
    },
    /** Shows what the draft names, after it was opened. */
    restore: drawAll,
    /** Names a case that a link brought. Its point is not the resident's: they may be elsewhere. */
    nameLinked(one) { if (!isNamed(one)) name(one); },
    /** Shows a case that ended, to which a link led. */
    showEnded(one) { cases = [one]; draw(); },
    /** Hears that the resident chose a category: another one means another trouble. */
    categoryChosen(code) {
      if (!named() || !named().category || code === named().category) return;
      drop(say('seen_other_category', { number: named().number }));
    },
  };
}
