// The bar at the top: whether the page is live, the way between dialogs and tasks, who works here.

import { Coalesced } from "../shared/coalesce.js";
import { toolButton } from "../shared/controls.js";
import { h, setText } from "../shared/dom.js";
import { languageButton } from "../shared/i18n.js";
import { icon, logo } from "../shared/icons.js";

const LOST_MS = 4000;
const COUNT_GAP_MS = 1000;
// Days and hours go by without an event.
const TICK_MS = 60_000;
const COUNTED = 99;

/** `acts`: help(), leave(). */
export class Bar {
  constructor(api, me, i18n, acts) {
    Object.assign(this, { api, me, i18n, acts });
    this.counter = new Coalesced(() => this.count(), COUNT_GAP_MS);
    this.element = this.build();
    i18n.bind(() => this.showState());
    i18n.bind(() => this.showLate());
    setInterval(() => this.counter.ask(), TICK_MS);
  }

  build() {
    const { i18n, acts } = this;
    this.state = h("p", { class: "feed-state", role: "status" });
    const language = languageButton(i18n, "quiet");
    const help = toolButton(i18n, "help", "help", acts.help);
    const out = toolButton(i18n, "signOut", "exit", acts.leave);
    const name = h("span", { class: "me" }, icon("person"), h("span", { dir: "auto" }, this.me.name));
    const start = [h("h1", {}, logo(), h("span", {}, "Okno")), this.nav(), this.state, h("span", { class: "spring" })];
    return h("header", { class: "bar" }, start, name, language, help, out);
  }

  nav() {
    const { i18n } = this;
    const link = (href, sign, key) => h("a", { href }, icon(sign), i18n.text(h("span", { class: "nav-words" }), key));
    this.dialogs = link("#/", "note", "dialogs");
    this.tasks = link("#/tasks", "task", "tasks");
    this.late = h("a", { href: "#/tasks/overdue", class: "badge late", hidden: true });
    const nav = h("nav", { class: "nav" }, this.dialogs, this.tasks, this.late);
    i18n.bind(() => nav.setAttribute("aria-label", i18n.t("sections")));
    i18n.bind(() => this.dialogs.setAttribute("title", i18n.t("dialogs")));
    i18n.bind(() => this.tasks.setAttribute("title", i18n.t("allTasks")));
    return nav;
  }

  /** Says which of the two is looked at; the way to the dialogs leads back to the one that was open. */
  place(onTasks, dialog) {
    mark(this.dialogs, !onTasks);
    mark(this.tasks, onTasks);
    if (!onTasks) this.dialogs.href = dialog === null ? "#/" : `#/${dialog}`;
  }

  refresh() {
    this.counter.ask();
  }

  async count() {
    const { items, next } = await this.api.get("/v1/tasks", { overdue: "true", limit: COUNTED });
    this.lateCount = next ? `${COUNTED}+` : items.length;
    this.showLate();
  }

  showLate() {
    const n = this.lateCount;
    this.late.hidden = !n;
    if (!n) return;
    setText(this.late, String(n));
    const words = this.i18n.t("lateCount", { n });
    this.late.setAttribute("aria-label", words);
    this.late.title = words;
  }

  /** Shows how the event feed is: "live" or "lost". */
  setState(state) {
    clearTimeout(this.timer);
    this.lostLong = false;
    if (state === "lost") this.timer = setTimeout(() => this.setLostLong(), LOST_MS);
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
}

function mark(link, current) {
  if (current) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}
