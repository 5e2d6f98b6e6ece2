// The report form: a draft that survives, photos made ready, a place, and one sending at a time.

import { chosenPhotos } from '../lib/chosen-photos.js';
import {
  dropPhoto, keepOriginal, mostPhotos, openDraft, openDraftFor, readPhotos, startLooseDraft, writeDraft, writePhoto,
} from '../lib/draft.js';
import { moment } from '../lib/dates.js';
import { afterQuiet, make, part, show, use } from '../lib/dom.js';
import { clearProblems, sayFieldProblem, sayProblem, settleProblem } from '../lib/form-problems.js';
import { groupsOf, makeKey } from '../lib/tracking-key.js';
import { growWithWords } from '../lib/growing.js';
import { keepSent } from '../lib/mine.js';
import { prepare } from '../lib/photo-prepare.js';
import { makePhotoStrip } from '../lib/photo-strip.js';
import { linkedCase, makeSeen } from '../lib/seen.js';
import { send } from '../lib/sending.js';
import { makeSpot } from '../lib/spot.js';
import { say } from '../lib/strings.js';

// Typing is kept when the fingers rest; a killed tab loses at most this much of it.
const quietMs = 300;
const mostWords = 2000;
// From here on the remaining room is worth telling (mock-up: "counter from 80 %").
const counterFrom = 0.8 * mostWords;

const typed = ['description', 'contact_phone', 'contact_email', 'commune_hint'];

const form = part('report');
let draft = null;
let photos = [];
const preparing = new Map(); // photo id → promise of it being ready
let isSending = false;
let isGone = false; // sent: nothing may write the draft again, not even leaving the page
let drawStrip = null;
let spot = null;
let seen = null;

// ── Keeping ────────────────────────────────────────────────────────────────────────────────

async function keep() {
  if (isGone) return;
  try {
    await writeDraft(draft);
    show(part('kept'), true);
  } catch (error) {
    sayProblem(form, say('photo_not_kept'));
  }
}

const keepSoon = afterQuiet(keep, quietMs);

function readForm() {
  typed.forEach((name) => { draft[name] = form.elements[name].value; });
  const chosen = form.querySelector('[name="category"]:checked');
  draft.category = chosen ? chosen.value : null;
  draft.category_words = wordsOfCategory();
}

function fillForm() {
  typed.forEach((name) => { form.elements[name].value = draft[name] || ''; });
  const tile = draft.category && form.querySelector(`[name="category"][value="${draft.category}"]`);
  if (tile) tile.checked = true;
  if (!draft.category) chooseCategory(null); // a link may have chosen one for another draft
  if (draft.contact_phone || draft.contact_email) part('contact', form).open = true;
  countWords();
}

function chooseCategory(code) {
  form.querySelectorAll('[name="category"]').forEach((tile) => { tile.checked = tile.value === code; });
  settleProblem(form, 'category');
  readForm();
  spot.categoryChosen();
}

function countWords() {
  const left = mostWords - form.elements.description.value.length;
  const counter = part('counter', form);
  show(counter, left <= mostWords - counterFrom);
  counter.textContent = say('counter', { left });
  counter.classList.toggle('counter-full', left <= 0);
}

// ── Photos ─────────────────────────────────────────────────────────────────────────────────

function drawPhotos() {
  drawStrip(photos);
  const none = say(draft.seen ? 'photo_optional' : 'photo_none');
  part('photo-count', form).textContent = photos.length ? say('photo_count', { count: photos.length }) : none;
}

function makeReady(photo) {
  const work = prepare(photo).then(async (ready) => {
    await writePhoto(ready).catch(() => undefined);
    photos = photos.map((one) => (one.id === ready.id ? ready : one));
    drawPhotos();
    spot.draw();
  }).then(() => preparing.delete(photo.id));
  preparing.set(photo.id, work);
}

async function addPhotos(files, source) {
  clearProblems(form);
  const { taken, problems } = chosenPhotos(files, mostPhotos - photos.length);
  sayPhotoProblems(problems);
  for (const file of taken) {
    const photo = await keepOriginal(draft, file, source);
    photos = [...photos, photo];
    drawPhotos();
    makeReady(photo);
  }
  spot.askAtFittingMoment();
}

function sayPhotoProblems(problems) {
  if (problems.length) sayFieldProblem(form, 'photo', problems.map((problem) => say(...problem)).join(' '));
}

/** The server could not use one photo: its picture is marked, and the sentence names it. */
function refusePhoto(index, message) {
  photos = photos.map((photo, place) => ({ ...photo, is_refused: place === index }));
  drawPhotos();
  sayFieldProblem(form, 'photo', say('photo_named', { number: index + 1, message }));
}

