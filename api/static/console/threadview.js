// The open dialog: its header with the actions, and the conversation.

import { toolButton, wordButton } from "../shared/controls.js";
import { h, reconcile, setText } from "../shared/dom.js";
import { day, sameDay } from "../shared/format.js";
import { icon } from "../shared/icons.js";
import { Sticky } from "../shared/sticky.js";
import { fillEntry, unfold } from "./entry.js";
import { nameOf } from "./names.js";

const STATES = { open: "stateOpen", resolved: "stateResolved" };

/**
 * Shows a Thread; `context`: i18n, me, api, mayWrite, fail(text), tell(text), edit(message), back(), card, evidence,
 * settle(open tasks, choose) to ask what becomes of them.
 */
export class ThreadView {
  constructor(thread, context) {
    Object.assign(this, { thread, context, i18n: context.i18n });
    this.head = this.buildHead();
    this.older = this.i18n.text(wordButton("more", "", () => thread.loadOlder()), "older");
    this.rows = h("ol", { class: "entries" });
    this.empty = h("div", { class: "empty" });
    this.box = h("section", { class: "box", tabindex: "0" }, this.older, this.rows);
    const pill = this.i18n.label(h("button", { type: "button", class: "pill", hidden: true }, icon("down")), "latest");
    this.scroll = h("div", { class: "scroll" }, this.box, pill);
    this.sticky = new Sticky(this.box, pill);
    this.spec = {
      key: (row) => row.key,
      mark: (row) => this.mark(row),
      make: () => h("li"),
      fill: (li, row) => this.fill(li, row),
    };
    context.evidence.bind(this.rows);
    context.evidence.tasks.addEventListener("change", () => this.dress());
    thread.addEventListener("change", (event) => this.change(event.detail));
    this.box.addEventListener("scroll", () => this.look());
    document.addEventListener("visibilitychange", () => this.look());
    this.i18n.bind(() => this.box.setAttribute("aria-label", this.i18n.t("conversation")));
    this.i18n.bind(() => this.change({ fresh: [], reset: false }));
  }

  buildHead() {
    const { i18n, context } = this;
    this.name = h("h2", { dir: "auto", tabindex: "-1" });
    this.facts = h("p", { class: "facts" });
    this.takeButton = wordButton("quiet act", "", () => this.take());
    this.resolveButton = wordButton("quiet act", "", () => this.resolve());
    const back = toolButton(i18n, "back", "back", () => context.back());
    back.classList.add("back");
    this.cardButton = toolButton(i18n, "clientCard", "person", () => context.card.toggle());
    context.card.onToggle = (shown) => this.cardButton.setAttribute("aria-expanded", String(shown));
    const who = h("div", { class: "who" }, this.name, this.facts);
    return h("header", { class: "thread-head" }, back, who, this.takeButton, this.resolveButton, this.cardButton);
  }

  /** Puts one more button into the header. */
  addButton(button) {
    this.head.append(button);
  }

  get parts() {
    return [this.empty, this.head, this.scroll];
  }

  change({ fresh, reset }) {
    const ready = this.thread.state === "ready";
    this.head.hidden = this.scroll.hidden = !ready;
    this.empty.hidden = ready;
    if (!ready) this.empty.replaceChildren(...this.nothing());
    else this.showThread(fresh, reset);
  }

  nothing() {
    const { t } = this.i18n;
    const { state, error } = this.thread;
    if (state === "loading") return [h("p", {}, t("loading"))];
    if (state === "none") return [h("h2", {}, t("chooseTitle")), h("p", {}, t("chooseText"))];
    const again = wordButton("quiet", t("again"), () => this.thread.refresh());
    return [h("p", { role: "alert" }, t("threadFailed", { why: error.message })), again];
  }

  showThread(fresh, reset) {
    const { thread, sticky } = this;
    this.showHead();
    const act = () => {
      reconcile(this.rows, withMarks(thread), this.spec);
      this.context.evidence.dress(thread.messages);
      this.older.hidden = !thread.older;
    };
    const grew = !reset && thread.messages[0]?.id !== this.firstId && this.firstId !== undefined;
    if (grew && !sticky.stuck) sticky.grow(act);
    else sticky.change(act, fresh.length > 0);
    this.firstId = thread.messages[0]?.id;
    if (reset) this.goToStart();
    if (fresh.length) this.announce(fresh.at(-1));
    this.look();
  }

  /** Marks the words of tasks that have changed. */
  dress() {
    if (this.thread.state !== "ready") return;
    this.sticky.change(() => this.context.evidence.dress(this.thread.messages), false);
  }

  /** Leads to the words that prove a task, also to those among older messages. */
  async reveal({ number, evidence: [{ message }] }) {
    const { evidence } = this.context;
    await this.attempt(() => this.thread.reach(message));
    const spot = evidence.find(number) ?? evidence.rowOf(message);
    if (!spot) return;
    unfold(spot);
    evidence.point(number);
    spot.scrollIntoView({ block: "center" });
    this.sticky.stuck = this.sticky.atEnd;
  }

  /** A dialog opens at its first unread message, else at its end. */
  goToStart() {
    this.sticky.toEnd();
    this.rows.querySelector(".new-here")?.scrollIntoView({ block: "center" });
    this.sticky.stuck = this.sticky.atEnd;
  }

