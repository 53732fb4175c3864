// The client's card: who he is, where he writes from.

import { toolButton } from "../shared/controls.js";
import { h, setText } from "../shared/dom.js";
import { recall, remember } from "../shared/store.js";

const KEY = "okno.card";
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
    if (shown && (again || this.thread.dialog.client.id !== this.client?.id)) this.load();
  }

  async load() {
    const { id } = this.thread.dialog.client;
    setText(this.status, "");
    try {
      const client = await this.api.get(`/v1/clients/${id}`);
      if (id === this.thread.dialog?.client.id) this.fill(client);
    } catch (error) {
      setText(this.status, this.i18n.t("cardFailed", { why: error.message }));
    }
  }

  fill(client) {
    this.client = client;
    for (const [name] of FIELDS) this.inputs[name].value = client[name];
    this.addresses.replaceChildren(...client.identities.map((identity) => this.address(identity)));
  }

  address({ channel, address, name, reachable }) {
    const out = reachable ? null : h("span", { class: "free" }, this.i18n.t("unreachable"));
    return h("li", {}, h("span", { class: "chip" }, channel), h("span", { dir: "auto" }, name || address), out);
  }

  /** Sends only the fields that were changed, so that a colleague's work on the others survives. */
  async save(event) {
    event.preventDefault();
    const { client } = this;
    const values = FIELDS.map(([name]) => [name, this.inputs[name].value.trim()]);
    const changes = Object.fromEntries(values.filter(([name, value]) => value !== client[name]));
    try {
      this.fill(await this.api.write("PATCH", `/v1/clients/${client.id}`, changes));
      setText(this.status, this.i18n.t("saved"));
    } catch (error) {
      setText(this.status, this.i18n.t("actionFailed", { why: error.message }));
    }
  }
}

function makeInput(name, type) {
  if (type === "area") return h("textarea", { name, rows: "4", maxlength: "2000" });
  return h("input", { name, type, maxlength: "200", autocomplete: "off" });
}
