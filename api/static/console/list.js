// The dialogs that pass the filters, newest first, kept current by the feed.

import { Coalesced } from "../shared/coalesce.js";
import { shown } from "../shared/http.js";
import { recallJson, rememberJson } from "../shared/store.js";

const PAGE = 50;
const LARGEST = 200;
const GAP_MS = 700;
const KEY = "okno.filters";
const DEFAULTS = { status: "open", assignee: "", unread: "", channel: "", q: "" };

/**
 * Fires "change". `items` are dialogs as the server shows them, `next` the cursor of more, `state` one of
 * "loading", "ready", "failed" (then `error`); `unreadCount` counts all open dialogs with unread messages.
 */
export class DialogList extends EventTarget {
  constructor(api) {
    super();
    this.api = api;
    this.filters = { ...DEFAULTS, ...recallJson(KEY), q: "" };
    this.items = [];
    this.next = null;
    this.state = "loading";
    this.turn = 0;
    this.unreadCount = 0;
    this.refresher = new Coalesced(() => this.reload(), GAP_MS);
  }

  /** Changes some filters and loads anew. */
  filter(changes) {
    this.filters = { ...this.filters, ...changes };
    rememberJson(KEY, this.filters);
    this.items = [];
    this.next = null;
    this.state = "loading";
    this.turn++;
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
      await this.countUnread();
    } catch (error) {
      if (turn === this.turn) this.fail(error);
      throw error;
    }
  }

  /** Reads the first `count` dialogs, in as many pages as that takes. */
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
    return this.api.get("/v1/dialogs", { ...this.filters, sort: "-last_at", limit, cursor });
  }

  async countUnread() {
    const { items, next } = await this.api.get("/v1/dialogs", { status: "open", unread: "true", limit: LARGEST });
    this.unreadCount = items.length + (next ? 1 : 0);
    this.fire();
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
    const known = new Set(this.items.map((dialog) => dialog.id));
    this.items = [...this.items, ...page.items.filter((dialog) => !known.has(dialog.id))];
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
