// The client's card: who he is, where he writes from.

import { Coalesced } from "../shared/coalesce.js";
import { toolButton } from "../shared/controls.js";
import { h, setText } from "../shared/dom.js";
import { outward, webUrl } from "../shared/rich.js";
import { recall, remember } from "../shared/store.js";

const KEY = "okno.card";
const GAP_MS = 250;
// The field, the type of its input, the key of its label.
const FIELDS = [
  ["name", "text", "name"],
  ["email", "email", "email"],
  ["phone", "tel", "phone"],
  ["note", "area", "about"],
];

/** A side panel about the client of the open Thread. */
export class ClientCard {
  constructor(thread, api, i18n, mayWrite) {
    Object.assign(this, { thread, api, i18n, mayWrite, client: null, onToggle: () => {} });
    this.inputs = Object.fromEntries(FIELDS.map(([name, type]) => [name, makeInput(name, type)]));
    this.addresses = h("ul", { class: "addresses" });
    this.status = h("p", { class: "card-status", role: "status" });
    this.refresher = new Coalesced(() => this.load(), GAP_MS);
    this.element = this.build();
    thread.addEventListener("change", (event) => this.follow(event.detail.reset));
    i18n.bind(() => this.element.setAttribute("aria-label", i18n.t("clientCard")));
  }

  build() {
    const { i18n } = this;
    const close = toolButton(i18n, "closeCard", "close", () => this.toggle());
    const head = h("header", { class: "card-head" }, i18n.text(h("h2"), "clientCard"), close);
    const rows = FIELDS.map(([name, , key]) => h("label", {}, i18n.text(h("span"), key), this.inputs[name]));
    const save = i18n.text(h("button", { type: "submit", class: "quiet", hidden: !this.mayWrite }), "save");
    const end = h("div", { class: "card-end" }, save, this.status);
    const form = h("form", { onSubmit: (event) => this.save(event) }, rows, end);
    return h("aside", { class: "card", hidden: true }, head, form, i18n.text(h("h3"), "channels"), this.addresses);
  }

  get wanted() {
    return recall(KEY) === "yes";
  }

  /** Opens or closes the card, also for later dialogs. */
  toggle() {
    remember(KEY, this.wanted ? "no" : "yes");
    this.follow(true);
  }

  follow(again) {
    const shown = this.wanted && this.thread.state === "ready";
    this.element.hidden = !shown;
    this.onToggle(shown);
    if (shown && (again || this.thread.dialog.client.id !== this.client?.id)) {
      setText(this.status, "");
      this.load();
    }
  }

  /** Something has changed about the client. */
  refresh() {
    if (!this.element.hidden) this.refresher.ask();
  }

  async load() {
    if (this.thread.state !== "ready") return;
    const { id } = this.thread.dialog.client;
    try {
      const client = await this.api.get(`/v1/clients/${id}`);
      if (id === this.thread.dialog?.client.id) this.fill(client);
    } catch (error) {
      setText(this.status, this.i18n.t("cardFailed", { why: error.message }));
    }
  }

  /** Shows the client; what is being written about the same one stays. */
  fill(client) {
    const before = this.client?.id === client.id ? this.client : null;
    this.client = client;
    for (const [name] of FIELDS) {
      const input = this.inputs[name];
      if (!before || input.value.trim() === before[name]) input.value = client[name];
    }
    this.addresses.replaceChildren(...client.identities.map((identity) => this.address(identity)));
  }

  address({ channel, address, name, reachable, profile }) {
    const out = reachable ? null : h("span", { class: "free" }, this.i18n.t("unreachable"));
    const known = h("span", { dir: "auto" }, name || address);
    return h("li", {}, h("span", { class: "chip" }, channel), known, handle(profile), out);
  }

  /** Sends only the fields that were changed, so that a colleague's work on the others survives. */
  async save(event) {
    event.preventDefault();
    const { client } = this;
    const values = FIELDS.map(([name]) => [name, this.inputs[name].value.trim()]);
    const changes = Object.fromEntries(values.filter(([name, value]) => value !== client[name]));
    try {
      const saved = await this.api.write("PATCH", `/v1/clients/${client.id}`, changes);
      this.client = null;
      this.fill(saved);
      setText(this.status, this.i18n.t("saved"));
    } catch (error) {
      setText(this.status, this.i18n.t("actionFailed", { why: error.message }));
    }
  }
}

/** By what name or page the channel knows him; null if it did not tell. */
function handle({ username, url }) {
  const href = url ? webUrl(url) : null;
  const words = username ? `@${username.replace(/^@/, "")}` : href;
  if (!words) return null;
  return href ? outward(href, words) : h("span", { dir: "auto" }, words);
}

function makeInput(name, type) {
  if (type === "area") return h("textarea", { name, rows: "4", maxlength: "2000" });
  return h("input", { name, type, maxlength: "200", autocomplete: "off" });
}
