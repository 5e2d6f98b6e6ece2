// Small ways to reach and make elements, so that pages read like what they do.

/** The first element inside `root` marked data-`name`. */
export function part(name, root = document) {
  return root.querySelector(`[data-${name}]`);
}

/** Shows or hides an element that may be absent. */
export function show(element, isShown) {
  if (element) element.hidden = !isShown;
}

/** A new element: `make('p', {class: 'small'}, 'words', child)`; true and false toggle attributes. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const svg = 'http://www.w3.org/2000/svg';

/** A new SVG element with `attributes`. */
export function makeSvg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(svg, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A drawing of the page's sprite: `use('icon', 'i-close')`, `use('shape', 's-half')`. */
export function use(kind, symbol) {
  const box = symbol.startsWith('p-') ? '0 0 40 40' : '0 0 24 24';
  return makeSvg('svg', { class: kind, viewBox: box, 'aria-hidden': 'true' }, makeSvg('use', { href: `#${symbol}` }));
}

/** Runs `act` once `quietMs` have passed without another call. */
export function afterQuiet(act, quietMs) {
  let timer = null;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, quietMs);
  };
}
