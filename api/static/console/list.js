// The dialogs that pass the filters, newest first, kept current by the feed.

import { Coalesced } from "../shared/coalesce.js";
import { shown } from "../shared/http.js";
import { recallJson, rememberJson } from "../shared/store.js";

const PAGE = 50;
const LARGEST = 200;
const GAP_MS = 700;
const COUNT_GAP_MS = 3000;
const COUNTED = 99;
const KEY = "okno.filters";
// What is wanted unless the operator says otherwise: all open dialogs.
export const DEFAULTS = { status: "open", assignee: "", unread: "", channel: "", q: "" };

/**
 * Fires "change". `items` are dialogs as the server shows them, `next` the cursor of more, `state` one of
 * "loading", "ready", "failed" (then `error`); `unreadCount` counts the open dialogs with unread messages, up to "99+".
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
    this.counter = new Coalesced(() => this.countUnread(), COUNT_GAP_MS);
  }

  /** Whether other dialogs are wanted than all open ones. */
  get filtered() {
    return Object.keys(DEFAULTS).some((name) => this.filters[name] !== DEFAULTS[name]);
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
      this.counter.ask();
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
    const { items, next } = await this.api.get("/v1/dialogs", { status: "open", unread: "true", limit: COUNTED });
    this.unreadCount = next ? `${COUNTED}+` : items.length;
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