async function removePhoto(photo) {
  photos = photos.filter((one) => one.id !== photo.id);
  settleProblem(form, 'photo');
  drawPhotos();
  spot.draw();
  form.querySelector('[data-anchor="photo"]').focus();
  await (preparing.get(photo.id) || Promise.resolve()); // or it would be written again
  await dropPhoto(photo.id).catch(() => undefined);
}

// ── Sending ────────────────────────────────────────────────────────────────────────────────

function lookOver() {
  // Whoever saw what others photographed may do without a photo of their own.
  if (!photos.length && !draft.seen) return ['photo', say('need_photo')];
  if (!draft.category) return ['category', say('need_category')];
  if (!form.elements.contact_email.checkValidity()) return ['contact_email', say('bad_email')];
  return lookForPlace();
}

// A report without a place takes a person's time to find one, so it is asked for: once, for
// whoever cannot tell must still be able to send. Who named a case has told enough.
function lookForPlace() {
  if (spot.isNamed() || draft.seen || draft.place_asked) return null;
  draft.place_asked = true;
  return ['position', say('need_place')];
}

function sayProgress(words, percent = null) {
  const place = part('progress-words', form);
  place.textContent = words;
  show(place, Boolean(words));
  const bar = part('progress', form);
  show(bar, percent !== null);
  if (percent !== null) bar.value = percent;
}

function onProgress(share) {
  const percent = Math.floor(share * 100);
  // The last byte left, the answer has not come: the server is writing to its disk.
  sayProgress(share < 1 ? say('sending', { share: percent }) : say('storing'), percent);
}

function setSending(isNow) {
  isSending = isNow;
  [part('send', form), part('resend')].forEach((button) => {
    if (isNow) button.setAttribute('aria-disabled', 'true');
    else button.removeAttribute('aria-disabled');
  });
  if (!isNow) sayProgress('');
}

async function submit() {
  if (isSending) return;
  readForm();
  clearProblems(form);
  show(part('conflict', form), false);
  const problem = lookOver();
  if (problem) { sayFieldProblem(form, ...problem); return; }
  setSending(true);
  await keep();
  sayProgress(say('preparing'), 0);
  await Promise.all(preparing.values());
  const answer = await send(form.action, draft, photos, onProgress);
  setSending(false);
  await take(answer);
}

async function take({ status, content, retryAfterS }) {
  if (status === 200 || status === 201) { await leave(); return; }
  const { field, message, index } = (content && content.error) || {};
  if (status === 409) { offerNewKey(); return; }
  if (status === 429 || status === 503) { await waitHere(whenToCome(message, retryAfterS)); return; }
  if (status >= 400 && status < 500 && message) {
    backToForm();
    if (Number.isInteger(index)) refusePhoto(index, message);
    else if (field) sayFieldProblem(form, field, message);
    else sayProblem(form, message);
    return;
  }
  await waitHere(say(status === 0 ? 'no_network' : 'server_away'));
}

function whenToCome(message, retryAfterS) {
  const minutes = Math.ceil((retryAfterS || 60) / 60);
  const isSoon = retryAfterS && retryAfterS < 60;
  return say(isSoon ? 'come_again_soon' : 'come_again_minutes', { message: message || '', minutes }).trim();
}

async function leave() {
  isGone = true;
  await keepSent(draft, photos, {
    category: wordsOfCategory(), place: draft.place_words || '',
  }).catch(() => undefined);
  // In the place of the form: going back must not show a report that is gone.
  window.location.replace(form.dataset.receipt.replace('KEY', draft.tracking_key));
}

function offerNewKey() {
  backToForm();
  part('open-sent', form).href = form.dataset.track.replace('KEY', draft.tracking_key);
  show(part('conflict', form), true);
  sayProblem(form, say('conflict'));
  part('open-sent', form).focus();
}

// ── The saved state ────────────────────────────────────────────────────────────────────────

function wordsOfCategory() {
  const tile = form.querySelector('[name="category"]:checked');
  return tile ? tile.closest('label').textContent.trim() : '';
}

function placeInWords() {
  if (draft.place_words) return draft.place_words;
  const commune = form.elements.commune_hint.value;
  return commune || say('no_place');
}

async function waitHere(why) {
  draft.attempted_at = new Date().toISOString();
  draft.waiting_why = why;
  await keep();
  // A reload comes back to this report, not to an empty form.
  window.history.replaceState(null, '', `?draft=${draft.id}`);
  showSaved();
}

