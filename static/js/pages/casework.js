// The queue with its pane, and the page of one case.

import { focusOn, onKey } from '../lib/shortcuts.js';
import { beginProof } from '../lib/proof.js';

const LIST = 'anlo-queue';
const wide = window.matchMedia('(min-width: 1081px)');
// Shorter waits need no word; longer ones look like a broken page.
const WORD_AFTER_MS = 400;

export function begin() {
  const rows = document.querySelector('[data-rows]');
  if (rows) beginQueue(rows);
  else beginCase();
  document.querySelectorAll('[data-proof]').forEach(beginProof);
  onKey('t', () => focusOn(visible('[data-key="t"]')));
  onKey('b', () => focusOn(visible('[data-key="b"]')));
  onKey('x', openResolve);
  onKey('p', () => openForm('coordinate'));
  onKey('c', () => openForm('transfer'));
  onKey('v', nextPhoto);
  onKey('h', () => focusOn(photoInFocus('[data-review="shown"]')));
  onKey('i', keepPrivate);
}

// ---------- the queue ----------

function beginQueue(rows) {
  remember(rows);
  const links = [...rows.querySelectorAll('h2 a')];
  links.forEach((link) => link.addEventListener('click', (event) => {
    if (!wide.matches || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.getAttribute('aria-current') && isPaneOf(link)) return; // The second press opens it.
    event.preventDefault();
    showInPane(link);
  }));
  onKey('j', () => step(links, 1));
  onKey('k', () => step(links, -1));
  onKey('Enter', (event) => {
    if (event.target !== document.body) return false;
    const current = rows.querySelector('.current h2 a');
    if (current) window.location.assign(current.href);
    return true;
  });
  const tabs = document.querySelectorAll('.tabs a');
  tabs.forEach((tab, at) => onKey(String(at + 1), () => window.location.assign(tab.href)));
  const wanted = new URLSearchParams(window.location.search).get('selected');
  if (wanted) focusOn(linkOf(wanted));
}

function linkOf(number) {
  return document.querySelector(`[data-number="${CSS.escape(number)}"] h2 a`);
}

function step(links, by) {
  const row = document.activeElement.closest('[data-number]') || document.querySelector('.row.current');
  const at = links.findIndex((link) => row && row.contains(link));
  const isFresh = !document.activeElement.closest('[data-number]');
  const next = links[isFresh ? Math.max(at, 0) : at + by];
  if (!next) return false;
  focusOn(next);
  if (wide.matches && !isPaneOf(next)) showInPane(next);
  return true;
}

function isPaneOf(link) {
  const shown = document.querySelector('#pane [data-case]');
  return Boolean(shown) && shown.dataset.case === link.closest('[data-number]').dataset.number;
}

let asked = null;

async function showInPane(link) {
  const pane = document.querySelector('#pane');
  const row = link.closest('[data-number]');
  if (asked) asked.abort();
  const asking = new AbortController();
  asked = asking;
  mark(row, link);
  pane.setAttribute('aria-busy', 'true');
  const word = setTimeout(() => say(pane, pane.dataset.wait), WORD_AFTER_MS);
  try {
    const answer = await fetch(link.dataset.pane, { signal: asking.signal, redirect: 'error' });
    if (!answer.ok) throw new Error(String(answer.status));
    pane.innerHTML = await answer.text();
    pane.scrollTop = 0;
    keepAddress(row.dataset.number);
  } catch (error) {
    if (error.name !== 'AbortError') say(pane, pane.dataset.failed);
  } finally {
    clearTimeout(word);
    if (asked === asking) pane.removeAttribute('aria-busy');
  }
}

function say(pane, words) {
  const line = pane.querySelector('.panesays') || document.createElement('p');
  line.className = 'panesays info';
  line.setAttribute('role', 'status');
  line.textContent = words;
  pane.prepend(line);
}

function mark(row, link) {
  for (const old of document.querySelectorAll('.row.current')) {
    old.classList.remove('current');
    old.querySelector('h2 a').removeAttribute('aria-current');
  }
  row.classList.add('current');
  link.setAttribute('aria-current', 'true');
}

function keepAddress(number) {
  const address = new URL(window.location);
  address.searchParams.set('selected', number);
  history.replaceState(null, '', address);
  remember(document.querySelector('[data-rows]'));
}

