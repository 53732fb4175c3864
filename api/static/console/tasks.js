// The tasks of the open dialog, and what the operator does to them.

import { Coalesced } from "../shared/coalesce.js";
import { shown } from "../shared/http.js";

const GAP_MS = 250;
const LARGEST = 200;
const CLOSED = ["done", "cancelled", "rejected"];

/**
 * Fires "change". `state` is "none", "loading", "ready" or "failed" (then `error`); `standing` are the tasks that are
 * open, by the day they are due, and then those that are proposed; `closed` are the others, the latest closed first.
 */
export class DialogTasks extends EventTarget {
  constructor(api, thread) {
    super();
    Object.assign(this, { api, thread, turn: 0 });
    this.refresher = new Coalesced(() => this.reload(), GAP_MS);
    this.clear(null);
    thread.addEventListener("change", () => this.follow());
  }

  clear(dialog) {
    this.dialog = dialog;
    this.known = new Map();
    this.state = dialog === null ? "none" : "loading";
    this.turn++;
  }

  follow() {
    if (this.thread.id === this.dialog) return;
    this.clear(this.thread.id);
    this.fire();
    if (this.dialog !== null) shown(this.reload());
  }

  get standing() {
    return [...this.known.values()].filter(({ status }) => !CLOSED.includes(status)).sort(byUrgency);
  }

  get closed() {
    return [...this.known.values()].filter(({ status }) => CLOSED.includes(status)).sort(byEnd);
  }

  get openCount() {
    return this.standing.filter(({ status }) => status === "open").length;
  }

  refresh() {
    if (this.dialog !== null) this.refresher.ask();
  }

  async reload() {
    const { dialog, turn } = this;
    try {
      const pages = await Promise.all([null, ...CLOSED].map((status) => this.all({ dialog, status })));
      if (turn === this.turn) this.take(pages.flat());
      // What was read may be older than what was done meanwhile.
      else if (dialog === this.dialog) this.refresh();
    } catch (error) {
      if (turn === this.turn) this.fail(error);
      throw error;
    }
  }

  async all(wanted) {
    const items = [];
    let cursor = null;
    do {
      const page = await this.api.get("/v1/tasks", { ...wanted, sort: "created", limit: LARGEST, cursor });
      items.push(...page.items);
      cursor = page.next;
    } while (cursor);
    return items;
  }

  take(items) {
    this.known = new Map(items.map((task) => [task.number, task]));
    this.state = "ready";
    this.fire();
  }

  fail(error) {
    this.error = error;
    if (this.state === "loading") this.state = "failed";
    this.fire();
  }

  /** Changes fields of a task as it is shown; refused when somebody was faster. Returns it as it is now. */
  async change({ number, updated_at: seen }, fields) {
    return this.adopt(await this.api.write("PATCH", pathOf(number), { ...fields, updated_at: seen }));
  }

  /** Makes a task in the open dialog. */
  async make(fields) {
    return this.adopt(await this.api.write("POST", "/v1/tasks", { dialog: this.dialog, ...fields }));
  }

  /** Takes back the change of a task that was made at that moment, whatever came after it. */
  async undo(number, at) {
    const { items } = await this.api.get(`${pathOf(number)}/changes`, { limit: LARGEST });
    const { id } = items.find((change) => change.at === at);
    return this.adopt(await this.api.write("POST", `${pathOf(number)}/undo`, { change: id }));
  }

  /** Takes back the last change of a task. */
  async undoLast(number) {
    return this.adopt(await this.api.write("POST", `${pathOf(number)}/undo`, {}));
  }

  adopt(task) {
    if (task.dialog !== this.dialog) return task;
    this.turn++;
    this.known.set(task.number, task);
    this.fire();
    return task;
  }

  fire() {
    this.dispatchEvent(new Event("change"));
  }
}

function pathOf(number) {
  return `/v1/tasks/${number}`;
}

function byUrgency(a, b) {
  const place = ({ status }) => (status === "open" ? 0 : 1);
  const due = ({ due_at: at }) => (at === null ? Infinity : Date.parse(at));
  return place(a) - place(b) || due(a) - due(b) || a.number - b.number || 0;
}

function byEnd(a, b) {
  return Date.parse(b.closed_at) - Date.parse(a.closed_at) || b.number - a.number;
}
