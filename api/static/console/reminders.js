// Tasks that fall due, told to whoever owns them; those that nobody owns to everybody.

import { signButton, wordButton } from "../shared/controls.js";
import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { dueWords } from "./taskwords.js";

const WORDS = { "task.due_soon": "remindSoon", "task.overdue": "remindLate" };
// After a change of one of these it is another matter.
const MATTERS = ["status", "due", "due_time", "assignee"];

/**
 * A line below the bar while there is something to remind of; `context`: i18n, me, zone, tell(text), open(dialog, task).
 */
export class Reminders {
  constructor(context) {
    Object.assign(this, { context, i18n: context.i18n, due: new Map() });
    this.element = h("section", { class: "due-line", hidden: true });
    this.i18n.bind(() => this.element.setAttribute("aria-label", this.i18n.t("reminders")));
    this.i18n.bind(() => this.show());
  }

  /** Takes in an event about a task. */
  hear(event) {
    const { type, data } = event;
    if (type === "task.changed" && MATTERS.some((name) => name in data.after)) this.forget(data.task);
    if (type in WORDS && this.concerns(data)) this.remind(event);
  }

  concerns({ assignee }) {
    return assignee === null || assignee === this.context.me.id;
  }

  remind(event) {
    const { task } = event.data;
    this.due.delete(task);
    this.due.set(task, event);
    this.context.tell(this.words(event));
    this.show();
  }

  forget(number) {
    if (this.due.delete(number)) this.show();
  }

  /** Shows what was told last, and how many others wait behind it. */
  show() {
    const last = [...this.due.values()].at(-1);
    this.element.hidden = !last;
    if (!last) return;
    const { t } = this.i18n;
    const { dialog, data } = last;
    const go = () => {
      this.forget(data.task);
      this.context.open(dialog, data.task);
    };
    const others = this.due.size - 1;
    const words = wordButton("due-words", this.words(last), go);
    words.dir = "auto";
    const more = others ? h("span", { class: "due-more" }, t("moreDue", { n: others })) : null;
    const close = signButton(t("closeReminder"), "close", () => this.close(data.task));
    this.element.replaceChildren(icon("alert"), words, ...[more, close].filter(Boolean));
  }

  /** The next one has the focus of the one that is closed. */
  close(number) {
    this.forget(number);
    this.element.querySelector(".tool")?.focus();
  }

  words({ type, data }) {
    const { i18n, zone } = this.context;
    const { near } = dueWords({ ...data, status: "" }, i18n, zone);
    return i18n.t(WORDS[type], { title: data.title, when: near });
  }
}
