// The chat's HTTP contract: a visitor session kept in this browser, messages, files, events.

import { HttpError, request } from "../shared/http.js";
import { exclusively } from "../shared/lock.js";
import { recallJson, rememberJson } from "../shared/store.js";

// Milliseconds after which the page is asked for an identity again.
const ASK_AGAIN = 30_000;

/** One visitor of one channel of one server. */
export class ChatApi {
  constructor({ base, channel, script }) {
    this.root = `${base}/chat/${encodeURIComponent(channel)}`;
    this.script = script;
    this.subject = subjectOf(script.dataset.identity);
    // Who signs in or out on the site must never see, or send, what the one before him has left in this browser.
    this.scope = `${this.root}#${this.subject}`;
    this.key = `okno.session.${this.scope}`;
    this.profileKey = `okno.profile.${this.scope}`;
    // Whether the site's word has run out: nobody goes on in the visitor's name until it has given a new one.
    this.ended = false;
    this.asked = 0;
  }

  /** What the site says now: it may give a new token for the same visitor at any time. */
  get identity() {
    const { identity } = this.script.dataset;
    return subjectOf(identity) === this.subject ? identity : undefined;
  }

  get session() {
    return recallJson(this.key);
  }

  /** What the visitor has told about himself: {name, email}. */
  get profile() {
    return recallJson(this.profileKey) ?? {};
  }

  /** Stores the visitor's name and address and tells the server. */
  async introduce(profile) {
    rememberJson(this.profileKey, profile);
    await exclusively(this.key, () => this.begin(this.headers));
  }

  get headers() {
    const token = this.session?.token;
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  /** Renews a session that has lived half its life, so that a returning visitor stays the same person. */
  async renewWhenOld() {
    const { begun, expires_at: ends, identified, token } = this.session;
    const half = (begun + Date.parse(ends)) / 2;
    if (Date.now() > half || identified !== Boolean(this.identity)) await this.replace(token, this.headers);
  }

  /** Begins a session in place of a refused token (or of none). */
  async restart(token) {
    await this.replace(token, {});
  }

  /** Another tab may have replaced the token already: then its session is used. */
  async replace(token, headers) {
    await exclusively(this.key, async () => {
      if (this.session?.token === token) await this.begin(headers);
    });
  }

  async begin(headers) {
    const { name, email } = this.profile;
    const body = { name: name || undefined, email: email || undefined };
    const session = (await this.identify(body, headers)) ?? (await this.goOn(body, headers));
    rememberJson(this.key, { ...session, begun: Date.now() });
    this.ended = false;
  }

  /** A session by the site's word; null when there is none, or none that holds. */
  async identify(body, headers) {
    const { identity } = this;
    if (!identity || identity === this.refused) return null;
    try {
      return { ...(await this.ask({ ...body, identity }, headers)), identified: true };
    } catch (error) {
      if (error.status !== 401) throw error;
      this.refused = identity;
      return null;
    }
  }

  /** A session without a word of the site's: he stays who he was, and whom it never vouched for is let in unknown. */
  async goOn(body, headers) {
    const before = this.session;
    if (!before?.identified) return { ...(await this.ask(body, headers)), identified: false };
    // Without a token that holds he would become somebody else.
    const session = headers.Authorization ? await this.ask(body, headers) : null;
    if (session?.visitor !== before.visitor) throw this.end();
    return { ...session, identified: true };
  }

  /** Asks the page for a new identity for its script tag, and now and then again. */
  end() {
    if (!this.ended || Date.now() - this.asked > ASK_AGAIN) {
      this.asked = Date.now();
      this.script.dispatchEvent(new CustomEvent("okno-identity", { bubbles: true }));
    }
    this.ended = true;
    return new HttpError(401, { title: "the session has ended; reload the page" });
  }

  async ask(body, headers) {
    return (await request(`${this.root}/sessions`, post(body, headers))).json();
  }

  /** A request of the visitor. A refused token is replaced, but a new visitor can not repeat what the old one asked. */
  async call(path, makeInit) {
    if (!this.session) await this.restart(undefined);
    const { token, visitor } = this.session;
    try {
      const response = await request(this.root + path, makeInit(this.headers));
      // Another tab may have got the new identity.
      this.ended = false;
      return response;
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 401) throw error;
      await this.restart(token);
      if (this.session.visitor !== visitor) throw error;
    }
    return request(this.root + path, makeInit(this.headers));
  }

  /** Stores a message; the same id again is the same message. */
  async send({ id, text, files }) {
    await this.call("/messages", (headers) => post({ id, text, files }, headers));
  }

  /** `{items, next}`: what follows an item, or the newest when `after` is null. */
  async messages(after) {
    const query = new URLSearchParams({ limit: "200", ...(after && { after }) });
    const response = await this.call(`/messages?${query}`, (headers) => ({ headers }));
    return response.json();
  }

  /** Uploads a file; returns {id, name, type, size}. */
  async upload(file) {
    const response = await this.call("/files", (headers) => {
      const body = new FormData();
      body.append("file", file, file.name);
      return { method: "POST", headers, body };
    });
    return response.json();
  }

  async download(id) {
    const response = await this.call(`/files/${encodeURIComponent(id)}`, (headers) => ({ headers }));
    return response.blob();
  }
}

/** Whom the site's signed token speaks of, "" for nobody; read only to keep visitors apart, the server checks it. */
function subjectOf(identity) {
  try {
    return JSON.parse(atob(identity.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).sub;
  } catch {
    return "";
  }
}

function post(body, headers) {
  return { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(body) };
}
