// One open dialog: its messages, what was read, what the operator does to it.

import { Coalesced } from "../shared/coalesce.js";
import { shown } from "../shared/http.js";

const PAGE = 50;
const LARGEST = 200;
const GAP_MS = 250;
const STUCK = ["failed", "held", "unconfirmed"];

/**
 * Fires "change" (detail: {fresh: [new messages of the client], reset: whether another dialog was opened}).
 * `state` is "none", "loading", "ready" or "failed" (then `error`); `older` is the cursor of older messages; `seen` is
 * the `seq` up to which nothing is missing (an own reply just sent may stand beyond a message not yet read).
 */
export class Thread extends EventTarget {
  constructor(api) {
    super();
    this.api = api;
    this.refresher = new Coalesced(() => this.reload(), GAP_MS);
    this.reader = new Coalesced(() => this.sendRead(), GAP_MS);
    this.clear(null, "none");
  }

  clear(id, state) {
    this.id = id;
    this.state = state;
    this.dialog = null;
    this.messages = [];
    this.older = null;
    this.seen = 0;
    this.readUpTo = 0;
    this.unreadFrom = null;
  }

  /** Shows a dialog by its id, or none (null). */
  async open(id) {
    this.clear(id, id === null ? "none" : "loading");
    this.fire([], true);
    if (id !== null) await shown(this.reload());
  }

  refresh() {
    if (this.id !== null) this.refresher.ask();
  }

  async reload() {
    const id = this.id;
    const limit = Math.min(LARGEST, Math.max(PAGE, this.messages.length));
    try {
      const [dialog, page] = await Promise.all([this.api.get(this.path), this.page(null, limit)]);
      if (id === this.id) this.take(dialog, page);
    } catch (error) {
      if (id !== this.id) return;
      this.fail(error);
      throw error;
    }
  }

  get path() {
    return `/v1/dialogs/${this.id}`;
  }

  page(cursor, limit) {
    return this.api.get(`${this.path}/messages`, { sort: "-seq", limit, cursor });
  }

  take(dialog, page) {
    const first = this.state !== "ready";
    const known = new Set(this.messages.map((message) => message.id));
    const lowest = Math.min(...page.items.map((message) => message.seq));
    // After a long absence the page may not reach down to what is known: then the rest is read again on demand.
    const kept = this.seen + 1 >= lowest ? this.messages.filter((message) => message.seq < lowest) : [];
    if (!kept.length) this.older = page.next;
    this.messages = [...kept, ...page.items].sort(inOrder);
    this.dialog = dialog;
    this.state = "ready";
    if (first) this.unreadFrom = this.firstUnread();
    const isFresh = ({ direction, id, seq }) => direction === "in" && seq > this.seen && !known.has(id);
    const fresh = page.items.filter(isFresh);
    this.seen = Math.max(0, ...page.items.map((message) => message.seq));
    this.fire(first ? [] : fresh, first);
  }

  firstUnread() {
    const unread = this.messages.filter((message) => message.direction === "in").slice(-this.dialog.unread);
    return this.dialog.unread ? (unread[0]?.seq ?? null) : null;
  }

  /** Loads a page of older messages; who asks meanwhile waits for the same one. */
  loadOlder() {
    this.loadingOlder ??= this.readOlder().finally(() => (this.loadingOlder = null));
    return this.loadingOlder;
  }

  async readOlder() {
    if (!this.older) return;
    const { id } = this;
    const page = await this.page(this.older, PAGE);
    if (id === this.id) this.prepend(page);
  }

  /** Loads older messages until that one is there. */
  async reach(messageId) {
    const { id } = this;
    const isThere = () => this.messages.some((message) => message.id === messageId);
    while (id === this.id && this.older && !isThere()) await this.loadOlder();
  }

  prepend(page) {
    const known = new Set(this.messages.map((message) => message.id));
    this.messages = [...page.items.filter((message) => !known.has(message.id)), ...this.messages].sort(inOrder);
    this.older = page.next;
    this.fire([], false);
  }

  fail(error) {
    this.error = error;
    if (this.state === "loading") this.state = "failed";
    this.fire([], false);
  }

  /** The operator has everything shown before his eyes. */
  markRead() {
    if (this.state === "ready" && (this.dialog.unread > 0 || this.reader.busy)) this.reader.ask();
  }

  async sendRead() {
    const seq = this.seen;
    if (this.state !== "ready" || seq <= this.readUpTo) return;
    const { id } = this;
    const dialog = await this.api.write("PATCH", this.path, { read_up_to: seq });
    if (id !== this.id) return;
    this.readUpTo = seq;
    this.adopt(dialog);
  }

  /** Changes `assignee` or `status`. */
  async change(changes) {
    const { id } = this;
    const dialog = await this.api.write("PATCH", this.path, changes);
    if (id === this.id) this.adopt(dialog);
    this.refresh();
  }

  adopt(dialog) {
    this.dialog = dialog;
    this.fire([], false);
  }

  /** Sends a reply or a note (`kind`: "messages" or "notes") once, under the key that its body was given. */
  async say(kind, { body, key }) {
    const { id, path } = this;
    const message = await this.api.write("POST", `${path}/${kind}`, body, key);
    if (id !== this.id) return;
    this.messages = [...this.messages.filter((known) => known.id !== message.id), message].sort(inOrder);
    this.fire([], false);
    this.refresh();
  }

  /** Gives the reply of that id other words. */
  async rewrite(messageId, text) {
    const { id } = this;
    const message = await this.api.write("PATCH", `${this.path}/messages/${messageId}`, { text });
    if (id === this.id) this.replace(message);
  }

  /** Takes the reply of that id back. */
  async takeBack(messageId) {
    await this.api.write("DELETE", `${this.path}/messages/${messageId}`);
    this.refresh();
  }

  /** Lets the sender of a message into the dialog it names, or where he stands into this one. */
  async admit({ id, data }) {
    await this.api.write("POST", `/v1/dialogs/${data.claims ?? this.id}/participants`, { message: id });
    this.refresh();
  }

  /** Takes that back: what he writes from now on stands apart again. */
  async dismiss({ id, data }) {
    await this.api.write("DELETE", `/v1/dialogs/${data.claims ?? this.id}/participants/${id}`);
    this.refresh();
  }

  replace(message) {
    this.messages = this.messages.map((known) => (known.id === message.id ? message : known));
    this.fire([], false);
    this.refresh();
  }

  /** Has the client see that somebody types. It is worth one try: later it would not be true. */
  typing() {
    return shown(this.api.once("POST", `${this.path}/typing`));
  }

  /** Tries again the letters of a reply that failed, are held, or whose outcome nobody knows. */
  async retry(message) {
    const { items } = await this.api.get("/v1/outbox", { message: message.id, limit: LARGEST });
    const stuck = items.filter((letter) => STUCK.includes(letter.state));
    for (const letter of stuck.reverse()) await this.api.write("POST", `/v1/outbox/${letter.id}/retry`);
    this.refresh();
  }

  fire(fresh, reset) {
    this.dispatchEvent(new CustomEvent("change", { detail: { fresh, reset } }));
  }
}

/** The order people talked in: source time, then arrival. */
function inOrder(a, b) {
  return Date.parse(a.sent_at) - Date.parse(b.sent_at) || a.seq - b.seq;
}