function showSaved() {
  part('saved-why').textContent = draft.waiting_why;
  part('saved-kind').textContent = wordsOfCategory();
  part('saved-place').textContent = placeInWords();
  part('saved-time').textContent = say('saved_at', { time: moment(draft.attempted_at) });
  part('saved-key').replaceChildren(...groupsOf(draft.tracking_key).map((group) => make('span', {}, group)));
  part('saved-photo').replaceChildren(photos.length
    ? make('img', { src: URL.createObjectURL(photos[0].blob), alt: say('photo_alt', { number: 1 }) })
    : use('pict', `p-${draft.category}`));
  part('saved-photo').classList.toggle('case-blank', !photos.length);
  part('title').textContent = say('title_saved');
  show(form, false);
  show(part('saved'), true);
  window.scrollTo(0, 0);
  part('title').focus();
}

function backToForm() {
  part('title').textContent = say('title');
  show(part('saved'), false);
  show(form, true);
}

// ── Beginning ──────────────────────────────────────────────────────────────────────────────

/** The case of the address `?seen=…`: as the server told it, or its bare number with no network. */
function caseOfLink(number) {
  const told = linkedCase();
  if (told) return told;
  const isNumber = /^[A-Z]{1,8}-\d{4}-\d{1,9}$/.test(number || '');
  return isNumber && !navigator.onLine ? { number, is_open: true } : null;
}

function nameCaseOfLink(linked) {
  seen.restore();
  if (!linked) return;
  if (linked.is_open) seen.nameLinked(linked); else seen.showEnded(linked);
  // A reload must find this draft, and not name the case once more after it was let go.
  window.history.replaceState(null, '', `?draft=${draft.id}`);
}

async function restore(linked) {
  const asked = new URLSearchParams(window.location.search).get('draft');
  try {
    draft = linked && linked.is_open ? await openDraftFor(linked.number) : await openDraft(asked);
    photos = await readPhotos(draft.id);
    show(part('kept'), true);
  } catch (error) {
    draft = startLooseDraft();
    sayProblem(form, say('photo_not_kept'));
  }
}

/** What was chosen on the first page and could not be taken is said here, once. */
function sayWhatHomeLeftOut() {
  if (!draft.photo_problems) return;
  sayPhotoProblems(draft.photo_problems);
  draft.photo_problems = null;
  keepSoon();
}

function takeOver() {
  form.noValidate = true;
  form.querySelectorAll('[data-plain]').forEach((plain) => {
    show(plain, false);
    plain.querySelectorAll('input').forEach((input) => { input.disabled = true; });
  });
  show(part('photos', form), true);
  show(part('place-buttons', form), true);
}

function listen() {
  form.addEventListener('input', ({ target }) => { settleProblem(form, target.name); readForm(); countWords(); keepSoon(); });
  form.addEventListener('change', ({ target }) => {
    if (target.name === 'commune_hint') settleProblem(form, 'position');
    if (target.name !== 'category') return;
    seen.categoryChosen(target.value);
    spot.categoryChosen();
  });
  form.addEventListener('submit', (event) => { event.preventDefault(); submit(); });
  part('resend').addEventListener('click', () => { backToForm(); submit(); });
  part('edit').addEventListener('click', backToForm);
  part('new-key', form).addEventListener('click', () => { draft.tracking_key = makeKey(); submit(); });
  document.addEventListener('visibilitychange', () => { if (document.hidden && draft) { readForm(); keep(); } });
}

export async function start() {
  takeOver();
  drawStrip = makePhotoStrip(part('photos', form), addPhotos, removePhoto);
  spot = makeSpot(part('place', form), {
    draft: () => draft,
    photos: () => photos,
    category: () => draft.category,
    onChange(facts) {
      Object.assign(draft, facts);
      if (!part('saved').hidden) part('saved-place').textContent = placeInWords();
      keepSoon();
    },
    onSpot(at) {
      if (at) settleProblem(form, 'position');
      seen.look(at);
    },
  });
  seen = makeSeen(part('seen-part', form), {
    draft: () => draft,
    category: () => draft.category,
    choose: chooseCategory,
    onChange(facts) { Object.assign(draft, facts); keepSoon(); },
    onSeen() {
      drawPhotos();
      settleProblem(form, 'photo');
      spot.draw();
    },
  });
  const linked = caseOfLink(new URLSearchParams(window.location.search).get('seen'));
  await restore(linked);
  fillForm();
  listen();
  growWithWords(form.elements.description);
  nameCaseOfLink(linked);
  drawPhotos();
  photos.filter((photo) => !photo.is_ready).forEach(makeReady);
  sayWhatHomeLeftOut();
  if (draft.attempted_at) showSaved();
  spot.draw();
  spot.askAtFittingMoment();
}
