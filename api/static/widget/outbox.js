// The outgoing queue: every message is stored before it is sent and stays until the server has acknowledged it.

import { backOff, HttpError, Pause } from "../shared/http.js";
import { exclusively } from "../shared/lock.js";
import { forget, keysWith, recallJson, rememberJson } from "../shared/store.js";
import { dropBlob, keepBlob, readBlob } from "./blobs.js";

const LOST = "fileLost";

/**
 * Sends messages in the order they were written, each under an id that never changes, so a repeat is no second message.
 * Each entry has a storage key of its own: two tabs writing at once can not overwrite each other.
 *
 * Fires "change" when entries or states change and "sent" (detail: the entry) when the server has taken one.
 */
export class Outbox extends EventTarget {
  constructor(api) {
    super();
    this.api = api;
    this.prefix = `okno.outgoing.${api.scope}#`;
    this.pause = new Pause();
    this.attempt = 0;
    addEventListener("storage", (event) => event.key?.startsWith(this.prefix) && this.stir());
    this.run();
  }

  /** Entries in the order they go out: {id, text, files: [{key, name, type, size, id?}], at, failed?}. */
  entries() {
    const entries = keysWith(this.prefix).map(recallJson).filter(Boolean);
    return entries.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  }

  /** Queues a message with the chosen File objects. */
  async add(text, chosen) {
    const id = newId();
    const files = chosen.map((file, n) => ({ key: `${id}/${n}`, name: file.name, type: file.type, size: file.size }));
    const at = this.nextPlace();
    await Promise.all(chosen.map((file, n) => keepBlob(files[n].key, file)));
    this.put({ id, text, files, at });
    this.stir();
  }

  /** After everything queued so far, also when the clock was set back or stands still between two messages. */
  nextPlace() {
    const last = this.entries().at(-1)?.at ?? 0;
    this.place = Math.max(Date.now(), last + 1, (this.place ?? 0) + 1);
    return this.place;
  }

  /** Puts a refused message behind the others, under its old id. */
  retry(id) {
    const entry = recallJson(this.prefix + id);
    if (entry) this.put({ ...entry, failed: undefined, at: this.nextPlace() });
    this.stir();
  }

  async drop(entry) {
    forget(this.prefix + entry.id);
    this.stir();
    await Promise.all(entry.files.map((file) => dropBlob(file.key)));
  }

  put(entry) {
    rememberJson(this.prefix + entry.id, entry);
  }

  /** Tells the views, and the sender not to wait any longer. */
  stir() {
    this.dispatchEvent(new Event("change"));
    this.pause.wake();
  }

  /** True while the last attempt has failed and the next one is waited for. */
  get waiting() {
    return this.attempt > 0;
  }

  next() {
    return this.entries().find((entry) => !entry.failed);
  }

  async run() {
    for (;;) {
      if (!this.next()) await this.pause.wait();
      const wait = await exclusively(this.prefix, () => this.sendNext());
      if (wait > 0) await this.pause.wait(wait);
    }
  }

  /** Sends the oldest entry; returns the milliseconds to wait before the next attempt. */
  async sendNext() {
    const entry = this.next();
    if (!entry) return 0;
    try {
      await this.deliver(entry);
    } catch (error) {
      return this.postpone(entry, error);
    }
    this.attempt = 0;
    this.dispatchEvent(new CustomEvent("sent", { detail: entry }));
    await this.drop(entry);
    return 0;
  }

  async deliver(entry) {
    const visitor = this.api.session?.visitor;
    for (const file of entry.files) {
      // A file belongs to the visitor who uploaded it; a new session has to bring it again.
      if (file.id && file.visitor === visitor) continue;
      const blob = await readBlob(file.key);
      if (!blob) throw new HttpError(410, { title: LOST });
      file.id = (await this.api.upload(new File([blob], file.name, { type: file.type }))).id;
      file.visitor = this.api.session.visitor;
      this.put(entry);
    }
    await this.api.send({ id: entry.id, text: entry.text, files: entry.files.map((file) => file.id) });
  }

  postpone(entry, error) {
    const known = error instanceof HttpError;
    // A fault of our own must not stop the queue for good: it is reported, and the message tried again.
    if (!known) reportError(error);
    if (known && !error.temporary) {
      this.put({ ...entry, failed: error.message });
      this.dispatchEvent(new Event("change"));
      return 0;
    }
    const wait = Math.max(error.waitMs ?? 0, backOff(this.attempt++));
    this.dispatchEvent(new Event("change"));
    return wait;
  }
}

/** A random id; pages without https have no crypto.randomUUID. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
