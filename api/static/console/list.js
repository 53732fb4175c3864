// The dialogs that pass the filters, newest first, kept current by the feed.

import { Coalesced } from "../shared/coalesce.js";
import { recallJson, rememberJson } from "../shared/store.js";
import { PagedList } from "./paged.js";

const COUNT_GAP_MS = 3000;
const COUNTED = 99;
const KEY = "okno.filters";
const SPEC = { path: "/v1/dialogs", key: "id", params: (filters) => ({ ...filters, sort: "-last_at" }) };
// What is wanted unless the operator says otherwise: all open dialogs.
export const DEFAULTS = { status: "open", assignee: "", unread: "", channel: "", q: "" };

/** Fires "change" as a PagedList; `unreadCount` counts the open dialogs with unread messages, up to "99+". */
export class DialogList extends PagedList {
  constructor(api) {
    super(api, SPEC, { ...DEFAULTS, ...recallJson(KEY), q: "" });
    this.unreadCount = 0;
    this.counter = new Coalesced(() => this.countUnread(), COUNT_GAP_MS);
  }

  /** Whether other dialogs are wanted than all open ones. */
  get filtered() {
    return Object.keys(DEFAULTS).some((name) => this.filters[name] !== DEFAULTS[name]);
  }

  filter(changes) {
    super.filter(changes);
    rememberJson(KEY, this.filters);
  }

  async reload() {
    await super.reload();
    this.counter.ask();
  }

  async countUnread() {
    const { items, next } = await this.api.get("/v1/dialogs", { status: "open", unread: "true", limit: COUNTED });
    this.unreadCount = next ? `${COUNTED}+` : items.length;
    this.fire();
  }
}
