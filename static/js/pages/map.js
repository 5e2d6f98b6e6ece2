// The public map: pins that say status by shape and colour, chips that are their legend, one sheet.

import { shortDay } from '../lib/dates.js';
import { make, part, show, use } from '../lib/dom.js';
import { loadLand } from '../lib/land.js';
import { say } from '../lib/strings.js';

const box = part('map');
const sheet = part('sheet');
let cases = [];
let chosen = null; // number of the case in the sheet
let filter = { status: 'all', category: '' };
let pins = null;

/** Which chip a case stands under; lateness outweighs the status, as on its pin. */
function kindOf(one) {
  if (one.is_late) return 'late';
  return {
    awaiting_authority: 'wait', resolved: 'done', closed: 'done', refused: 'refused', new: 'new', acknowledged: 'ack',
  }[one.status] || 'doing';
}

const chipOf = { late: 'late', wait: 'wait', done: 'done', refused: 'done', new: 'new', ack: 'doing', doing: 'doing' };
const shapes = { late: 's-late', wait: 's-up', done: 's-done', refused: 's-refused', new: 's-new', ack: 's-ack', doing: 's-half' };
const colours = { late: 'late', wait: 'wait', done: 'done', ack: 'doing', doing: 'doing' };

function wordsOf(one) {
  return one.is_late ? say('late', { days: one.late_days }) : one.status_label;
}

function shown() {
  return cases.filter((one) => (filter.status === 'all' || chipOf[kindOf(one)] === filter.status)
    && (!filter.category || one.category === filter.category));
}

// ── The sheet ──────────────────────────────────────────────────────────────────────────────

function photoOf(one) {
  if (!one.photo) return make('div', { class: 'case-photo case-blank', role: 'img', 'aria-label': say('no_photo') }, use('pict', `p-${one.category}`));
  return make('img', { class: 'case-photo', src: one.photo, alt: say('photo', { category: one.category_name }), width: 104, height: 104 });
}

const witnesses = { 1: 'one_witness', '5+': 'many_witnesses' };

function factsOf(one) {
  const who = say(witnesses[one.witnesses] || 'some_witnesses', { band: one.witnesses });
  const due = chipOf[kindOf(one)] === 'done' ? '' : `. ${say('due', { day: shortDay(one.due_on) })}`;
  return `${who}, ${say('since', { day: shortDay(one.opened_on) })}${due}`;
}

function fillSheet(one) {
  const kind = kindOf(one);
  part('chosen', sheet).replaceChildren(photoOf(one), make('div', { class: 'case-words' },
    make('h2', { class: 'h-small', id: 'chosen', tabindex: '-1' }, one.category_name),
    make('p', { class: 'small quiet' }, one.place),
    make('p', { class: 'small quiet' }, factsOf(one)),
    make('p', { class: `status${colours[kind] ? ` status-${colours[kind]}` : ''}` }, use('shape', shapes[kind]), make('span', {}, wordsOf(one)))));
  part('open', sheet).href = one.url;
  // What has ended takes no more witnesses: if it is back, a fresh photo says so.
  const hasEnded = chipOf[kind] === 'done';
  const seenToo = part('seen-too', sheet);
  seenToo.href = seenToo.dataset.form.replace('NUMBER', one.number);
  show(seenToo, !hasEnded);
  show(part('again', sheet), hasEnded);
}

function choose(number, isByHand) {
  const one = cases.find((each) => each.number === number);
  chosen = one ? number : null;
  if (one) fillSheet(one);
  show(part('chosen-part', sheet), Boolean(one));
  show(part('none', sheet), !one);
  if (pins) pins.mark(chosen);
  if (one && isByHand) document.getElementById('chosen').focus({ preventScroll: true });
}

// ── Filters ────────────────────────────────────────────────────────────────────────────────

function applyFilter() {
  const left = shown();
  part('found').textContent = say('found', { count: left.length });
  show(part('nothing', sheet), left.length === 0);
  if (pins) pins.draw(left);
  if (chosen && !left.some((one) => one.number === chosen)) choose(null, false);
  show(part('none', sheet), !chosen && left.length > 0);
}

function listen() {
  const chips = Array.from(document.querySelectorAll('[data-chip]'));
  chips.forEach((chip) => chip.addEventListener('click', () => {
    filter = { ...filter, status: chip.dataset.chip };
    chips.forEach((one) => one.setAttribute('aria-pressed', String(one === chip)));
    applyFilter();
  }));
  const category = part('category-filter');
  category.addEventListener('change', () => { filter = { ...filter, category: category.value }; applyFilter(); });
  part('all', sheet).addEventListener('click', () => {
    category.value = '';
    filter = { ...filter, category: '' };
    document.querySelector('[data-chip="all"]').click();
  });
  part('to-list').addEventListener('click', (event) => { event.preventDefault(); openList(!isListOpen()); });
}

function offerCategories() {
  const names = new Map(cases.map((one) => [one.category, one.category_name]));
  const options = Array.from(names).map(([code, name]) => make('option', { value: code }, name));
  part('category-filter').append(...options);
}

// ── Map or list ────────────────────────────────────────────────────────────────────────────

const isListOpen = () => !part('list').hidden;

function openList(isOpen) {
  show(part('list'), isOpen);
  show(part('map-part'), !isOpen);
  part('to-list-words').textContent = say(isOpen ? 'to_map' : 'to_list');
  if (isOpen) part('list').focus({ preventScroll: true });
  else if (pins) pins.refresh();
}

async function read(address) {
  const answer = await fetch(address, { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

export async function start() {
  show(part('map-part'), true);
  show(part('to-list'), true);
  openList(false);
  listen();
  try {
    const [found, land, { makePins }] = await Promise.all([
      read(box.dataset.cases), loadLand(box.dataset.land), import('../lib/case-pins.js'),
    ]);
    cases = found.cases;
    pins = await makePins(box, land, { onChoose: (number) => choose(number, true), kindOf, wordsOf });
  } catch (error) {
    // The list is in the page already: the map that did not come costs nobody anything.
    openList(true);
    show(part('to-list'), false);
    show(part('map-failed'), true);
    return;
  }
  show(part('loading'), false);
  offerCategories();
  applyFilter();
  const asked = new URLSearchParams(window.location.search).get('case');
  if (asked) choose(asked, false);
}

