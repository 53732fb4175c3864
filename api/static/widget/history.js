// What both sides have said, as the server tells it: loaded once, then kept current by events.

import { recall, remember } from "../shared/store.js";

/** Messages in the order the visitor has seen them, one per id. Fires "change" (detail: the items that are new). */
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
      this.insert(page.items, after);
      after = after && page.next;
    } while (after);
    this.loaded = true;
    this.dispatchEvent(new CustomEvent("change", { detail: [] }));
  }

  /** Puts a page behind the item `after` (null: in front of all): events may have brought what follows it already. */
  insert(page, after) {
    const fresh = page.filter((item) => !this.has(item.id));
    const ids = new Set(page.map((item) => item.id));
    const place = this.items.findIndex((item) => item.id === after) + 1;
    const known = this.items.map((item, n) => ({ item, before: n < place })).filter(({ item }) => !ids.has(item.id));
    const side = (before) => known.filter((one) => one.before === before).map((one) => one.item);
    this.items = [...side(true), ...page, ...side(false)];
    this.dispatchEvent(new CustomEvent("change", { detail: fresh }));
  }

  /** An event: a new item comes last, a known one is replaced where it stands. */
  take(item) {
    const place = this.items.findIndex((one) => one.id === item.id);
    if (place < 0) this.items.push(item);
    else this.items[place] = item;
    this.dispatchEvent(new CustomEvent("change", { detail: place < 0 ? [item] : [] }));
  }

  has(id) {
    return this.items.some((item) => item.id === id);
  }

  /** How many of the other side's messages the visitor has not looked at. */
  get unseen() {
    const seen = this.items.findIndex((item) => item.id === recall(this.seenKey));
    return this.items.slice(seen + 1).filter((item) => item.author.kind === "operator").length;
  }

  see() {
    const last = this.items.at(-1);
    if (last) remember(this.seenKey, last.id);
  }
}
