// "Mine": the reports sent from this phone, from its own storage, with the newest word on each.

import { daysSince, longDay, moment, shortDay } from '../lib/dates.js';
import { make, part, show, use } from '../lib/dom.js';
import { readDrafts, readMine, readPhotos, writeMine } from '../lib/storage.js';
import { say } from '../lib/strings.js';

// So many tracking pages are asked at once; a phone with fifty reports must not flood its line.
const atOnce = 3;
// More ended reports than this are folded away (mock-up: "50 cards: resolved ones folded").
const endedShown = 5;

// The order of the groups, and which of the public statuses stands in which.
const groups = ['unsent', 'sent', 'doing', 'done'];
const groupOf = {
  new: 'sent', acknowledged: 'doing', in_progress: 'doing', awaiting_authority: 'doing', resolved: 'done', closed: 'done', refused: 'done',
};
const shapes = {
  new: ['s-new', ''], acknowledged: ['s-ack', 'doing'], in_progress: ['s-half', 'doing'], awaiting_authority: ['s-up', 'wait'],
  resolved: ['s-done', 'done'], closed: ['s-closed', 'done'], refused: ['s-refused', ''], late: ['s-late', 'late'], unsent: ['s-queue', 'wait'],
};

const list = part('mine');

function wordsBeforeCase(seen) {
  const status = seen && seen.report.status;
  return status === 'held' || status === 'dismissed' ? status : 'received';
}

function stateOf(report) {
  const found = report.seen && report.seen.case;
  if (!found) return { group: 'sent', status: 'new', words: say(wordsBeforeCase(report.seen)) };
  const { status } = found;
  const lateDays = found.due_on && groupOf[status] !== 'done' ? daysSince(found.due_on) : 0;
  if (lateDays > 0) return { group: groupOf[status], status: 'late', words: say('late', { days: lateDays }) };
  return { group: groupOf[status] || 'sent', status, words: say(status) };
}

function picture(blob, code) {
  if (!blob) return make('div', { class: 'case-photo case-blank' }, ...(code ? [use('pict', `p-${code}`)] : []));
  return make('img', { class: 'case-photo', src: URL.createObjectURL(blob), alt: say('photo'), width: 104, height: 104 });
}

function card({ href, title, blob, code, lines, status, words }) {
  const [symbol, colour] = shapes[status];
  const shown = lines.filter(Boolean).map((line) => make('p', { class: 'small quiet' }, line));
  return make('li', {}, make('article', { class: 'card case' }, picture(blob, code),
    make('div', { class: 'case-words' },
      make('h3', {}, make('a', { href }, title || say('untitled'))), ...shown,
      make('p', { class: `status${colour ? ` status-${colour}` : ''}` }, use('shape', symbol), make('span', {}, words)))));
}

function sentCard(report) {
  const { status, words } = stateOf(report);
  const found = report.seen && report.seen.case;
  const due = found && found.due_on && groupOf[found.status] !== 'done' ? say('due', { day: shortDay(found.due_on) }) : '';
  return card({
    href: list.dataset.track.replace('KEY', report.tracking_key),
    title: report.category,
    blob: report.thumbnail,
    code: report.category_code,
    lines: [report.place, say('sent_on', { day: longDay(new Date(report.sent_at)) }) + (due ? `, ${due}` : '')],
    status,
    words,
  });
}

function placeOf(draft) {
  if (draft.place_words || draft.commune_hint) return draft.place_words || draft.commune_hint;
  return draft.fix || draft.pin ? say('located') : say('no_place');
}

function unsentCard({ draft, photo }) {
  return card({
    href: `${list.dataset.report}?draft=${draft.id}`,
    title: draft.category_words,
    blob: photo && photo.blob,
    code: draft.category,
    lines: [placeOf(draft), say('saved_at', { time: moment(draft.saved_at) })],
    status: 'unsent',
    words: say('unsent'),
  });
}

function drawGroup(name, cards) {
  const section = part(`group="${name}"`, list);
  show(section, cards.length > 0);
  part('count', section).textContent = cards.length;
  const isLong = name === 'done' && cards.length > endedShown;
  part('cards', section).replaceChildren(...(isLong ? cards.slice(0, endedShown) : cards));
  const fold = part('rest', section);
  if (!fold) return;
  show(fold, isLong);
  if (isLong) part('rest-cards', fold).replaceChildren(...cards.slice(endedShown));
}

function draw(unsent, reports) {
  const cards = { unsent: unsent.map(unsentCard), sent: [], doing: [], done: [] };
  reports.forEach((report) => cards[stateOf(report).group].push(sentCard(report)));
  groups.forEach((name) => drawGroup(name, cards[name]));
  const count = unsent.length + reports.length;
  show(part('empty'), count === 0);
  const total = part('total');
  if (total) total.textContent = count ? say('total', { count }) : '';
}

async function ask(report) {
  const answer = await fetch(list.dataset.track.replace('KEY', report.tracking_key), { headers: { Accept: 'application/json' } });
  if (!answer.ok) return report; // an old answer is better than none
  const renewed = { ...report, seen: await answer.json(), seen_at: new Date().toISOString() };
  await writeMine(renewed);
  return renewed;
}

async function renew(reports, onEach) {
  const waiting = reports.map((report, index) => ({ report, index }));
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      try { onEach(next.index, await ask(next.report)); } catch (error) { return; } // no network
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function sayAge(reports) {
  const seen = reports.map((report) => report.seen_at).filter(Boolean).sort();
  const note = part('offline');
  if (note && seen.length) part('seen-at', note).textContent = say('newest', { time: moment(seen[seen.length - 1]) });
}

async function readUnsent() {
  const drafts = (await readDrafts()).filter((draft) => draft.attempted_at);
  return Promise.all(drafts.map(async (draft) => ({ draft, photo: (await readPhotos(draft.id))[0] })));
}

export async function start() {
  show(list, true);
  let unsent = [];
  let reports = [];
  try {
    unsent = await readUnsent();
    reports = await readMine();
  } catch (error) {
    show(part('no-storage'), true);
  }
  draw(unsent, reports);
  sayAge(reports);
  list.setAttribute('aria-busy', 'true');
  await renew(reports, (index, report) => { reports[index] = report; });
  list.removeAttribute('aria-busy');
  draw(unsent, reports);
  sayAge(reports);
}
