// One tab at a time, where the browser offers locks.

const PATIENCE_MS = 30_000;

/**
 * Runs `act` while no other tab of this site does. A tab that a phone has frozen may hold the lock for hours, and a
 * plain http page has no locks at all: then `act` runs anyway, which the callers' stable ids make harmless.
 */
export async function exclusively(name, act) {
  if (!navigator.locks) return act();
  let begun = false;
  try {
    return await navigator.locks.request(name, { signal: AbortSignal.timeout(PATIENCE_MS) }, () => {
      begun = true;
      return act();
    });
  } catch (error) {
    if (begun) throw error;
    return act();
  }
}
