// The filters over the list: radio groups and a search field, as the browser's own controls.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { DEFAULTS } from "./list.js";

const TYPING_MS = 250;
const GROUPS = [
  { name: "status", legend: "status", choices: [["open", "open"], ["resolved", "resolved"]] },
  { name: "assignee", legend: "owner", choices: [["", "anyone"], ["me", "mine"], ["none", "unassigned"]] },
];

/** The form that drives a DialogList. */
export class Filters {
  constructor(list, api, i18n) {
    this.list = list;
    this.i18n = i18n;
    this.search = h("input", { type: "search", value: list.filters.q, maxlength: "200", onInput: () => this.typed() });
    i18n.label(this.search, "search");
    i18n.bind(() => this.search.setAttribute("placeholder", i18n.t("searchHint")));
    this.channel = i18n.label(h("select", { onChange: () => list.filter({ channel: this.channel.value }) }), "channel");
    const [status, owner] = GROUPS.map((group) => this.group(group));
    this.groups = h("div", { class: "filter-groups" }, status, this.channel, owner, this.unread());
    const search = h("span", { class: "search" }, icon("search"), this.search);
    this.element = h("form", { class: "filters", onSubmit: (event) => event.preventDefault() }, search, this.groups);
    i18n.bind(() => this.element.setAttribute("aria-label", i18n.t("filters")));
    list.addEventListener("change", () => this.showCount());
    this.loadChannels(api);
  }

  group({ name, legend, choices }) {
    const options = choices.map(([value, key]) => {
      const checked = this.list.filters[name] === value;
      const change = () => this.list.filter({ [name]: value });
      const input = h("input", { type: "radio", name, value, checked, onChange: change });
      return h("label", {}, input, this.i18n.text(h("span"), key));
    });
    return h("fieldset", { class: "segments" }, this.i18n.text(h("legend", { class: "hidden" }), legend), options);
  }

  unread() {
    const change = () => this.list.filter({ unread: this.box.checked ? "true" : "" });
    this.box = h("input", { type: "checkbox", checked: this.list.filters.unread === "true", onChange: change });
    this.count = h("span");
    this.i18n.bind(() => this.showCount());
    return h("label", { class: "segment-one" }, this.box, this.count);
  }

  showCount() {
    const n = this.list.unreadCount;
    this.count.textContent = n ? this.i18n.t("unreadCount", { n }) : this.i18n.t("unread");
  }

  async loadChannels(api) {
    const all = this.i18n.text(h("option", { value: "" }), "allChannels");
    this.channel.append(all);
    const { items } = await api.get("/v1/channels");
    this.channel.append(...items.map(({ name }) => h("option", { value: name }, name)));
    this.channel.value = this.list.filters.channel;
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.list.filter({ q: this.search.value.trim() }), TYPING_MS);
  }

  /** Back to all open dialogs. */
  clear() {
    this.search.value = "";
    this.box.checked = false;
    this.channel.value = "";
    for (const input of this.groups.querySelectorAll("[value=open], [value='']")) input.checked = true;
    this.list.filter(DEFAULTS);
    this.search.focus();
  }
}
