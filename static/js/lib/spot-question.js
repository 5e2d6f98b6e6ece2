// Asks the server about a spot: quietly, once things rest, and never twice for the same.

// A phone that settles tells several positions in a second or two; the last one is asked about.
const quietMs = 500;
// Longer than this nobody waits for a hint; the form never does.
const patienceMs = 8000;

/**
 * Asks `address` about each new spot.
 *
 * Args: `category()` gives the chosen one or null; `isSame(one, other)` tells whether two questions
 * would have one answer; `onAnswer(answer, question)` hears of every answer. With no network, or
 * when the server will not answer, it hears nothing.
 * Returns `look(spot)`; null takes the question back.
 */
export function makeSpotQuestion(address, { category, isSame, onAnswer }) {
  let timer = null;
  let asked = null; // the newest question
  let running = null;

  async function ask(question) {
    const trial = new AbortController();
    const { signal } = trial;
    const late = setTimeout(() => trial.abort(), patienceMs);
    running = trial;
    const { latitude, longitude, accuracy_m } = question;
    try {
      const answer = await fetch(address, {
        method: 'POST',
        signal,
        headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
        body: JSON.stringify({ latitude, longitude, accuracy_m, category: category() }),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const content = await answer.json();
      if (!signal.aborted) onAnswer(content, question);
    } catch (error) {
      if (asked === question) asked = null; // the same spot may be asked about again
    }
    clearTimeout(late);
  }

  function stop() {
    clearTimeout(timer);
    if (running) running.abort();
    running = null;
  }

  return function look(spot) {
    if (!spot || !navigator.onLine) { stop(); asked = null; return; }
    if (asked && isSame(spot, asked)) return;
    stop();
    asked = { ...spot };
    timer = setTimeout(() => ask(asked), quietMs);
  };
}
