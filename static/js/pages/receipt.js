// The receipt: keeping the key outside this browser, and handing it on.

import { longDay } from '../lib/dates.js';
import { part, show } from '../lib/dom.js';
import { loadLand } from '../lib/land.js';
import { readMine } from '../lib/storage.js';
import { say } from '../lib/strings.js';

const key = part('key');

function shareLink() {
  return new URL(key.dataset.track, window.location.origin).href;
}

function saveKey() {
  const words = say('file', { key: key.dataset.groups, link: shareLink() });
  // A byte order mark, or old phones show Vietnamese letters broken.
  const address = URL.createObjectURL(new Blob(['\ufeff', words], { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = say('file_name');
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  tell(say('saved'));
}

async function share() {
  if (navigator.share) {
    try {
      await navigator.share({ title: say('share_title'), text: key.dataset.groups, url: shareLink() });
      return;
    } catch (error) {
      if (error.name === 'AbortError') return; // closed by the resident: nothing to say
    }
  }
  await copy();
}

async function copy() {
  try {
    await navigator.clipboard.writeText(`${key.dataset.groups}\n${shareLink()}`);
    tell(say('copied'));
  } catch (error) {
    // Without a clipboard the key is selected, so that the phone's own menu can copy it.
    window.getSelection().selectAllChildren(key.querySelector('.key-code'));
    tell(say('selected'));
  }
}

function tell(words) {
  const place = part('told');
  place.textContent = words;
  show(place, true);
}

// The machine places most reports within seconds; after these waits the tracking page knows more.
const waitsMs = [1500, 3000, 6000, 12000];

async function placed() {
  for (const waitMs of waitsMs) {
    await new Promise((resolve) => { setTimeout(resolve, waitMs); });
    const answer = await fetch(key.dataset.track, { headers: { Accept: 'application/json' } });
    const found = answer.ok ? (await answer.json()).case : null;
    if (found) return found;
  }
  return null;
}

/** Names the commune in the title once the report has been placed, which then lies behind it. */
async function nameCommune() {
  const [found, land] = await Promise.all([placed(), loadLand(key.dataset.land)]);
  const unit = found && land.units.features.find(({ properties }) => properties.code === found.unit.code);
  if (!unit) return;
  part('sent-to').textContent = say('sent_to', { commune: unit.properties.full_name });
  part('placing').remove();
  part('due').querySelector('.mile-day').textContent = say('due', { day: longDay(found.due_on) });
}

async function sayIfInMine() {
  const keys = (await readMine()).map((report) => report.tracking_key);
  show(part('in-mine'), keys.includes(key.dataset.groups.replace(/ /g, '')));
}

export function start() {
  nameCommune().catch(() => undefined);
  sayIfInMine().catch(() => undefined);
  show(part('key-buttons'), true);
  part('save-key').addEventListener('click', saveKey);
  part('share-key').addEventListener('click', share);
}