// ---------- one case ----------

function beginCase() {
  const head = document.querySelector('[data-case]');
  const told = document.querySelector('#what-happened') || document.querySelector('.wayback');
  // Two cases side by side are on no list.
  if (!head) {
    focusOn(told);
    return;
  }
  const list = recall();
  const at = list.numbers.indexOf(head.dataset.case);
  if (at >= 0) {
    writeSteps(head, list.numbers, at);
    onKey('j', () => go(list.numbers[at + 1]));
    onKey('k', () => go(list.numbers[at - 1]));
  }
  onKey('u', () => {
    window.location.assign(backTo(list, head.dataset.case));
  });
  const back = head.querySelector('[data-back]');
  if (back) back.href = backTo(list, head.dataset.case);
  focusOn(document.querySelector('[aria-invalid="true"]') || told);
  if (window.location.hash === '#resolve') openResolve();
  if (['#coordinate', '#transfer'].includes(window.location.hash)) {
    openForm(window.location.hash.slice(1));
  }
  restBar(document.querySelector('.actbar.only-phone-bar'));
}

/** Takes the fixed bar of a phone away while the form that it leads to is on the screen. */
function restBar(bar) {
  const button = document.querySelector('#acts .btn.go');
  if (!bar || !button || !('IntersectionObserver' in window)) return;
  const watch = new IntersectionObserver(([seen]) => { bar.hidden = seen.isIntersecting; });
  watch.observe(button.closest('form'));
}

function backTo(list, number) {
  const address = new URL(list.address || '/queue', window.location.origin);
  address.searchParams.set('selected', number);
  return address.pathname + address.search;
}

function writeSteps(head, numbers, at) {
  const steps = head.querySelector('[data-steps]');
  const words = steps.dataset.of.replace('{at}', at + 1).replace('{all}', numbers.length);
  steps.append(` · ${words}`);
  if (numbers[at - 1]) steps.append(' · ', caseLink(numbers[at - 1], steps.dataset.previous));
  if (numbers[at + 1]) steps.append(' · ', caseLink(numbers[at + 1], steps.dataset.next));
  steps.hidden = false;
}

function caseLink(number, words) {
  const link = document.createElement('a');
  link.href = `/cases/${encodeURIComponent(number)}`;
  link.textContent = words;
  return link;
}

function go(number) {
  if (!number) return false;
  window.location.assign(`/cases/${encodeURIComponent(number)}`);
  return true;
}

// ---------- what both share ----------

function openResolve() {
  const form = document.querySelector('details#resolve');
  if (!form) return focusOn(visible('[data-key="x"]'));
  form.open = true;
  form.scrollIntoView({ block: 'nearest' });
  return focusOn(form.querySelector('input[type="file"]'));
}

/** Opens the form of an act on the case's page; beside the queue it leads there. */
function openForm(id) {
  const form = document.querySelector(`details#${id}`);
  if (!form) return focusOn(visible(`[data-key="${id}"]`));
  form.open = true;
  form.scrollIntoView({ block: 'nearest' });
  return focusOn(form.querySelector('select, textarea'));
}

function visible(selector) {
  return [...document.querySelectorAll(selector)].find((found) => found.offsetParent !== null);
}

function nextPhoto() {
  const photos = [...document.querySelectorAll('.photo')].filter((photo) => photo.offsetParent);
  const at = photos.indexOf(document.activeElement.closest('.photo'));
  return focusOn(photos[(at + 1) % photos.length]);
}

function photoInFocus(selector) {
  const photo = document.activeElement.closest('.photo');
  return photo && photo.querySelector(selector);
}

function keepPrivate() {
  const summary = photoInFocus('summary[data-review="private"]');
  if (!summary) return false;
  summary.parentElement.open = true;
  return focusOn(summary.parentElement.querySelector('select'));
}

function remember(rows) {
  const numbers = [...rows.querySelectorAll('[data-number]')].map((row) => row.dataset.number);
  const { pathname, search } = window.location;
  try {
    sessionStorage.setItem(LIST, JSON.stringify({ numbers, address: pathname + search }));
  } catch (error) {
    // Without it, J and K on the case's page do nothing; the list still works.
  }
}

function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(LIST)) || { numbers: [] };
  } catch (error) {
    return { numbers: [] };
  }
}
