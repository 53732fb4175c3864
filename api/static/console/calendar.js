// Days by the business's clock, as "2026-11-27": an operator may sit in another time zone.

const DAY_MS = 86_400_000;
const FRIDAY = 5;
const MONDAY = 1;

/** Today in an IANA time zone. */
export function todayIn(timeZone) {
  // Swedes write dates the way ISO 8601 does.
  return new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format();
}

export function addDays(day, count) {
  return new Date(Date.parse(day) + count * DAY_MS).toISOString().slice(0, 10);
}

/** How many days from one to the other; negative when it lies before. */
export function daysBetween(from, to) {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS;
}

/** The days most often meant, with the keys of their names. */
export function quickDays(today) {
  return [
    ["today", today],
    ["tomorrow", addDays(today, 1)],
    ["friday", nextOf(today, FRIDAY)],
    ["nextWeek", nextOf(today, MONDAY)],
  ];
}

/** The first such day of the week (0 is Sunday) after `day`. */
function nextOf(day, weekday) {
  const ahead = (weekday - new Date(day).getUTCDay() + 7) % 7;
  return addDays(day, ahead || 7);
}

/** "today", "in 3 days". */
export function nearWords(lang, today, day) {
  return new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(daysBetween(today, day), "day");
}

/** "Fri, 27 Nov", with the year when it is another one, and without the weekday when the day's own name says it. */
export function dateWords(lang, today, day) {
  const year = day.slice(0, 4) === today.slice(0, 4) ? undefined : "numeric";
  const weekday = daysBetween(today, day) > 1 ? "short" : undefined;
  const look = { weekday, day: "numeric", month: "short", year, timeZone: "UTC" };
  return new Intl.DateTimeFormat(lang, look).format(new Date(day));
}

/** A moment in full, by the business's clock, with its zone. */
export function momentWords(lang, at, timeZone) {
  const look = { dateStyle: "full", timeStyle: "short", hourCycle: "h23", timeZone };
  const zone = new Intl.DateTimeFormat(lang, { timeZone, timeZoneName: "short" }).formatToParts(new Date(at));
  const name = zone.find(({ type }) => type === "timeZoneName").value;
  return `${new Intl.DateTimeFormat(lang, look).format(new Date(at))} ${name}`;
}
