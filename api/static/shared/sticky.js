// A scrolling box that stays at its end while new messages come, unless its reader has scrolled up.

const NEAR_PX = 60;

/** Wraps `box`; `pill` is the button that leads back to the end. */
export class Sticky {
  constructor(box, pill) {
    this.box = box;
    this.pill = pill;
    this.stuck = true;
    this.top = 0;
    box.addEventListener("scroll", () => this.note());
    pill.addEventListener("click", () => this.toEnd());
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(box);
    // Pictures grow the content after it was laid out; load events do not bubble, so they are caught on the way in.
    box.addEventListener("load", () => this.stuck && this.toEnd(), true);
  }

  get atEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR_PX;
  }

  /** Only the reader's own move upwards lets go of the end: a box that shrinks or grows reports scrolling as well. */
  note() {
    const { scrollTop } = this.box;
    if (this.atEnd) this.stuck = true;
    else if (scrollTop < this.top) this.stuck = false;
    this.top = scrollTop;
    if (this.stuck) this.pill.hidden = true;
  }

  toEnd() {
    this.box.scrollTop = this.box.scrollHeight;
    this.top = this.box.scrollTop;
    this.stuck = true;
    this.pill.hidden = true;
  }

  /** Runs a change of the content; `fresh` says that something new stands at the end. */
  change(act, fresh) {
    const wasStuck = this.stuck;
    act();
    if (wasStuck) this.toEnd();
    else if (fresh) this.pill.hidden = false;
  }

  /** Runs a change that adds content at the top and keeps what the reader sees in place. */
  grow(act) {
    const below = this.box.scrollHeight - this.box.scrollTop;
    act();
    this.box.scrollTop = this.box.scrollHeight - below;
  }
}
