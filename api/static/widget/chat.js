// The chat without its looks: session, outgoing queue, history and the event stream that keeps it current.

import { backOff, Pause } from "../shared/http.js";
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
    this.pause = new Pause();
    this.outbox.addEventListener("change", () => this.changed());
    this.outbox.addEventListener("sent", (event) => this.keepSent(event.detail));
    this.history.addEventListener("change", (event) => this.changed(event.detail));
    addEventListener("offline", () => this.setLive(false));
    document.addEventListener("visibilitychange", () => this.watchVisibility());
    new MutationObserver(() => this.hurry()).observe(place.script, { attributeFilter: ["data-identity"] });
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

  /** Tries everything that waits for the network, or for the site's word, at once. */
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
    if (this.api.ended) return "ended";
    return this.outbox.waiting || !navigator.onLine ? "waiting" : "sending";
  }

  follow() {
    if (this.follower) return;
    this.follower = new Follower({
      url: `${this.api.root}/events`,
      headers: () => this.api.headers,
      lastId: this.lastId ?? null,
      onOpen: () => this.catchUp(),
      onEvent: (event) => event.type === "message" && this.history.take(JSON.parse(event.data)),
      onState: (state) => this.stateChanged(state),
      onDenied: () => this.beginAgain(),
    });
  }

  /** Where something on the way swallows streams, asking each time one is given up keeps the conversation going. */
  stateChanged(state) {
    this.setLive(state === "live");
    if (state === "lost") this.catchUp();
  }

  /** Reads what the stream may have missed; one reader at a time, until it has succeeded. */
  async catchUp() {
    this.behind = true;
    this.pause.wake();
    if (this.catching) return;
    this.catching = true;
    for (let attempt = 0; this.behind; attempt++) {
      this.behind = false;
      const wait = await this.readHistory(attempt);
      if (wait) await this.pause.wait(wait);
    }
    this.catching = false;
  }

  /** Returns the milliseconds to wait before trying again, 0 when there is no need to. */
  async readHistory(attempt) {
    try {
      if (!this.renewed) await this.api.renewWhenOld();
      this.renewed = true;
      await this.history.catchUp();
      return 0;
    } catch (error) {
      if (!error.temporary) throw error;
      this.behind = true;
      return Math.max(error.waitMs, backOff(attempt));
    }
  }

  async beginAgain() {
    await this.api.restart(this.api.session?.token);
    this.follower.lastId = null;
    return true;
  }

  /** A browser opens few connections to one host: tabs nobody looks at give theirs back. */
  watchVisibility() {
    clearTimeout(this.timer);
    if (document.hidden) this.timer = setTimeout(() => this.rest(), HIDDEN_MS);
    else if (this.api.session) this.follow();
  }

  rest() {
    this.lastId = this.follower?.lastId;
    this.follower?.close();
    this.follower = null;
  }
}

function asItem(entry) {
  const { id, text, files, at } = entry;
  return { id, text, files, author: { kind: "visitor", name: "" }, sent_at: new Date(at).toISOString() };
}
