// The strip of up to three photos: preview, time of capture, remove, and the ways to add one.

import { mostPhotos } from './draft.js';
import { moment } from './dates.js';
import { make, use } from './dom.js';
import { say } from './strings.js';

function preview(photo, number, addresses) {
  const address = URL.createObjectURL(photo.blob);
  addresses.push(address);
  const image = make('img', { src: address, alt: say('photo_alt', { number }) });
  // A photo that this browser cannot draw (HEIC on an old phone) still travels.
  image.addEventListener('error', () => image.replaceWith(
    make('p', { class: 'photo-blank' }, say('photo_no_preview')),
  ));
  return image;
}

// Only the first photo is drawn large enough for a whole sentence.
function time(photo, number) {
  if (!photo.is_ready) return say('photo_preparing');
  if (!photo.captured_at) return null;
  const at = moment(photo.captured_at);
  return number === 1 ? say('photo_captured', { time: at }) : at;
}

function item(photo, number, addresses, onRemove) {
  const remove = make('button', { class: 'photo-remove', type: 'button', 'aria-label': say('photo_remove', { number }) }, use('icon', 'i-close'));
  remove.addEventListener('click', () => onRemove(photo));
  const words = time(photo, number);
  return make('li', photo.is_refused ? { class: 'photo-refused' } : {}, preview(photo, number, addresses),
    ...(words ? [make('span', { class: 'photo-count' }, words)] : []), remove);
}

// iPhones turn HEIC into JPEG only when the kinds are named; cameras everywhere make JPEG.
const kinds = 'image/jpeg,image/png,image/webp';

function adder(source, symbol, words, attributes, onFiles) {
  const input = make('input', { class: 'visually-hidden', type: 'file', accept: kinds, ...attributes });
  input.addEventListener('change', () => {
    if (input.files.length) onFiles(Array.from(input.files), source);
    input.value = ''; // the same photo may be chosen again after it was removed
  });
  return make('li', {}, make('label', { class: 'photo-add' }, use('icon', symbol), make('span', {}, words), input));
}

/**
 * Draws a strip into `list`.
 *
 * Args: `onFiles(files, source)` hears of chosen files, `onRemove(photo)` of a touched cross.
 * Returns `draw(photos)`.
 */
export function makePhotoStrip(list, onFiles, onRemove) {
  let addresses = [];
  return function draw(photos) {
    addresses.forEach((address) => URL.revokeObjectURL(address));
    addresses = [];
    const items = photos.map((photo, index) => item(photo, index + 1, addresses, onRemove));
    const adders = [
      adder('camera', 'i-camera', say('take_photo'), { capture: 'environment', accept: 'image/*' }, onFiles),
      adder('library', 'i-photos', say('choose_photo'), { multiple: true }, onFiles),
    ];
    list.className = `photos photos-${photos.length}`;
    list.replaceChildren(...items, ...adders.slice(0, mostPhotos - photos.length));
    if (photos.length === mostPhotos - 1) list.lastChild.replaceWith(both(onFiles));
  };
}

// One place left: one button, and the phone itself asks whether camera or album.
function both(onFiles) {
  return adder('library', 'i-plus', say('add_photo'), {}, onFiles);
}
