// Server-sent events read by fetch, because EventSource can not carry an Authorization header.

import { backOff, failure, Pause } from "./http.js";

const SILENCE_MS = 45_000;

/** Reads a byte stream as events `{id, type, data}`; `id` is the last one seen, also from blocks without data. */
async function* readEvents(stream) {
  const lines = readLines(stream);
  let event = { id: null, type: "message", data: [] };
  for await (const line of lines) {
    if (line === "") {
      yield { ...event, data: event.data.join("\n") };
      event = { id: event.id, type: "message", data: [] };
    } else {
      takeField(event, line);
    }
  }
}

function takeField(event, line) {
  const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
  if (field === "data") event.data.push(value);
  else if (field === "event") event.type = value;
  else if (field === "id") event.id = value;
}

async function* readLines(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    yield* lines;
  }
}

/**
 * Follows an event stream for ever: resumes by Last-Event-ID, backs off with jitter, notices silence and lost network.
 *
 * `spec`: url, headers() -> object, lastId (where to go on, or null), onOpen() (connected: catch up now),
 * onEvent({id, type, data}), onState("live" | "lost"), onDenied() (401: returns true to go on with new headers).
 */
export class Follower {
  constructor(spec) {
    this.spec = spec;
    this.lastId = spec.lastId;
    this.attempt = 0;
    this.pause = new Pause();
    this.closed = false;
    this.lose = () => this.controller?.abort();
    addEventListener("offline", this.lose);
    this.run();
  }

  close() {
    this.closed = true;
    removeEventListener("offline", this.lose);
    this.lose();
    this.pause.wake();
  }

  /** Tries at once instead of waiting for the next attempt. */
  wake() {
    this.pause.wake();
  }

  async run() {
    while (!this.closed) {
      const wait = await this.once().catch((error) => error.waitMs ?? 0);
      if (this.closed) return;
      this.spec.onState("lost");
      await this.pause.wait(Math.max(wait ?? 0, backOff(this.attempt++)));
    }
  }

  async once() {
    this.controller = new AbortController();
    this.watch();
    try {
      const response = await this.connect();
      this.spec.onState("live");
      this.spec.onOpen();
      await this.drain(response.body);
    } finally {
      clearTimeout(this.timer);
    }
  }

  async connect() {
    const headers = { Accept: "text/event-stream", ...this.spec.headers() };
    if (this.lastId !== null) headers["Last-Event-ID"] = this.lastId;
    const init = { headers, signal: this.controller.signal, cache: "no-store", credentials: "omit" };
    const response = await fetch(this.spec.url, init);
    if (response.ok) return response;
    if (response.status === 401 && !(await this.spec.onDenied())) this.close();
    throw await failure(response);
  }

  async drain(body) {
    const watched = body.pipeThrough(new TransformStream({ transform: (chunk, out) => this.beat(chunk, out) }));
    for await (const event of readEvents(watched)) {
      if (event.id !== null) this.lastId = event.id;
      if (event.data) this.tell(event);
    }
  }

  tell(event) {
    try {
      this.spec.onEvent(event);
    } catch (error) {
      // A page that can not show one event still wants the next ones.
      reportError(error);
    }
  }

  beat(chunk, out) {
    // Only a stream that has carried something counts as healthy: one that closes at once must not be hammered.
    this.attempt = 0;
    this.watch();
    out.enqueue(chunk);
  }

  watch() {
    // A dead line shows no error; the server's keep-alive comments (each 15 s) stop coming.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.lose(), SILENCE_MS);
  }
}
