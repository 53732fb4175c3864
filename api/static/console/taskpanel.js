// The panel beside the open dialog: its tasks, and what can be done to them.

import { toolButton, wordButton } from "../shared/controls.js";
import { h, reconcile, setText } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { recall, remember } from "../shared/store.js";
import { todayIn } from "./calendar.js";
import { TaskActs } from "./taskacts.js";
import { dateForm, editForm, newForm } from "./taskforms.js";
import { fillTask, makeTask, stop } from "./taskitem.js";
import { isLate } from "./taskwords.js";

const KEY = "okno.tasks";
// Days and hours go by without an event.
const TICK_MS = 30_000;

/** Shows DialogTasks; `context`: i18n, me, zone, mayWrite, toasts, tell(text), fail(text), evidence, reveal(task). */
export class TaskPanel {
  constructor(tasks, context) {
    Object.assign(this, { tasks, context, i18n: context.i18n, acts: new TaskActs(tasks, context), wanted: null });
    // Where there is no room beside the dialog the panel lies over it while it is needed.
    this.narrow = matchMedia("(max-width: 1180px)");
    this.opened = false;
    this.itemContext = { ...context, acts: this.itemActs(), show: (task) => this.show(task) };
    this.element = this.build();
    this.button = this.buildButton();
    tasks.addEventListener("change", () => this.change());
    tasks.thread.addEventListener("change", (event) => this.follow(event.detail.reset));
    this.narrow.addEventListener("change", () => this.change());
    this.i18n.bind(() => this.change());
    setInterval(() => this.change(), TICK_MS);
  }

  build() {
    const { i18n, context } = this;
    this.title = h("h2", { tabindex: "-1" });
    this.addButton = toolButton(i18n, "addTask", "plus", () => this.add());
    this.addButton.hidden = !context.mayWrite;
    const close = toolButton(i18n, "closeTasks", "close", () => this.toggle());
    const head = h("header", { class: "card-head" }, this.title, h("span", { class: "spring" }), this.addButton, close);
    this.slot = h("div", { class: "task-slot" });
    this.empty = h("p", { class: "tasks-empty" });
    this.list = h("ul", { class: "task-list" });
    this.closedList = h("ul", { class: "task-list" });
    this.closedCount = h("summary");
    this.closed = h("details", { class: "tasks-closed" }, this.closedCount, this.closedList);
    const element = h("aside", { class: "tasks", hidden: true, ...this.listeners() }, [
      head, this.slot, this.empty, this.list, this.closed,
    ]);
    i18n.bind(() => element.setAttribute("aria-label", i18n.t("tasks")));
    return element;
  }

  listeners() {
    return {
      onMouseover: (event) => this.point("hovered", event.target),
      onMouseleave: () => this.point("hovered", null),
      onFocusin: (event) => this.point("focused", event.target),
      onFocusout: () => this.point("focused", null),
      onKeydown: (event) => event.key === "Escape" && this.narrow.matches && this.toggle(),
    };
  }

  /** What opens the panel from the dialog's header. */
  buildButton() {
    this.count = h("span", { class: "badge" });
    const press = { onClick: () => this.toggle() };
    return h("button", { type: "button", class: "tool tasks-button", ...press }, icon("task"), this.count);
  }

  // ---- open and closed ----

  get isOpen() {
    return this.narrow.matches ? this.opened : recall(KEY) !== "no";
  }

  setOpen(open) {
    if (this.narrow.matches) this.opened = open;
    else remember(KEY, open ? "yes" : "no");
    this.change();
  }

  /** Opens or closes the panel; where there is room for it also for later dialogs. */
  toggle() {
    this.setOpen(!this.isOpen);
    (this.isOpen ? this.title : this.button).focus();
  }

  /** Puts the focus on the first task. */
  enter() {
    if (this.tasks.thread.state !== "ready") return;
    this.setOpen(true);
    const [first] = this.list.children;
    (first ? stop(first) : this.title).focus();
  }

  follow(another) {
    if (another && this.tasks.thread.state !== "ready") {
      this.opened = false;
      this.slot.replaceChildren();
      this.closed.open = false;
    }
    this.change();
  }

  // ---- what is shown ----

  /** Shows what there is, without taking the focus from where it is. */
  change() {
    const { tasks, i18n } = this;
    const ready = tasks.thread.state === "ready";
    this.element.hidden = !ready || !this.isOpen;
    this.showButton();
    if (!ready) return;
    const { standing, closed } = tasks;
    const at = [...this.list.children].findIndex((li) => li.contains(document.activeElement));
    this.showHead(standing, closed);
    reconcile(this.list, standing, this.spec);
    reconcile(this.closedList, closed, this.spec);
    if (at >= 0) this.keepFocus(at);
    this.closed.hidden = !closed.length;
    setText(this.closedCount, i18n.t("closedTasks", { n: closed.length }));
    if (this.wanted !== null) this.seek();
  }

