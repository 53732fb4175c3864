// The chat without its looks: session, outgoing queue, history and the event stream that keeps it current.

import { Follower } from "../shared/sse.js";
import { ChatApi } from "./api.js";
import { History } from "./history.js";
import { Outbox } from "./outbox.js";

const HIDDEN_MS = 60_000;

/**
 * One visitor's conversation. Fires "change" when anything to show has changed (detail: messages that are new), and
 * keeps `live`, whether the event stream stands.
 */
export class Chat extends EventTarget {
  constructor(place) {
    super();
    this.api = new ChatApi(place);
    this.outbox = new Outbox(this.api);
    this.history = new History(this.api);
    this.justSent = new Map();
    this.live = true;
    this.outbox.addEventListener("change", () => this.changed());
    this.outbox.addEventListener("sent", (event) => this.keepSent(event.detail));
    this.history.addEventListener("change", (event) => this.changed(event.detail));
    addEventListener("offline", () => this.setLive(false));
    document.addEventListener("visibilitychange", () => this.watchVisibility());
    // Visitors who never write cost the server nothing: a session begins with the first message.
    if (this.api.session) this.follow();
  }

  changed(fresh = []) {
    this.dispatchEvent(new CustomEvent("change", { detail: fresh }));
  }

  setLive(live) {
    this.live = live;
    this.changed();
  }

  /** Queues a message; it goes out by itself. */
  async write(text, files) {
    await this.outbox.add(text, files);
    this.changed();
  }

  async introduce(profile) {
    await this.api.introduce(profile);
    this.follow();
  }

  /** Tries everything that waits for the network at once. */
  hurry() {
    this.outbox.pause.wake();
    this.follower?.wake();
  }

  /** A message the server has taken stays in view until the history brings it back. */
  keepSent(entry) {
    this.justSent.set(entry.id, entry);
    this.follow();
  }

  /** Everything to show, oldest first: history, then acknowledged but not yet seen there, then the queue. */
  rows() {
    for (const id of this.justSent.keys()) if (this.history.has(id)) this.justSent.delete(id);
    const queued = this.outbox.entries().filter((entry) => !this.history.has(entry.id) && !this.justSent.has(entry.id));
    return [
      ...this.history.items.map((item) => ({ item, state: item.author.kind === "visitor" ? "sent" : null })),
      ...[...this.justSent.values()].map((entry) => ({ item: asItem(entry), state: "sent" })),
      ...queued.map((entry) => ({ item: asItem(entry), entry, state: this.stateOf(entry) })),
    ];
  }

  stateOf(entry) {
    if (entry.failed) return "failed";
    return this.outbox.waiting || !navigator.onLine ? "waiting" : "sending";
  }

  follow() {
    if (this.follower) return;
    this.follower = new Follower({
      url: `${this.api.root}/events`,
      headers: () => this.api.headers,
      lastId: this.lastId ?? null,
      onOpen: () => this.catchUp(),
      onEvent: (event) => event.type === "message" && this.history.take([JSON.parse(event.data)]),
      onState: (state) => this.setLive(state === "live"),
      onDenied: () => this.beginAgain(),
    });
  }

  async catchUp() {
    // What fails here is asked for again when the stream opens next; a broken line breaks the stream as well.
    await this.api.renewWhenOld().catch(() => undefined);
    await this.history.catchUp().catch(() => this.follower?.lose());
  }

  async beginAgain() {
    await this.api.restart(this.api.session?.token);
    this.follower.lastId = null;
    return true;
  }

  /** A browser opens few connections to one host: tabs nobody looks at give theirs back. */
  watchVisibility() {
    clearTimeout(this.timer);
    if (!document.hidden && this.api.session) this.follow();
    else this.timer = setTimeout(() => this.rest(), HIDDEN_MS);
  }

  rest() {
    this.lastId = this.follower?.lastId;
    this.follower?.close();
    this.follower = null;
  }
}

function asItem(entry) {
  return { id: entry.id, text: entry.text, files: entry.files, author: { kind: "visitor", name: null }, sent_at: new Date(entry.at).toISOString() };
}
