// The console's frame: puts the parts together and lets the event feed and the address bar drive them.

import { h, setText } from "../shared/dom.js";
import { Follower } from "../shared/sse.js";
import { Bar } from "./bar.js";
import { Board } from "./board.js";
import { ClientCard } from "./card.js";
import { Composer } from "./composer.js";
import { Evidence } from "./evidence.js";
import { Filters } from "./filters.js";
import { Keys } from "./keys.js";
import { DialogList } from "./list.js";
import { ListView } from "./listview.js";
import { hashOf, placeOf } from "./place.js";
import { Reminders } from "./reminders.js";
import { SettleDialog } from "./settle.js";
import { TaskPanel } from "./taskpanel.js";
import { DialogTasks } from "./tasks.js";
import { Thread } from "./thread.js";
import { ThreadView } from "./threadview.js";
import { Toasts } from "./toasts.js";
import { Troubles } from "./troubles.js";

const READ_ONLY = "read-only";

/** The console of one signed-in operator. */
export class App {
  constructor(api, me, i18n, leave) {
    Object.assign(this, { api, me, i18n, leave });
    this.voice = h("p", { class: "hidden", role: "status" });
    this.list = new DialogList(api);
    this.thread = new Thread(api);
    this.tasks = new DialogTasks(api, this.thread);
    this.buildParts();
    this.list.addEventListener("change", () => this.showTitle());
    addEventListener("hashchange", () => this.route());
  }

  buildParts() {
    const { api, i18n, list, me, thread, tasks } = this;
    const mayWrite = me.role !== READ_ONLY;
    const tell = (text) => setText(this.voice, text);
    this.bar = new Bar(api, me, i18n, { help: () => this.keys.help(), leave: () => this.leave() });
    this.troubles = new Troubles(api, i18n);
    this.filters = new Filters(list, api, i18n);
    this.listView = new ListView(list, me, i18n, { open: (id) => this.go(id), clear: () => this.filters.clear() });
    this.card = new ClientCard(thread, api, i18n, mayWrite);
    this.toasts = new Toasts(i18n, tell);
    const focusTask = (number) => this.panel.focus(number);
    this.evidence = new Evidence(tasks, i18n, focusTask);
    const context = {
      api, i18n, me, mayWrite, zone: me.timezone, tell, card: this.card, evidence: this.evidence, toasts: this.toasts,
      back: () => this.go(null), leave: () => this.listView.focus(), fail: (text) => this.toasts.fail(text),
      can: (channel, what) => this.troubles.can(channel, what),
      focusTask, sent: () => this.threadView.sticky.toEnd(), edit: (message) => this.composer.edit(message),
      reveal: (task) => this.threadView.reveal(task), settle: (...asked) => this.settle.ask(...asked),
    };
    this.settle = new SettleDialog(tasks, context);
    this.threadView = new ThreadView(thread, context);
    this.panel = new TaskPanel(tasks, context);
    this.threadView.addButton(this.panel.button);
    this.composer = new Composer(thread, context);
    this.board = new Board(api, context);
    this.reminders = new Reminders({ ...context, open: (dialog, task) => this.go(dialog, task) });
    this.keys = new Keys(i18n, this.actions());
  }

  actions() {
    // Nothing is done to a dialog that is not before the operator's eyes.
    const seen = (act) => () => this.board.shown || act();
    return {
      keyNext: seen(() => this.listView.step(1)),
      keyPrevious: seen(() => this.listView.step(-1)),
      keySearch: () => (this.board.shown ? this.board : this.filters).search.focus(),
      keyReply: seen(() => this.composer.write("messages")),
      keyNote: seen(() => this.composer.write("notes")),
      keyTake: seen(() => this.threadView.take()),
      keyResolve: seen(() => this.threadView.resolve()),
      keyCard: seen(() => this.card.toggle()),
      keyTasks: seen(() => this.panel.enter()),
      keyUndo: () => this.toasts.take(),
      keyBoard: () => (location.hash = "#/tasks"),
    };
  }

  start() {
    document.body.replaceChildren(this.frame());
    this.i18n.bind(() => this.showTitle());
    this.list.refresh();
    this.route();
    this.follow();
  }

  frame() {
    const { i18n } = this;
    const skip = i18n.text(h("a", { class: "skip", href: "#thread", onClick: (event) => this.skip(event) }), "skip");
    const title = i18n.text(h("h2", { class: "hidden" }), "dialogs");
    const list = [this.troubles.element, this.filters.element, this.listView.element];
    const nav = h("section", { class: "side" }, title, list);
    i18n.bind(() => nav.setAttribute("aria-label", i18n.t("dialogs")));
    const parts = [...this.threadView.parts, this.composer.element];
    this.main = h("main", { class: "thread", id: "thread", tabindex: "-1" }, parts);
    this.beside = h("div", { class: "beside" }, this.card.element, this.panel.element);
    const above = [this.keys.dialog, this.settle.dialog, this.toasts.element, this.voice];
    this.body = h("div", { class: "app" }, skip, this.bar.element, this.reminders.element, [
      nav, this.main, this.beside, ...above,
    ]);
    return this.body;
  }

  skip(event) {
    event.preventDefault();
    (this.board.shown ? this.board.element : this.main).focus();
  }

  /** Opens a dialog (or none), and in it a task, through the address bar, so that reload and the back button work. */
  go(dialog, task = null) {
    const hash = hashOf(dialog, task);
    if (hash === location.hash) this.route();
    location.hash = hash;
    if (dialog === null) this.listView.focus();
  }

  route() {
    const place = placeOf(location.hash);
    this.body.classList.toggle("has-board", place.board);
    if (place.board) {
      this.showBoard(place.what);
    } else {
      this.board.leave();
      this.openDialog(place);
      this.threadView.look();
    }
    this.bar.place(place.board, this.thread.id);
  }

  showBoard(what) {
    this.beside.after(this.board.element);
    this.board.enter(what);
  }

  openDialog({ dialog, task }) {
    if (dialog !== this.thread.id || this.thread.state === "none") {
      this.body.classList.toggle("has-thread", dialog !== null);
      this.listView.select(dialog);
      this.thread.open(dialog);
    }
    if (task !== null) this.panel.focus(task);
  }

  follow() {
    this.feed = new Follower({
      url: "/v1/events",
      headers: () => this.api.headers,
      lastId: null,
      onOpen: () => this.refresh(null),
      onEvent: (event) => this.hear(JSON.parse(event.data)),
      onState: (state) => this.bar.setState(state),
      onDenied: () => this.denied(),
    });
  }

  denied() {
    this.api.onDenied();
    return false;
  }

  hear(event) {
    const { type, dialog } = event;
    this.refresh(dialog);
    if (type.startsWith("client.") && dialog === this.thread.id) this.card.refresh();
    if (!type.startsWith("task.")) return;
    this.refreshTasks(dialog);
    this.reminders.hear(event);
  }

  /** Something has changed in a dialog (null: anywhere). */
  refresh(dialog) {
    this.list.refresh();
    if (dialog === null) this.troubles.refresh();
    if (dialog === null || dialog === this.thread.id) this.thread.refresh();
    if (dialog === null) this.refreshTasks(null);
  }

  refreshTasks(dialog) {
    this.bar.refresh();
    this.board.refresh();
    if (dialog === null || dialog === this.thread.id) this.tasks.refresh();
  }

  showTitle() {
    const n = this.list.unreadCount;
    document.title = n ? this.i18n.t("titleUnread", { n }) : this.i18n.t("title");
  }
}
