// Bars of tabs that scroll sideways where they do not fit.

/** Moves each bar so that its chosen tab stands in the middle; the page itself stays where it is. */
export function showChosenTabs(root) {
  for (const tab of root.querySelectorAll('.tabs [aria-current]')) {
    const bar = tab.closest('.tabs');
    bar.scrollLeft = tab.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  }
}
