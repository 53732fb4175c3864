// What is said of a task: its kind, when it is due, and the change somebody is asked about.

import { dateWords, daysBetween, momentWords, nearWords, todayIn } from "./calendar.js";

// Days further away are told by their date alone.
const NEAR_DAYS = 30;

export const SIGNS = { request: "tray", question: "help", complaint: "complaint", commitment: "pledge" };

/** What a form chooses from: each kind, and whose promise it is. */
export const KINDS = ["request", "question", "complaint", "commitment:operator", "commitment:client"];

/** Of a kind chosen there the fields. */
export function kindFields(choice) {
  const [kind, promiser] = choice.split(":");
  return promiser ? { kind, promised_by: promiser } : { kind };
}

/** The kind of a task as it is chosen there. */
export function kindChoice({ kind, promised_by: promiser }) {
  return kind === "commitment" ? `${kind}:${promiser ?? "operator"}` : kind;
}

export function kindWords(choice, { t }) {
  return t(`kind-${choice}`);
}

/** Whether the day of an open task is over, also when the server last said so before. */
export function isLate({ status, overdue, due_at: at }) {
  return status === "open" && (overdue || (at !== null && Date.parse(at) <= Date.now()));
}

/**
 * When a task is due: {near, exact, full, late}, "tomorrow by 18:00" and "Fri, 27 Nov" and all of it for a tooltip;
 * null without a day.
 */
export function dueWords(task, i18n, zone) {
  if (!task.due) return null;
  const { lang, t } = i18n;
  const today = todayIn(zone);
  const far = Math.abs(daysBetween(today, task.due)) > NEAR_DAYS;
  const exact = dateWords(lang, today, task.due);
  const day = far ? exact : nearWords(lang, today, task.due);
  const when = task.due_time ? t("dayBy", { day, time: task.due_time }) : day;
  const late = isLate(task);
  const moment = momentWords(lang, task.due_at, zone);
  const full = task.due_phrase ? `${moment}, «${task.due_phrase}»` : moment;
  return { near: late ? t("overdueSince", { when }) : when, exact: far ? null : exact, full, late };
}

/** The question a suggested change is; it names all that would change. */
export function questionWords({ suggestion }, i18n, { zone, me }) {
  const { t } = i18n;
  const { status, title, kind, promised_by: promiser, priority, assignee } = suggestion;
  const asked = [
    status ? t(`ask-${status}`) : null,
    dayQuestion(suggestion, i18n, todayIn(zone)),
    title ? t("askTitle", { title }) : null,
    kind ? t("askKind", { kind: kindWords(kindChoice({ kind, promised_by: promiser }), i18n) }) : null,
    priority ? t(`ask-${priority}`) : null,
    assignee ? t(assignee === me.id ? "askMine" : "askAssignee", { n: assignee }) : null,
  ];
  return asked.filter(Boolean).join(" ");
}

function dayQuestion({ due, due_time: time }, { lang, t }, today) {
  if (due === undefined) return time ? t("askTime", { time }) : null;
  if (due === null) return t("askNoDue");
  const day = dateWords(lang, today, due);
  return t("askDue", { when: time ? t("dayBy", { day, time }) : day });
}
