// Many calls for the same work become few runs of it.

import { backOff, HttpError, Pause } from "./http.js";

/** Runs `act` soon after `ask()`: one run at a time, `gapMs` between runs, again after a temporary failure. */
export class Coalesced {
  constructor(act, gapMs) {
    this.act = act;
    this.gapMs = gapMs;
    this.pause = new Pause();
    this.wanted = false;
    this.busy = false;
  }

  ask() {
    this.wanted = true;
    if (!this.busy) this.run();
  }

  async run() {
    this.busy = true;
    let failures = 0;
    while (this.wanted) {
      this.wanted = false;
      const error = await this.attempt();
      failures = error?.temporary ? failures + 1 : 0;
      this.wanted ||= failures > 0;
      await this.pause.wait(failures ? Math.max(error.waitMs, backOff(failures)) : this.gapMs);
    }
    this.busy = false;
  }

  /** Runs the work; returns the HttpError it ended with, or null. */
  async attempt() {
    try {
      await this.act();
      return null;
    } catch (error) {
      if (!(error instanceof HttpError)) this.busy = false;
      if (!(error instanceof HttpError)) throw error;
      return error;
    }
  }
}
