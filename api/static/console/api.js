// The operators' HTTP contract.

import { backOff, HttpError, request } from "../shared/http.js";

const TRIES = 4;

/** An operator's requests; `onDenied` is called when the token is refused. */
export class ConsoleApi {
  constructor(token, onDenied) {
    this.token = token;
    this.onDenied = onDenied;
  }

  get headers() {
    return { Authorization: `Bearer ${this.token}` };
  }

  /** GET of a path with query parameters; null ones are left out. */
  async get(path, params = {}) {
    const given = Object.entries(params).filter(([, value]) => value !== null && value !== "");
    const query = given.length ? `?${new URLSearchParams(given)}` : "";
    return (await this.fetch(path + query, {})).json();
  }

  /** A write. Repeated on a bad line under one key, so the server does it once. */
  async write(method, path, body, key = newKey()) {
    const json = JSON.stringify(body);
    const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
    const response = await this.insist(path, { method, body: json, headers });
    return response.status === 204 ? null : response.json();
  }

  /** A write without a body that is tried once. */
  async once(method, path) {
    await this.fetch(path, { method });
  }

  /** Uploads a file; returns {id, name, type, size}. */
  async upload(file) {
    const body = new FormData();
    body.append("file", file, file.name);
    return (await this.insist("/v1/files", { method: "POST", body, headers: { "Idempotency-Key": newKey() } })).json();
  }

  async download(id) {
    return (await this.fetch(`/v1/files/${encodeURIComponent(id)}`, { cache: "default" })).blob();
  }

  /** What a message came in, by the path it names: a File with the name the server gives it. */
  async original(path) {
    const response = await this.fetch(path, {});
    const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition"))?.[1] ?? "original";
    return new File([await response.blob()], name);
  }

  async insist(path, init) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.fetch(path, init);
      } catch (error) {
        if (!error.temporary || error.status === 401 || attempt === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.max(error.waitMs, backOff(attempt - 1))));
      }
    }
  }

  async fetch(path, init) {
    try {
      return await request(path, { cache: "no-store", ...init, headers: { ...init.headers, ...this.headers } });
    } catch (error) {
      if (error instanceof HttpError && error.status === 401) this.onDenied();
      throw error;
    }
  }
}

/** A fresh idempotency key. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
