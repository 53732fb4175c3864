// Requests with a time limit, and failures that say whether trying again makes sense.

const LIMIT_MS = 30_000;
const UPLOAD_LIMIT_MS = 600_000;
const TRY_AGAIN = new Set([0, 401, 408, 425, 429, 500, 502, 503, 504, 507]);

// The first request under the same Idempotency-Key is still being carried out.
const BUSY = "urn:okno:problem:key-busy";

/** A request that brought no good answer; `status` is 0 when there was no answer at all. */
export class HttpError extends Error {
  constructor(status, problem = {}, waitMs = 0) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.status = status;
    this.problem = problem;
    this.waitMs = waitMs;
  }

  /** True when the same request may succeed later. */
  get temporary() {
    return TRY_AGAIN.has(this.status) || this.problem.type === BUSY;
  }
}

/** Fetches and returns a good response; throws HttpError otherwise. */
export async function request(url, init = {}) {
  const response = await reach(url, init);
  if (response.ok) return response;
  throw await failure(response);
}

async function reach(url, init) {
  const limit = init.body instanceof FormData ? UPLOAD_LIMIT_MS : LIMIT_MS;
  try {
    return await fetch(url, { credentials: "omit", signal: AbortSignal.timeout(limit), ...init });
  } catch (error) {
    throw new HttpError(0, { title: error.message });
  }
}

/** The HttpError that a bad response stands for. */
export async function failure(response) {
  const problem = await response.json().catch(() => ({}));
  return new HttpError(response.status, problem, waitAsked(response));
}

/** Milliseconds that the server asks to wait, 0 when it does not. */
function waitAsked(response) {
  const value = response.headers.get("Retry-After");
  if (!value) return 0;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Math.max(0, ms || 0);
}

/** Waits for work whose failed requests have been shown already; anything else that goes wrong is still thrown. */
export async function shown(work) {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
  }
}

/** How long to wait before the next attempt (counted from 0): half a second, doubling to 20 s, with jitter. */
export function backOff(attempt) {
  return Math.min(20_000, 500 * 2 ** attempt) * (0.75 + Math.random() / 2);
}

/** A wait that can be cut short: by `wake()` and by the network coming back. */
export class Pause {
  constructor() {
    this.wake = () => {};
    addEventListener("online", () => this.wake());
  }

  /** Resolves after `ms`, or sooner when woken; without `ms` only when woken. */
  async wait(ms) {
    let timer;
    await new Promise((resolve) => {
      this.wake = resolve;
      if (ms !== undefined) timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.wake = () => {};
  }
}
