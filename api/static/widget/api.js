// The chat's HTTP contract: a visitor session kept in this browser, messages, files, events.

import { HttpError, request } from "../shared/http.js";
import { exclusively } from "../shared/lock.js";
import { recallJson, rememberJson } from "../shared/store.js";

/** One visitor of one channel of one server. */
export class ChatApi {
  constructor({ base, channel, identity }) {
    this.root = `${base}/chat/${encodeURIComponent(channel)}`;
    this.identity = identity;
    // Who signs in or out on the site must never see, or send, what the one before him has left in this browser.
    this.scope = `${this.root}#${subjectOf(identity)}`;
    this.key = `okno.session.${this.scope}`;
    this.profileKey = `okno.profile.${this.scope}`;
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
    const session = await this.identify(body, headers);
    rememberJson(this.key, { ...session, begun: Date.now() });
  }

  /** A page kept open for a day holds an identity that has run out: then the visitor is let in as somebody unknown. */
  async identify(body, headers) {
    if (this.identity) {
      try {
        return { ...(await this.ask({ ...body, identity: this.identity }, headers)), identified: true };
      } catch (error) {
        if (error.status !== 401) throw error;
      }
    }
    return { ...(await this.ask(body, headers)), identified: false };
  }

  async ask(body, headers) {
    return (await request(`${this.root}/sessions`, post(body, headers))).json();
  }

  /** A request of the visitor. A refused token is replaced, but a new visitor can not repeat what the old one asked. */
  async call(path, makeInit) {
    if (!this.session) await this.restart(undefined);
    const { token, visitor } = this.session;
    try {
      return await request(this.root + path, makeInit(this.headers));
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
