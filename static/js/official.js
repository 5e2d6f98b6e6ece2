// Entry point of the officials' pages: what every page needs, then the page's own module.

import { keepFormsSingle, sendFiltersAtOnce } from './lib/forms.js';
import { listenToKeys } from './lib/shortcuts.js';
import { showChosenTabs } from './lib/tabs.js';

const pages = {
  crossings: () => import('./pages/crossings.js'),
  casework: () => import('./pages/casework.js'),
  triage: () => import('./pages/triage.js'),
};

keepFormsSingle(document);
sendFiltersAtOnce(document);
listenToKeys();
showChosenTabs(document);

const load = pages[document.body.dataset.page];
if (load) load().then((page) => page.begin());
