// Times and sizes in the reader's words.

const DAY_MS = 86_400_000;

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** "12:40". */
export function clock(lang, at) {
  return new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(at));
}

/** "Today", "Yesterday", "Monday, 3 November", with the year when it is another one. */
export function day(lang, at) {
  const date = new Date(at);
  const ago = Math.round((startOfDay(new Date()) - startOfDay(date)) / DAY_MS);
  const near = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
  if (ago === 0 || ago === 1) return capital(near.format(-ago, "day"));
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return capital(new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long", year }).format(date));
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The shortest useful time for a list: the clock today, else the date. */
export function brief(lang, at) {
  const date = new Date(at);
  if (startOfDay(date) === startOfDay(new Date())) return clock(lang, at);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "2-digit";
  return new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", year }).format(date);
}

/** Date and time in full, for tooltips. */
export function full(lang, at) {
  return new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "medium" }).format(new Date(at));
}

/** Whether two times lie on one local calendar day. */
export function sameDay(a, b) {
  return startOfDay(new Date(a)) === startOfDay(new Date(b));
}

/** "12 kB", "3.4 MB". */
export function size(lang, bytes) {
  const step = bytes < 1_000_000 ? [bytes / 1000, "kilobyte"] : [bytes / 1_000_000, "megabyte"];
  const options = { style: "unit", unit: step[1], maximumFractionDigits: step[0] < 10 ? 1 : 0 };
  return new Intl.NumberFormat(lang, options).format(step[0]);
}
