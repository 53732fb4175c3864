// A list on the server, read in pages and kept current.

import { Coalesced } from "../shared/coalesce.js";
import { shown } from "../shared/http.js";

const PAGE = 50;
const LARGEST = 200;
const GAP_MS = 700;

/**
 * Fires "change". `filters` are what is wanted, `items` are as the server shows them, `next` is the cursor of more,
 * `state` one of "loading", "ready", "failed" (then `error`).
 *
 * `spec`: path, key (the name of what tells items apart), params(filters) -> the query they stand for.
 */
export class PagedList extends EventTarget {
  constructor(api, spec, filters) {
    super();
    Object.assign(this, { api, spec, filters, turn: 0 });
    this.empty();
    this.refresher = new Coalesced(() => this.reload(), GAP_MS);
  }

  empty() {
    this.items = [];
    this.next = null;
    this.state = "loading";
    this.turn++;
  }

  /** Changes some filters and loads anew. */
  filter(changes) {
    this.filters = { ...this.filters, ...changes };
    this.empty();
    this.fire();
    shown(this.reload());
  }

  /** Something has changed on the server: read the shown part again. */
  refresh() {
    this.refresher.ask();
  }

  async reload() {
    const turn = this.turn;
    try {
      const page = await this.read(Math.max(PAGE, this.items.length));
      if (turn !== this.turn) return;
      Object.assign(this, page, { state: "ready" });
      this.fire();
    } catch (error) {
      if (turn === this.turn) this.fail(error);
      throw error;
    }
  }

  /** Reads the first `count` items, in as many pages as that takes. */
  async read(count) {
    const items = [];
    let next = null;
    do {
      const page = await this.page(next, Math.min(LARGEST, count - items.length));
      items.push(...page.items);
      next = page.next;
    } while (next && items.length < count);
    return { items, next };
  }

  page(cursor, limit) {
    return this.api.get(this.spec.path, { ...this.spec.params(this.filters), limit, cursor });
  }

  async more() {
    if (!this.next || this.loadingMore) return;
    this.loadingMore = true;
    const turn = this.turn;
    try {
      const page = await this.page(this.next, PAGE);
      if (turn === this.turn) this.append(page);
    } finally {
      this.loadingMore = false;
    }
  }

  append(page) {
    const { key } = this.spec;
    const known = new Set(this.items.map((item) => item[key]));
    this.items = [...this.items, ...page.items.filter((item) => !known.has(item[key]))];
    this.next = page.next;
    this.fire();
  }

  fail(error) {
    this.error = error;
    // What is on the screen stays there: old news is better than none.
    if (!this.items.length) this.state = "failed";
    this.fire();
  }

  fire() {
    this.dispatchEvent(new Event("change"));
  }
}
