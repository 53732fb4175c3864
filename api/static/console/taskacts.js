// What an operator does to tasks: each with its way back, and with words for what did not work.

/**
 * Works on DialogTasks; `context`: i18n, me, toasts, tell(text), fail(text), focusTask(number). Everything promises
 * whether it went well.
 */
export class TaskActs {
  constructor(tasks, context) {
    Object.assign(this, { tasks, context, t: context.i18n.t });
  }

  /** Sets fields of a task; `told` is the key of what is said then. */
  set(task, fields, told) {
    return this.carryOut(task, [fields], told);
  }

  /** Does ("accept") or forgets ("dismiss") what was suggested. */
  settle(task, suggestion) {
    return this.carryOut(task, [{ suggestion }], `told-${suggestion}`);
  }

  /** Takes a task, or gives back the own one. As with dialogs a colleague's goes through nobody's. */
  own(task) {
    const { assignee } = task;
    if (assignee?.id === this.context.me.id) return this.carryOut(task, [{ assignee: null }], "told-released");
    const take = { assignee: "me" };
    return this.carryOut(task, assignee ? [{ assignee: null }, take] : [take], "told-taken");
  }

  /** Makes a task in the open dialog. */
  make(fields) {
    return this.attempt(async () => {
      const made = await this.tasks.make(fields);
      this.offer(made.number, "told-made", () => this.tasks.change(made, { status: "cancelled" }));
    });
  }

  undoLast({ number }) {
    return this.undo(number, () => this.tasks.undoLast(number));
  }

  /** Carries out changes of a task one after the other. */
  carryOut(task, steps, told) {
    return this.attempt(async () => {
      const done = [];
      let now = task;
      for (const fields of steps) {
        const before = now.updated_at;
        now = await this.tasks.change(now, fields);
        if (now.updated_at !== before) done.unshift(now.updated_at);
      }
      const back = async () => {
        for (const at of done) await this.tasks.undo(task.number, at);
      };
      if (done.length) this.offer(task.number, told, back);
    });
  }

  offer(number, told, back) {
    this.context.toasts.offer(this.t(told, { n: number }), () => this.undo(number, back));
  }

  undo(number, back) {
    return this.attempt(async () => {
      await back();
      this.context.tell(this.t("undone"));
      // What offered it is gone, and the focus with it.
      if (document.activeElement === document.body && this.tasks.known.has(number)) this.context.focusTask(number);
    }, "undoRefused");
  }

  async attempt(act, refused = "taskChanged") {
    try {
      await act();
      return true;
    } catch (error) {
      const why = error.status === 409 ? this.t(refused) : this.t("actionFailed", { why: error.message });
      this.context.fail(why);
      this.tasks.refresh();
      return false;
    }
  }
}
