// Bars of tabs that scroll sideways where they do not fit.

const bars = ['.tabs', '.bottomnav ul'];

/** Moves each bar so that its chosen tab stands in the middle; the page itself stays where it is. */
export function showChosenTabs(root) {
  for (const tab of root.querySelectorAll(bars.map((bar) => `${bar} [aria-current]`).join())) {
    const bar = tab.closest(bars.join());
    bar.scrollLeft = tab.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  }
}
