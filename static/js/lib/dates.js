// Days and hours as people say them, in the page's own language.

const language = () => document.documentElement.lang || 'vi';

function isSameDay(one, other) {
  return one.toDateString() === other.toDateString();
}

/** 9:12 today; 9:12 12/7 on another day. */
export function moment(iso, now = new Date()) {
  const at = new Date(iso);
  const clock = new Intl.DateTimeFormat(language(), { hour: 'numeric', minute: '2-digit', hour12: false }).format(at);
  return isSameDay(at, now) ? clock : `${clock}\u00a0${shortDay(at)}`;
}

/** 12/7, or 12/7/2025 in another year. */
export function shortDay(value, now = new Date()) {
  const at = dayOf(value);
  const day = `${at.getDate()}/${at.getMonth() + 1}`;
  return at.getFullYear() === now.getFullYear() ? day : `${day}/${at.getFullYear()}`;
}

/** thứ Tư 15/7, with the year when it is another one. */
export function longDay(value, now = new Date()) {
  const at = dayOf(value);
  const weekday = new Intl.DateTimeFormat(language(), { weekday: 'long' }).format(at);
  return `${weekday.replace('Thứ', 'thứ').replace('Chủ Nhật', 'Chủ nhật')}\u00a0${shortDay(at, now)}`;
}

// A plain date is a day of the calendar, not midnight in Greenwich.
function dayOf(value) {
  if (value instanceof Date) return value;
  const plain = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
  return plain ? new Date(+plain[1], plain[2] - 1, +plain[3]) : new Date(value);
}

/** Whole days from `value` until today; negative when it lies ahead. */
export function daysSince(value, now = new Date()) {
  const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate());
  return Math.round((midnight(now) - midnight(dayOf(value))) / 86400000);
}
