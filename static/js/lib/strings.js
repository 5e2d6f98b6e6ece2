// Sentences that scripts show: written by the template, so that one translation serves both.

let sentences = null;

function read() {
  const block = document.getElementById('sentences');
  sentences = block ? JSON.parse(block.textContent) : {};
  return sentences;
}

/** The sentence called `name`, its {gaps} filled from `values`. */
export function say(name, values = {}) {
  const sentence = (sentences || read())[name];
  if (sentence === undefined) throw new Error(`no sentence called ${name}`);
  return sentence.replace(/\{(\w+)\}/g, (gap, key) => (key in values ? values[key] : gap));
}