  showHead() {
    const { t } = this.i18n;
    const { client, episode, channels } = this.thread.dialog;
    setText(this.name, nameOf(client, this.i18n));
    this.facts.replaceChildren(...this.work(episode), ...channels.map((name) => h("span", { class: "chip" }, name)));
    this.head.classList.toggle("idle", !episode || !this.context.mayWrite);
    if (!episode) return;
    const { assignee, status } = episode;
    const mine = assignee?.id === this.context.me.id;
    setText(this.takeButton, t(mine ? "release" : assignee ? "takeOver" : "take"));
    setText(this.resolveButton, t(status === "open" ? "resolve" : "reopen"));
    this.resolveButton.className = status === "open" ? "primary act" : "quiet act";
    this.takeButton.hidden = status !== "open";
  }

  /** What is said of an episode; a dialog nobody has written in yet has none. */
  work(episode) {
    if (!episode) return [];
    const { t } = this.i18n;
    const { assignee, status, number } = episode;
    const owner = assignee ? t("ownedBy", { name: assignee.name }) : t("ownedByNobody");
    const state = h("span", { class: `state ${status}` }, t(STATES[status]));
    const again = number > 1 ? h("span", {}, t("episode", { n: number })) : null;
    return [state, again, h("span", { class: assignee ? "" : "free" }, owner)].filter(Boolean);
  }

  mark(row) {
    const can = row.message && ["edit", "delete"].map((what) => this.context.can(row.message.channel, what));
    return JSON.stringify([this.i18n.lang, this.several, this.thread.dialog.client.name, can, row]);
  }

  get several() {
    return this.thread.dialog.channels.length > 1;
  }

  fill(li, row) {
    if (row.message) {
      const { client } = this.thread.dialog;
      // A button that is built anew keeps the focus.
      const act = li.contains(document.activeElement) ? document.activeElement.dataset.act : null;
      fillEntry(li, row, { ...this.context, client, several: this.several, ...this.acts(row.message) });
      if (act) li.querySelector(`[data-act="${act}"]`)?.focus({ preventScroll: true });
      return;
    }
    li.className = row.day ? "day" : "new-here";
    li.textContent = row.day ? day(this.i18n.lang, row.day) : this.i18n.t("newHere");
  }

  /** What the buttons of a message do. */
  acts(message) {
    return {
      retry: () => this.attempt(() => this.thread.retry(message)),
      edit: () => this.context.edit(message),
      remove: () => this.remove(message),
      admit: () => this.attempt(() => this.thread.admit(message)),
      dismiss: () => this.attempt(() => this.thread.dismiss(message)),
    };
  }

  /** Takes a reply back; its buttons are gone then. */
  async remove(message) {
    this.box.focus({ preventScroll: true });
    if (await this.attempt(() => this.thread.takeBack(message.id))) this.context.tell(this.i18n.t("deleted"));
  }

  async attempt(act) {
    try {
      await act();
      return true;
    } catch (error) {
      this.context.fail(this.i18n.t("actionFailed", { why: error.message }));
      this.thread.refresh();
      return false;
    }
  }

  announce(message) {
    const name = message.data?.author || nameOf(this.thread.dialog.client, this.i18n);
    this.context.tell(this.i18n.t(message.text ? "announce" : "announceFile", { name, text: message.text }));
  }

  /** What stands at the end of a visible conversation has been read. */
  look() {
    const visible = !document.hidden && this.box.checkVisibility({ visibilityProperty: true });
    const seen = this.thread.state === "ready" && visible && this.sticky.atEnd;
    if (seen && this.context.mayWrite) this.thread.markRead();
  }

  /** Takes a dialog, or gives back the own one. A colleague's goes through the queue, so that it is no accident. */
  take() {
    this.act(({ episode: { assignee } }) => {
      if (assignee?.id === this.context.me.id) return [{ assignee: null }];
      return assignee ? [{ assignee: null }, { assignee: "me" }] : [{ assignee: "me" }];
    });
  }

  /** Resolves an open dialog, unless the client has written more than is shown; reopens a resolved one. */
  resolve() {
    const resolved = { status: "resolved", read_up_to: this.thread.seen };
    this.act(({ episode: { status } }) => [status === "open" ? resolved : { status: "open" }]);
  }

  /** Carries out the changes that `plan(dialog)` returns, one after the other. */
  async act(plan) {
    if (!this.thread.dialog?.episode || !this.context.mayWrite) return;
    try {
      for (const changes of plan(this.thread.dialog)) await this.thread.change(changes);
      this.context.tell(this.i18n.t("done"));
    } catch (error) {
      if (error.problem?.open_tasks) return this.settle(error.problem.open_tasks, plan);
      this.context.fail(this.i18n.t("actionFailed", { why: error.message }));
      this.thread.refresh();
    }
    return null;
  }

  /** The same once more, with a word on the tasks that stand in its way. */
  settle(numbers, plan) {
    const withTasks = (tasks) => (dialog) => plan(dialog).map((changes) => ({ ...changes, tasks }));
    this.context.settle(numbers, (answer) => this.act(withTasks(answer)));
  }
}

/** The messages as rows, with a row for each new day and one where the unread ones begin. */
function withMarks({ messages, unreadFrom }) {
  const rows = [];
  let last = null;
  for (const message of messages) {
    const follows = last && sameDay(last.sent_at, message.sent_at);
    if (!follows) rows.push({ key: `day-${message.id}`, day: message.sent_at });
    if (message.seq === unreadFrom) rows.push({ key: "new-here" });
    rows.push({ key: message.id, message, first: !follows || !sameAuthor(last, message) || message.seq === unreadFrom });
    last = message;
  }
  return rows;
}

function sameAuthor(one, other) {
  const who = ({ direction, author, data }) => JSON.stringify([direction, author?.id, data?.author]);
  return who(one) === who(other);
}
