// Sentences about what is wrong: one beside the field, one above the button, focus at the field.

import { part, show } from './dom.js';
import { say } from './strings.js';

// Where the server's field names live on our form, when they are not the name of a control.
const homes = {
  captured_at: 'photo', exif_claims: 'photo', original_sha256: 'photo',
  device_latitude: 'position', device_longitude: 'position', device_accuracy_m: 'position', device_fix_at: 'position',
  pin_latitude: 'position', pin_longitude: 'position',
};

function fieldOf(form, field) {
  const name = homes[field] || field;
  return { name, place: form.querySelector(`[data-error="${name}"]`) };
}

function anchorOf(form, name) {
  return form.querySelector(`[data-anchor="${name}"]`) || form.querySelector(`[name="${name}"]:not([disabled])`);
}

/** Takes all sentences away. */
export function clearProblems(form) {
  form.querySelectorAll('[data-error]').forEach((place) => show(place, false));
  form.querySelectorAll('[aria-invalid]').forEach((control) => control.removeAttribute('aria-invalid'));
  show(part('problem', form), false);
}

/** Says `message` above the button only. */
export function sayProblem(form, message) {
  const problem = part('problem', form);
  problem.textContent = message;
  show(problem, true);
}

/** Says `message` beside `field` and above the button, and goes there. */
export function sayFieldProblem(form, field, message) {
  const { name, place } = fieldOf(form, field);
  if (!place) { sayProblem(form, message); return; }
  place.querySelector('span').textContent = message;
  show(place, true);
  sayProblem(form, say('look_again', { message }));
  const control = form.querySelector(`[name="${name}"]:not([disabled]):not([type="radio"])`);
  if (control) control.setAttribute('aria-invalid', 'true');
  const fold = place.closest('details');
  if (fold) fold.open = true;
  const anchor = anchorOf(form, name);
  if (anchor) {
    anchor.focus({ preventScroll: true });
    anchor.scrollIntoView({ block: 'center' });
  }
}

/** Takes the sentence beside `field` away once somebody mends it, and the one above the button. */
export function settleProblem(form, field) {
  const { name, place } = fieldOf(form, field);
  if (!place || place.hidden) return;
  show(place, false);
  show(part('problem', form), false);
  const control = form.querySelector(`[name="${name}"][aria-invalid]`);
  if (control) control.removeAttribute('aria-invalid');
}