  get spec() {
    const { i18n, context } = this;
    const today = todayIn(context.zone);
    return {
      key: (task) => task.number,
      mark: (task) => JSON.stringify([i18n.lang, today, isLate(task), task]),
      make: makeTask,
      fill: (li, task) => fillTask(li, task, this.itemContext),
    };
  }

  showButton() {
    const { openCount: n } = this.tasks;
    const late = this.tasks.standing.some(isLate);
    this.button.setAttribute("aria-expanded", String(!this.element.hidden));
    const words = n ? this.i18n.t("tasksCount", { n }) : this.i18n.t("tasks");
    this.button.setAttribute("aria-label", words);
    this.button.title = words;
    this.count.hidden = !n;
    this.count.className = late ? "badge late" : "badge";
    setText(this.count, String(n));
  }

  showHead(standing, closed) {
    const { t } = this.i18n;
    const { state, error, openCount: n } = this.tasks;
    setText(this.title, n ? t("tasksCount", { n }) : t("tasks"));
    this.empty.hidden = standing.length > 0;
    if (state === "failed") this.empty.replaceChildren(...this.failure(error));
    else setText(this.empty, t(state === "loading" ? "loading" : closed.length ? "noTasksLeft" : "noTasks"));
  }

  failure(error) {
    const { t } = this.i18n;
    const words = h("span", { role: "alert" }, t("tasksFailed", { why: error.message }));
    return [words, " ", wordButton("link", t("again"), () => this.tasks.refresh())];
  }

  /** A task that was closed has left the list and taken the focus along: the next one has it then. */
  keepFocus(at) {
    if (this.element.contains(document.activeElement)) return;
    const li = this.list.children[Math.min(at, this.list.children.length - 1)];
    (li ? stop(li) : this.title).focus({ preventScroll: true });
  }

  /** Remembers which task the mouse or the focus is on. Its words stand out, also once the panel made way for them. */
  point(what, target) {
    this[what] = Number(target?.closest(".task")?.dataset.key) || null;
    if (this.element.hidden) return;
    this.context.evidence.point(this.hovered ?? this.focused ?? null);
  }

  // ---- what is done ----

  itemActs() {
    const { acts, context } = this;
    const now = (task) => this.tasks.known.get(task.number) ?? task;
    const form = (make, act, told) => (task) => {
      const save = (fields) => acts.set(now(task), fields, told);
      const opener = () => this.itemOf(task.number)?.querySelector(`[data-act="${act}"]`);
      const slot = this.itemOf(task.number).lastElementChild;
      this.put(slot, act, (close) => make(now(task), context, { save, close }), opener);
    };
    return {
      set: (...asked) => acts.set(...asked),
      own: (task) => acts.own(task),
      settle: (...asked) => acts.settle(...asked),
      undo: (task) => acts.undoLast(task),
      edit: form(editForm, "edit", "told-edited"),
      move: form(dateForm, "move", "told-moved"),
    };
  }

  /** Opens the form for a new task. */
  add() {
    const make = (close) => newForm(this.context, { save: (fields) => this.acts.make(fields), close });
    this.put(this.slot, "add", make, () => this.addButton);
  }

  /** Puts a form into its place, or takes it away if it is there; the focus goes along, and back to what opened it. */
  put(slot, name, make, opener) {
    const close = () => {
      slot.replaceChildren();
      (opener() ?? this.title).focus();
    };
    if (slot.firstElementChild?.name === name) return close();
    const form = make(close);
    form.name = name;
    slot.replaceChildren(form);
    form.querySelector("input, select").focus();
    return null;
  }

  // ---- one task ----

  itemOf(number) {
    return this.element.querySelector(`.task[data-key="${number}"]`);
  }

  /** Leads to the words that prove a task. */
  show(task) {
    if (this.narrow.matches) this.toggle();
    return this.context.reveal(task);
  }

  /** Opens the panel and puts the focus on a task as soon as it is there. */
  focus(number) {
    this.wanted = number;
    this.setOpen(true);
  }

  seek() {
    if (this.tasks.state !== "ready") return;
    const task = this.tasks.known.get(this.wanted);
    this.wanted = null;
    if (!task) return;
    const li = this.itemOf(task.number);
    if (this.closedList.contains(li)) this.closed.open = true;
    stop(li).focus({ preventScroll: true });
    li.scrollIntoView({ block: "nearest" });
    if (task.evidence.length && !this.narrow.matches) this.context.reveal(task);
  }
}
