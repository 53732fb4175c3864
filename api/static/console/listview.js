// The list of dialogs: one stop of the Tab key, walked with the arrow keys.

import { briefTime, wordButton } from "../shared/controls.js";
import { h, reconcile } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { nameOf } from "./names.js";

/** Shows a DialogList; `acts`: open(id) when the operator picks a dialog, clear() to drop the filters. */
export class ListView {
  constructor(list, me, i18n, acts) {
    Object.assign(this, { list, me, i18n, acts, current: null });
    const acting = { onKeydown: (event) => this.key(event), onClick: (event) => this.click(event) };
    this.rows = h("ul", { class: "rows", role: "listbox", ...acting });
    this.more = i18n.text(h("button", { type: "button", class: "more", onClick: () => list.more() }), "more");
    this.empty = h("div", { class: "empty" });
    this.element = h("div", { class: "list" }, this.rows, this.more, this.empty);
    this.spec = {
      key: (dialog) => dialog.id,
      mark: (dialog) => this.mark(dialog),
      make: () => h("li", { role: "option" }),
      fill: (row, dialog) => this.fill(row, dialog),
    };
    list.addEventListener("change", () => this.show());
    i18n.bind(() => this.rows.setAttribute("aria-label", i18n.t("dialogs")));
    i18n.bind(() => this.show());
  }

  show() {
    const { items, next, state } = this.list;
    reconcile(this.rows, items, this.spec);
    this.rows.hidden = items.length === 0;
    this.more.hidden = !next;
    this.empty.hidden = items.length > 0;
    if (!items.length) this.empty.replaceChildren(...this.nothing(state));
    this.setStop();
  }

  nothing(state) {
    const { t } = this.i18n;
    if (state === "loading") return [h("p", {}, t("loading"))];
    if (state === "failed") return this.failure();
    if (!this.list.filtered) return [h("p", {}, t("emptyList")), h("p", {}, t("emptyListHint"))];
    return [h("p", {}, t("emptyFiltered")), wordButton("quiet", t("clearFilters"), () => this.acts.clear())];
  }

  failure() {
    const { t } = this.i18n;
    const words = h("p", { role: "alert" }, t("listFailed", { why: this.list.error.message }));
    return [words, wordButton("quiet", t("again"), () => this.list.refresh())];
  }

  mark(dialog) {
    return JSON.stringify([this.i18n.lang, dialog.id === this.current, dialog]);
  }

  fill(row, dialog) {
    const { client, last_message: last, unread, episode } = dialog;
    row.className = unread ? "row unread" : "row";
    row.id = `dialog-${dialog.id}`;
    row.setAttribute("aria-selected", String(dialog.id === this.current));
    const name = h("span", { class: "row-name", dir: "auto" }, nameOf(client, this.i18n));
    const text = h("span", { class: "row-text", dir: "auto" }, this.snippet(last));
    row.replaceChildren(
      h("span", { class: "row-line" }, name, briefTime(this.i18n.lang, dialog.last_at)),
      h("span", { class: "row-line" }, text, this.badge(unread)),
      h("span", { class: "row-line row-meta" }, this.channels(dialog), this.owner(episode)),
    );
  }

  badge(unread) {
    if (!unread) return null;
    const { t } = this.i18n;
    const aloud = h("span", { class: "hidden" }, t("unreadRow", { n: unread }));
    const shown = h("span", { "aria-hidden": "true" }, unread > 99 ? "99+" : String(unread));
    return h("span", { class: "badge" }, shown, aloud);
  }

  snippet(last) {
    const { t } = this.i18n;
    if (!last) return t("noMessages");
    const words = last.text || (last.files.length ? t("fileOnly", { name: last.files[0].name }) : "");
    return this.prefix(last) + words.slice(0, 200);
  }

  prefix({ author, data, direction }) {
    const { t } = this.i18n;
    if (direction === "note") return t("prefixNote");
    if (direction !== "out") return data?.author ? t("prefixOther", { name: data.author }) : "";
    return author.id === this.me.id ? t("prefixYou") : t("prefixOther", { name: author.name || t("system") });
  }

  channels(dialog) {
    const chips = dialog.channels.map((name) => h("span", { class: "chip" }, name));
    return h("span", { class: "row-channels" }, chips, this.tasks(dialog.open_tasks));
  }

  tasks(n) {
    if (!n) return null;
    const aloud = h("span", { class: "hidden" }, this.i18n.t("openTasks", { n }));
    return h("span", { class: "row-tasks" }, icon("task"), h("span", { "aria-hidden": "true" }, String(n)), aloud);
  }

  owner(episode) {
    const { t } = this.i18n;
    if (!episode?.assignee) return h("span", { class: "owner free" }, t("nobody"));
    return h("span", { class: "owner" }, episode.assignee.id === this.me.id ? t("ownerYou") : episode.assignee.name);
  }

  /** Marks the dialog that is open. */
  select(id) {
    this.current = id;
    this.show();
  }

  /** The one row that Tab stops at: the one last walked to, else the open one, else the first. */
  setStop() {
    const rows = [...this.rows.children];
    const stop = rows.find((row) => row.contains(document.activeElement)) ?? this.rowOf(this.current) ?? rows[0];
    for (const row of rows) row.tabIndex = row === stop ? 0 : -1;
  }

  rowOf(id) {
    return [...this.rows.children].find((row) => row.dataset.key === String(id));
  }

  focus() {
    (this.rowOf(this.current) ?? this.rows.firstElementChild)?.focus();
  }

  click(event) {
    const row = event.target.closest("[role=option]");
    if (row) this.choose(row);
  }

  choose(row) {
    this.acts.open(this.list.items.find((dialog) => String(dialog.id) === row.dataset.key).id);
  }

  key(event) {
    const rows = [...this.rows.children];
    const at = rows.indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    if (event.key in steps) this.walk(rows[steps[event.key]]);
    else if (event.key === "Enter" || event.key === " ") this.choose(rows[at]);
    else return;
    event.preventDefault();
  }

  walk(row) {
    row?.focus();
    this.setStop();
  }

  /** Opens the dialog `step` rows below (or above) the open one. */
  step(step) {
    const { items } = this.list;
    const at = items.findIndex((dialog) => dialog.id === this.current);
    const next = items[at < 0 ? 0 : at + step];
    if (!next) return;
    this.acts.open(next.id);
    this.walk(this.rowOf(next.id));
  }
}
