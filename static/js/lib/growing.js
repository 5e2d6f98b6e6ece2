// A box of words that grows with them, for browsers that do not know `field-sizing: content`.

/** Keeps `box` as tall as its words, from now on. */
export function growWithWords(box) {
  if (window.CSS && CSS.supports('field-sizing', 'content')) return;
  const fit = () => {
    box.style.height = 'auto';
    const border = box.offsetHeight - box.clientHeight;
    box.style.height = `${box.scrollHeight + border}px`;
  };
  box.addEventListener('input', fit);
  fit();
}
