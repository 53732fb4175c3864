// What both sides have said, as the server tells it: loaded once, then kept current by events.

import { recall, remember } from "../shared/store.js";

/** Messages sorted by time, one per id. Fires "change" (detail: the items that are new). */
export class History extends EventTarget {
  constructor(api) {
    super();
    this.api = api;
    this.items = [];
    this.loaded = false;
    this.seenKey = `okno.seen.${api.scope}`;
  }

  /** Reads what came since the newest known message; the first time, the newest page. */
  async catchUp() {
    let after = this.items.at(-1)?.id ?? null;
    do {
      const page = await this.api.messages(after);
      this.take(page.items);
      after = after && page.next;
    } while (after);
    this.loaded = true;
    this.dispatchEvent(new CustomEvent("change", { detail: [] }));
  }

  /** Adds or replaces items by their ids. */
  take(items) {
    const known = new Set(this.items.map((item) => item.id));
    const byId = new Map([...this.items, ...items].map((item) => [item.id, item]));
    this.items = [...byId.values()].sort((a, b) => Date.parse(a.sent_at) - Date.parse(b.sent_at));
    this.dispatchEvent(new CustomEvent("change", { detail: items.filter((item) => !known.has(item.id)) }));
  }

  has(id) {
    return this.items.some((item) => item.id === id);
  }

  /** How many of the other side's messages the visitor has not looked at. */
  get unseen() {
    const seen = Number(recall(this.seenKey) ?? 0);
    return this.items.filter((item) => item.author.kind === "operator" && Date.parse(item.sent_at) > seen).length;
  }

  see() {
    const last = this.items.at(-1);
    if (last) remember(this.seenKey, String(Date.parse(last.sent_at)));
  }
}
