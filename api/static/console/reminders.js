// Tasks that fall due, told to whoever owns them; those that nobody owns to everybody.

import { dueWords } from "./taskwords.js";

const WORDS = { "task.due_soon": "remindSoon", "task.overdue": "remindLate" };
// After a change of one of these it is another matter.
const MATTERS = ["status", "due", "due_time", "assignee"];

/** `context`: i18n, me, zone, toasts; `open(dialog, task)` leads to one. */
export class Reminders {
  constructor(context, open) {
    Object.assign(this, { context, open });
  }

  hear({ type, dialog, data }) {
    const { toasts } = this.context;
    if (type === "task.changed" && MATTERS.some((name) => name in data.after)) toasts.forget(data.task);
    if (!(type in WORDS) || !this.concerns(data)) return;
    toasts.remind(data.task, () => this.words(type, data), () => this.open(dialog, data.task));
  }

  concerns({ assignee }) {
    return assignee === null || assignee === this.context.me.id;
  }

  words(type, data) {
    const { i18n, zone } = this.context;
    const { near } = dueWords({ ...data, status: "" }, i18n, zone);
    return i18n.t(WORDS[type], { title: data.title, when: near });
  }
}
