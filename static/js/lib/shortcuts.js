// Single keys: off inside fields, off when somebody switched them off on this machine.

const STORE = 'anlo-keys';
const bound = new Map();

/** Let `act` answer a key on this page; it opens or focuses something, it never commits. */
export function onKey(key, act) {
  bound.set(key, act);
}

export function listenToKeys() {
  onKey('/', () => focusOn(document.querySelector('#find')));
  onKey('?', openSheet);
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isWriting(event.target) || document.querySelector('dialog[open]')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = bound.get(key);
    if (!act || (!areOn() && key !== '?')) return;
    if (act(event) !== false) event.preventDefault();
  });
}

/** Focus an element and bring it into view; nothing happens when the page has none. */
export function focusOn(element) {
  if (!element) return false;
  element.focus();
  element.scrollIntoView({ block: 'nearest' });
  return true;
}

function areOn() {
  return read() !== 'off';
}

function read() {
  try {
    return localStorage.getItem(STORE);
  } catch (error) {
    return null; // A browser that keeps nothing: the keys work.
  }
}

function openSheet() {
  const sheet = document.querySelector('#keysheet');
  if (!sheet || !sheet.showModal) return false;
  const box = sheet.querySelector('#keys-on');
  box.checked = areOn();
  box.onchange = () => {
    try {
      localStorage.setItem(STORE, box.checked ? 'on' : 'off');
    } catch (error) {
      box.checked = true;
    }
  };
  sheet.showModal();
  return true;
}

function isWriting(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches('textarea, select')) return true;
  return target.matches('input') && !['radio', 'checkbox', 'button'].includes(target.type);
}
