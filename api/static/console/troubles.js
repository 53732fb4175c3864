// Channels in trouble, above the list: those that stand still, and those whose hook turns calls away.

import { Coalesced } from "../shared/coalesce.js";
import { h, setText } from "../shared/dom.js";

const GAP_MS = 1000;
// Nobody says when refused calls have ended: for how long one is shown, and how often that is looked at.
const RECENT_MS = 3600_000;
const LOOK_MS = 60_000;

/** A few lines that are there while something is wrong. */
export class Troubles {
  constructor(api, i18n) {
    Object.assign(this, { api, i18n, channels: [] });
    this.element = h("p", { class: "troubles", role: "status" });
    this.loading = new Coalesced(() => this.load(), GAP_MS);
    i18n.bind(() => this.show());
  }

  refresh() {
    this.loading.ask();
  }

  async load() {
    this.channels = (await this.api.get("/v1/channels")).items;
    this.show();
    clearTimeout(this.timer);
    if (this.element.textContent) this.timer = setTimeout(() => this.refresh(), LOOK_MS);
  }

  /** Whether a reply that is out can be changed ("edit") or taken back ("delete") there, as far as is known. */
  can(name, what) {
    const channel = this.channels.find((each) => each.name === name);
    return !channel || channel.can.includes(what);
  }

  show() {
    const lines = this.channels.filter(({ enabled }) => enabled).flatMap((channel) => this.lines(channel));
    setText(this.element, lines.join("\n"));
  }

  lines({ name, halt, refused }) {
    const recent = refused && Date.now() - Date.parse(refused.last) < RECENT_MS;
    const stopped = halt ? [this.i18n.t("channelStopped", { name, why: halt.reason })] : [];
    return recent ? [...stopped, this.i18n.t("channelRefused", { name, why: refused.reason })] : stopped;
  }
}
