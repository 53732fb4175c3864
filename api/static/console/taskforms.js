// The forms about a task: a new one, its title and kind, its day.

import { wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { dateWords, quickDays, todayIn } from "./calendar.js";
import { kindChoice, kindFields, kindWords, KINDS } from "./taskwords.js";

const MAX_TITLE = 200;

/**
 * Each makes a form; `context`: i18n, zone. `acts`: save(fields) promises whether it went well, close() takes the form
 * away.
 */
export function newForm(context, acts) {
  const { i18n } = context;
  const title = titleField(i18n, "");
  const kind = kindField(i18n, "request");
  const day = dayFields(context, {}, null);
  const fields = () => ({ title: title.input.value.trim(), ...kindFields(kind.input.value), ...filled(day.fields()) });
  return form(i18n, "addTask", [title.label, kind.label, ...day.parts], fields, acts);
}

export function editForm(task, { i18n }, acts) {
  const title = titleField(i18n, task.title);
  const kind = kindField(i18n, kindChoice(task));
  const fields = () => ({ title: title.input.value.trim(), ...kindFields(kind.input.value) });
  return form(i18n, "saveEdit", [title.label, kind.label], fields, acts);
}

export function dateForm(task, context, acts) {
  const { i18n } = context;
  const save = async (fields) => (await acts.save(fields)) && acts.close();
  const day = dayFields(context, task, (due) => save({ due, due_time: task.due_time }));
  const never = task.due ? wordButton("link", i18n.t("noDay"), () => save({ due: null })) : null;
  return form(i18n, "saveEdit", day.parts, day.fields, acts, never);
}

function form(i18n, saveKey, parts, fields, { save, close }, extra = null) {
  const { t } = i18n;
  const button = h("button", { type: "submit", class: "mini primary" }, t(saveKey));
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    if (await save(fields())) close();
    else button.disabled = false;
  };
  const leave = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  };
  const end = h("div", { class: "task-end" }, button, wordButton("mini quiet", t("cancelEdit"), close), extra);
  return h("form", { class: "task-form", onSubmit: submit, onKeydown: leave }, parts, end);
}

function titleField(i18n, value) {
  const input = h("input", { type: "text", value, required: true, maxlength: String(MAX_TITLE), autocomplete: "off" });
  return { input, label: labelled(i18n, "taskTitle", input) };
}

function kindField(i18n, value) {
  const input = h("select", {}, KINDS.map((choice) => h("option", { value: choice }, kindWords(choice, i18n))));
  input.value = value;
  return { input, label: labelled(i18n, "taskKind", input) };
}

/** A day with an hour, and the days most often meant: one click puts such a day in, or where `pick` is given has it. */
function dayFields({ i18n, zone }, { due, due_time: time }, pick) {
  const today = todayIn(zone);
  const day = h("input", { type: "date", value: due ?? "" });
  const hour = h("input", { type: "time", value: time ?? "" });
  const put = pick ?? ((wanted) => (day.value = wanted));
  const quick = quickDays(today).map(([key, wanted]) => {
    const button = wordButton("mini quiet", i18n.t(key), () => put(wanted));
    button.title = dateWords(i18n.lang, today, wanted);
    return button;
  });
  const fields = () => ({ due: day.value || null, due_time: (day.value && hour.value) || null });
  const pair = h("div", { class: "task-when" }, labelled(i18n, "taskDay", day), labelled(i18n, "taskHour", hour));
  const choices = h("div", { class: "task-quick", role: "group", "aria-label": i18n.t("quickDays") }, quick);
  return { parts: [choices, pair], fields };
}

function labelled(i18n, key, input) {
  return h("label", {}, h("span", {}, i18n.t(key)), input);
}

function filled(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
