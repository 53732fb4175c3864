// The console's frame: puts the parts together and lets the event feed and the address bar drive them.

import { toolButton } from "../shared/controls.js";
import { h, setText } from "../shared/dom.js";
import { languageButton } from "../shared/i18n.js";
import { icon, logo } from "../shared/icons.js";
import { Follower } from "../shared/sse.js";
import { ClientCard } from "./card.js";
import { Composer } from "./composer.js";
import { Filters } from "./filters.js";
import { Keys } from "./keys.js";
import { DialogList } from "./list.js";
import { ListView } from "./listview.js";
import { Thread } from "./thread.js";
import { ThreadView } from "./threadview.js";
import { Troubles } from "./troubles.js";

const TOAST_MS = 8000;
const LOST_MS = 4000;
const READ_ONLY = "read-only";

/** The console of one signed-in operator. */
export class App {
  constructor(api, me, i18n, leave) {
    Object.assign(this, { api, me, i18n, leave });
    this.voice = h("p", { class: "hidden", role: "status" });
    this.toast = h("p", { class: "toast", role: "alert", hidden: true });
    this.list = new DialogList(api);
    this.thread = new Thread(api);
    this.buildParts();
    this.list.addEventListener("change", () => this.showTitle());
    addEventListener("hashchange", () => this.route());
  }

  buildParts() {
    const { api, i18n, list, me, thread } = this;
    this.troubles = new Troubles(api, i18n);
    this.filters = new Filters(list, api, i18n);
    this.listView = new ListView(list, me, i18n, { open: (id) => this.go(id), clear: () => this.filters.clear() });
    const mayWrite = me.role !== READ_ONLY;
    this.card = new ClientCard(thread, api, i18n, mayWrite);
    const context = {
      api, i18n, me, mayWrite, card: this.card, back: () => this.go(null), leave: () => this.listView.focus(),
      fail: (text) => this.fail(text), tell: (text) => setText(this.voice, text),
      can: (channel, what) => this.troubles.can(channel, what),
      sent: () => this.threadView.sticky.toEnd(), edit: (message) => this.composer.edit(message),
    };
    this.threadView = new ThreadView(thread, context);
    this.composer = new Composer(thread, context);
    this.keys = new Keys(i18n, this.actions());
  }

  actions() {
    return {
      keyNext: () => this.listView.step(1),
      keyPrevious: () => this.listView.step(-1),
      keySearch: () => this.filters.search.focus(),
      keyReply: () => this.composer.write("messages"),
      keyNote: () => this.composer.write("notes"),
      keyTake: () => this.threadView.take(),
      keyResolve: () => this.threadView.resolve(),
      keyCard: () => this.card.toggle(),
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
    const above = [this.keys.dialog, this.toast, this.voice];
    this.body = h("div", { class: "app" }, skip, this.bar(), nav, this.main, this.card.element, above);
    return this.body;
  }

  bar() {
    const { i18n } = this;
    this.state = h("p", { class: "feed-state", role: "status" });
    const language = languageButton(i18n, "quiet");
    i18n.bind(() => this.showState());
    const help = toolButton(i18n, "help", "help", () => this.keys.help());
    const out = toolButton(i18n, "signOut", "exit", () => this.leave());
    const name = h("span", { class: "me" }, icon("person"), h("span", { dir: "auto" }, this.me.name));
    const start = [h("h1", {}, logo(), "Okno"), this.state, h("span", { class: "spring" })];
    return h("header", { class: "bar" }, start, name, language, help, out);
  }

  skip(event) {
    event.preventDefault();
    this.main.focus();
  }

  /** Opens a dialog (or none) through the address bar, so that reload and the back button work. */
  go(id) {
    location.hash = id === null ? "" : `#/${id}`;
    if (id === null) this.listView.focus();
  }

  route() {
    const id = this.wantedId();
    if (id === this.thread.id && this.thread.state !== "none") return;
    this.body.classList.toggle("has-thread", id !== null);
    this.listView.select(id);
    this.thread.open(id);
  }

  wantedId() {
    const found = /^#\/(.+)$/.exec(location.hash)?.[1];
    if (!found) return null;
    return /^\d+$/.test(found) ? Number(found) : found;
  }

  follow() {
    this.feed = new Follower({
      url: "/v1/events",
      headers: () => this.api.headers,
      lastId: null,
      onOpen: () => this.refresh(null),
      onEvent: (event) => this.hear(JSON.parse(event.data)),
      onState: (state) => this.setState(state),
      onDenied: () => this.denied(),
    });
  }

  denied() {
    this.api.onDenied();
    return false;
  }

  hear({ type, dialog }) {
    this.refresh(dialog);
    if (type.startsWith("client.") && dialog === this.thread.id) this.card.refresh();
  }

  /** Something has changed in a dialog (null: anywhere). */
  refresh(dialog) {
    this.list.refresh();
    if (dialog === null) this.troubles.refresh();
    if (dialog === null || dialog === this.thread.id) this.thread.refresh();
  }

  setState(state) {
    clearTimeout(this.lostTimer);
    this.lostLong = false;
    if (state === "lost") this.lostTimer = setTimeout(() => this.setLostLong(), LOST_MS);
    this.feedState = state;
    this.showState();
  }

  setLostLong() {
    this.lostLong = true;
    this.showState();
  }

  showState() {
    this.state.className = `feed-state ${this.feedState ?? "lost"}`;
    setText(this.state, this.i18n.t(this.lostLong ? "lostLong" : (this.feedState ?? "lost")));
  }

  showTitle() {
    const n = this.list.unreadCount;
    document.title = n ? this.i18n.t("titleUnread", { n }) : this.i18n.t("title");
  }

  /** Shows that something did not work, for a while. */
  fail(text) {
    this.toast.hidden = false;
    this.toast.textContent = text;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => (this.toast.hidden = true), TOAST_MS);
  }
}
