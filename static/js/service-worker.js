// Keeps the app's shell on the phone: pages from the network first, what was kept when it is gone.
//
// SHELL_FILES and SHELL_VERSION are written in by static/build.mjs.

const cacheName = `anlo-${SHELL_VERSION}`;
const offlinePage = '/offline';
// Pages that say nothing about a person and may be shown from the phone: with no signal a
// resident can still fill in the form. Everything else (keys, officials' pages) is never kept.
// The form's own key in /report is only for browsers without JavaScript, which have no worker;
// with it every draft makes a key of its own, so that a kept form never sends one twice.
const keptPages = ['/', '/report', '/mine', '/map', '/results', '/data-notice', offlinePage];
// What the map and the expected commune are drawn from.
const keptData = ['/map/land.json'];
// A line that hangs is no better than none; the kept page comes instead.
const patienceMs = 6000;

self.addEventListener('install', (event) => {
  event.waitUntil(precache().then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOldShells().then(() => self.clients.claim()));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== 'GET' || address.origin !== self.location.origin) return;
  if (address.pathname.startsWith('/static/dist/')) {
    event.respondWith(fromCacheFirst(request));
  } else if (keptData.includes(address.pathname)) {
    event.respondWith(fromNetworkFirst(request, address.pathname));
  } else if (request.mode === 'navigate') {
    event.respondWith(pageFor(request, address));
  }
});

async function precache() {
  const cache = await caches.open(cacheName);
  await cache.addAll([...SHELL_FILES, offlinePage]);
  // The form is worth having before it was ever opened; failing that must not stop the rest.
  await Promise.all(['/report', '/mine', ...keptData].map((page) => cache.add(page).catch(() => undefined)));
}

async function forgetOldShells() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith('anlo-') && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
}

// Files with a hash in their name never change.
async function fromCacheFirst(request) {
  return (await caches.match(request)) || fetch(request);
}

async function fromNetworkFirst(request, key) {
  const cache = await caches.open(cacheName);
  try {
    const answer = await withinPatience(fetch(request));
    if (answer.ok && !answer.redirected) await cache.put(key, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
}

async function fromNetworkOnly(request, otherwise) {
  try {
    return await withinPatience(fetch(request));
  } catch (error) {
    const kept = await (await caches.open(cacheName)).match(otherwise);
    if (kept) return kept;
    throw error;
  }
}

async function pageFor(request, address) {
  try {
    // A form that names a case is good for that case only; the plain one comes in its place.
    if (address.searchParams.has('seen')) return await fromNetworkOnly(request, address.pathname);
    if (keptPages.includes(address.pathname)) return await fromNetworkFirst(request, address.pathname);
    return await fetch(request);
  } catch (error) {
    return (await caches.match(offlinePage)) || Response.error();
  }
}

function withinPatience(promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('too slow')), patienceMs);
    promise.then(resolve, reject).then(() => clearTimeout(timer));
  });
}
