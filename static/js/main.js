// Residents' entry: finds the module of this page and keeps the shell on the phone.

const modules = {
  home: () => import('./pages/home.js'),
  report: () => import('./pages/report.js'),
  receipt: () => import('./pages/receipt.js'),
  map: () => import('./pages/map.js'),
  mine: () => import('./pages/mine.js'),
};

async function startPage() {
  const load = modules[document.body.dataset.page];
  if (load) await (await load()).start();
}

function keepShell() {
  if (!('serviceWorker' in navigator)) return;
  // After the page itself: its photos and the form go first on a slow line.
  window.addEventListener('load', () => {
    navigator.serviceWorker.register('/service-worker.js').catch(() => undefined);
  });
}

function showNetwork() {
  const note = document.querySelector('[data-offline]');
  if (!note) return;
  const show = () => { note.hidden = navigator.onLine; };
  window.addEventListener('online', show);
  window.addEventListener('offline', show);
  show();
}

keepShell();
showNetwork();
startPage();
