// One task as the operator sees it beside its dialog.

import { signButton, wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { brief } from "../shared/format.js";
import { icon } from "../shared/icons.js";
import { dueWords, kindChoice, kindWords, questionWords, SIGNS } from "./taskwords.js";

const STANDING = ["open", "proposed"];
// Where a task can go by one click: the look of the button, the key of its words, the status.
const WAYS = {
  proposed: [["primary", "accept", "open"], ["quiet", "finish", "done"], ["quiet", "noTask", "rejected"]],
  open: [["quiet finish", "finish", "done"], ["quiet", "drop", "cancelled"], ["quiet", "noTask", "rejected"]],
};

/** A list item for a task: what is said of it, built anew when it changes, and a place for a form, which is not. */
export function makeTask() {
  return h("li", { class: "task", tabindex: "-1" }, h("div", { class: "task-body" }), h("div", { class: "task-slot" }));
}

/**
 * Fills the item; `context`: i18n, me, zone, mayWrite, show(task), and what can be done to one (`acts`): set(task,
 * fields, key), own(task), undo(task), settle(task, "accept" | "dismiss"), edit(task), move(task).
 */
export function fillTask(li, task, context) {
  const [body] = li.children;
  const stands = STANDING.includes(task.status);
  const due = dueWords(task, context.i18n, context.zone);
  li.className = `task ${task.status}${due?.late ? " late" : ""}`;
  const parts = [top(task, context), title(task, context)];
  if (stands) parts.push(facts(task, due, context), question(task, context));
  parts.push(context.mayWrite ? ends(task, context) : null);
  // A button that is built anew keeps the focus.
  const held = body.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  body.replaceChildren(...parts.filter(Boolean));
  for (const button of body.querySelectorAll("[data-act]:not(.task-title)")) {
    button.setAttribute("aria-description", task.title);
  }
  if (held) (body.querySelector(`[data-act="${held}"]`) ?? stop(li)).focus({ preventScroll: true });
}

/** What the focus goes to when it goes to a task. */
export function stop(li) {
  return li.querySelector(".task-title[data-act]") ?? li;
}

function top(task, { i18n, mayWrite, acts }) {
  const kind = h("span", { class: "task-kind" }, icon(SIGNS[task.kind]), kindWords(kindChoice(task), i18n));
  const number = h("span", { class: "task-number" }, `№ ${task.number}`);
  const stands = STANDING.includes(task.status);
  const edit = stands ? tool("edit", "editTask", i18n, () => acts.edit(task)) : null;
  const undo = task.updated_at === task.created_at ? null : tool("undo", "undoLast", i18n, () => acts.undo(task));
  const tools = mayWrite ? h("span", { class: "actions" }, [edit, undo].filter(Boolean)) : null;
  return h("div", { class: "task-top" }, h("span", { class: "task-what" }, kind, number, chips(task, i18n)), tools);
}

function chips({ status, confidence, origin, priority }, { lang, t }) {
  const percent = () => new Intl.NumberFormat(lang, { style: "percent" }).format(confidence);
  return [
    status === "proposed" ? h("span", { class: "chip proposed" }, t("proposedSure", { percent: percent() })) : null,
    priority === "high" ? h("span", { class: "chip high" }, t("highPriority")) : null,
    origin === "delivery" ? h("span", { class: "chip" }, t("fromDelivery")) : null,
  ];
}

/** The title leads to the words that prove the task; a task without any leads nowhere. */
function title(task, { i18n, show }) {
  const look = { class: "task-title", dir: "auto" };
  if (!task.evidence.length) return h("p", look, task.title);
  const button = h("button", { ...look, type: "button", onClick: () => show(task) }, task.title);
  button.title = i18n.t("showWords");
  button.dataset.act = "show";
  return button;
}

function facts(task, due, context) {
  const { i18n, mayWrite } = context;
  const day = mayWrite ? dayButton(task, due, context) : dueAlone(due);
  const asked = task.nudged_at ? i18n.t("nudged", { when: brief(i18n.lang, task.nudged_at) }) : null;
  const nudged = asked ? h("p", { class: "task-nudged" }, asked) : null;
  return h("div", { class: "task-facts" }, day, owner(task, context), nudged);
}

function dueAlone(due) {
  return due && h("span", { class: "due", title: due.full }, dueParts(due));
}

function dayButton(task, due, { i18n, acts }) {
  const aloud = h("span", { class: "hidden" }, i18n.t("changeDay"));
  const parts = due ? [aloud, ...dueParts(due)] : [icon("calendar"), i18n.t("addDay")];
  const button = h("button", { type: "button", class: "due", title: due?.full, onClick: () => acts.move(task) }, parts);
  button.dataset.act = "move";
  return button;
}

/** The parts of a due date, also for lists. */
export function dueParts({ near, exact, late }) {
  const aside = exact ? h("span", { class: "exact" }, exact) : null;
  return [icon(late ? "alert" : "calendar"), h("span", {}, near), aside].filter(Boolean);
}

function owner(task, { i18n, me, mayWrite, acts }) {
  const { t } = i18n;
  const { assignee } = task;
  const mine = assignee?.id === me.id;
  const name = mine ? t("ownerYou") : (assignee?.name ?? t("nobodyTask"));
  // That it is nobody's is said by the button as well.
  const who = assignee || !mayWrite ? h("span", { class: "owner", dir: "auto" }, name) : null;
  if (!mayWrite) return h("span", { class: "task-owner" }, who);
  const key = mine ? "release" : assignee ? "takeOver" : "takeTask";
  return h("span", { class: "task-owner" }, who, act("link", key, "own", i18n, () => acts.own(task)));
}

/** What a machine is not sure of is asked. */
function question(task, context) {
  if (!task.suggestion) return null;
  const { i18n, mayWrite, acts } = context;
  const words = h("span", { dir: "auto" }, questionWords(task, i18n, context));
  const yes = act("mini primary", "yes", "yes", i18n, () => acts.settle(task, "accept"));
  const no = act("mini quiet", "no", "no", i18n, () => acts.settle(task, "dismiss"));
  const box = { class: "task-question", role: "group", "aria-label": i18n.t("suggested") };
  return h("div", box, icon("help"), words, ...(mayWrite ? [yes, no] : []));
}

function ends(task, { i18n, acts }) {
  const { status } = task;
  const buttons = (WAYS[status] ?? [["quiet", "reopenTask", "open"]]).map(([look, key, to]) => {
    return act(`mini ${look}`, key, to, i18n, () => acts.set(task, { status: to }, `told-${to}`));
  });
  const ended = STANDING.includes(status) ? null : h("span", { class: "ended" }, i18n.t(`ended-${status}`));
  return h("div", { class: "task-end" }, ended, buttons);
}

function tool(sign, key, i18n, onClick) {
  const button = signButton(i18n.t(key), sign, onClick);
  button.dataset.act = sign;
  return button;
}

function act(look, key, name, i18n, onClick) {
  const button = wordButton(look, i18n.t(key), onClick);
  button.dataset.act = name;
  return button;
}
