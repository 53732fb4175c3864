// The words that prove tasks, marked in the messages they stand in.

import { h } from "../shared/dom.js";
import { icon } from "../shared/icons.js";

const dressed = new WeakMap();

/** Marks the words of the standing DialogTasks; `onPick(number)` when somebody picks such words. */
export class Evidence {
  constructor(tasks, i18n, onPick) {
    Object.assign(this, { tasks, i18n, onPick, pointed: null, picked: null });
  }

  /** The list of messages whose words are marked. */
  bind(rows) {
    this.rows = rows;
    rows.addEventListener("click", (event) => this.click(event));
    rows.addEventListener("keydown", (event) => this.key(event));
  }

  /** Brings the marks of all rows up to date; what has not changed is not touched. */
  dress(messages) {
    const found = this.byMessage();
    const known = new Map(messages.map((message) => [String(message.id), message]));
    for (const row of this.rows.children) {
      const message = known.get(row.dataset.key);
      const bubble = row.querySelector(":scope > .bubble");
      if (message && bubble) this.dressOne(bubble, message, found.get(message.id) ?? []);
    }
    this.point(this.pointed);
  }

  byMessage() {
    const found = new Map();
    for (const { number, evidence } of this.tasks.standing) {
      for (const { message, ...span } of evidence) {
        found.set(message, [...(found.get(message) ?? []), { number, ...span }]);
      }
    }
    return found;
  }

  dressOne(bubble, message, spans) {
    const mark = JSON.stringify([this.i18n.lang, spans]);
    if (dressed.get(bubble) === mark || (!spans.length && !dressed.has(bubble))) return;
    dressed.set(bubble, mark);
    undress(bubble);
    const words = bubble.querySelector(":scope > .text");
    const { fitting, others } = sorted(message.text, spans, words);
    for (const piece of pieces(fitting)) this.wrap(words, piece);
    // Where the words have looks of their own, were changed since, or are not shown, the message as a whole is marked.
    if (others.length) this.markWhole(bubble, others);
  }

  /** Marks a stretch of the text; of a task's marks in a message the first one is a stop for the keyboard. */
  wrap(words, { from, to, numbers }) {
    const known = new Set([...words.querySelectorAll("[role=button]")].flatMap((mark) => numbersOf(mark)));
    let isStop = numbers.some((number) => !known.has(number));
    for (const node of textsIn(words, from, to)) {
      const mark = h("mark", { class: "evidence", "data-tasks": numbers.join(" "), title: this.tooltip(numbers) });
      // Within a link there is a stop already.
      if (isStop && !node.parentElement.closest("a")) {
        mark.setAttribute("role", "button");
        mark.tabIndex = 0;
        isStop = false;
      }
      node.replaceWith(mark);
      mark.append(node);
    }
  }

  markWhole(bubble, spans) {
    const numbers = [...new Set(spans.map(({ number }) => number))];
    const label = this.i18n.t("taskOf", { n: numbers.join(", ") });
    const button = h("button", { type: "button", class: "link" }, icon("task"), label);
    const line = h("p", { class: "evidence-line", "data-tasks": numbers.join(" ") }, button);
    bubble.classList.add("evidence-whole");
    bubble.dataset.tasks = numbers.join(" ");
    bubble.append(line);
  }

  tooltip(numbers) {
    return this.i18n.t("taskOf", { n: numbers.join(", ") });
  }

  /** Shows the words of one task more strongly (null: of none). */
  point(number) {
    this.pointed = number;
    for (const mark of this.rows.querySelectorAll("[data-tasks]")) {
      mark.classList.toggle("strong", numbersOf(mark).includes(number));
    }
  }

  /** The first words of a task that are on the page, or null. */
  find(number) {
    return this.rows.querySelector(`[data-tasks~="${number}"]`);
  }

  rowOf(id) {
    return this.rows.querySelector(`:scope > [data-key="${id}"]`);
  }

  key(event) {
    const mark = event.target.closest("mark[role=button]");
    if (!mark || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    this.pick(mark);
  }

  click(event) {
    const mark = event.target.closest("mark.evidence, .evidence-line button");
    // Who selects the words to copy them, or follows a link, stays where he is.
    if (mark && !event.target.closest("a") && getSelection().isCollapsed) this.pick(mark);
  }

  /** Of several tasks with the same words each click goes to the next. */
  pick(mark) {
    const numbers = numbersOf(mark.closest("[data-tasks]"));
    this.picked = numbers[(numbers.indexOf(this.picked) + 1) % numbers.length];
    this.onPick(this.picked);
  }
}

function numbersOf(mark) {
  return mark.dataset.tasks.split(" ").map(Number);
}

function undress(bubble) {
  bubble.classList.remove("evidence-whole");
  delete bubble.dataset.tasks;
  bubble.querySelector(":scope > .evidence-line")?.remove();
  for (const mark of bubble.querySelectorAll("mark.evidence")) {
    const { parentNode } = mark;
    mark.replaceWith(...mark.childNodes);
    parentNode.normalize();
  }
}

/**
 * The spans that can be marked in the words, in the UTF-16 units JavaScript counts in, and the others.
 *
 * Spans count code points of the message's text. They can be found in what is shown only where that is this text: so
 * it is with plain text, with the own words of a mail (what is cut from them is shown apart), and with looks that
 * leave every letter and line where it was. Other looks (blocks that end lines by themselves) move letters, and a
 * message that was changed since has others.
 */
function sorted(text, spans, words) {
  const shown = words !== null && textsOf(words).map(({ text: part }) => part).join("") === text;
  const units = shown ? unitsOf(text) : [];
  const placed = spans.map((span) => ({ ...span, from: units[span.start], to: units[span.end] }));
  const fits = ({ from, to, text: proof }) => from < to && text.slice(from, to) === proof;
  return { fitting: placed.filter(fits), others: placed.filter((span) => !fits(span)) };
}

/** Where each code point of the text begins, and where the last one ends, in UTF-16 units. */
function unitsOf(text) {
  const units = [0];
  for (const letter of text) units.push(units.at(-1) + letter.length);
  return units;
}

/** Spans, which may overlap, as pieces that do not, in their order; the shorter span's task comes first. */
function pieces(spans) {
  const bounds = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const cut = bounds.slice(1).map((to, at) => ({ from: bounds[at], to }));
  const over = ({ from, to }) => spans.filter((span) => span.from <= from && to <= span.to);
  const length = ({ from, to }) => to - from;
  const shortestFirst = (piece) => over(piece).sort((a, b) => length(a) - length(b));
  const numbers = (piece) => [...new Set(shortestFirst(piece).map(({ number }) => number))];
  return cut.map((piece) => ({ ...piece, numbers: numbers(piece) })).filter((piece) => piece.numbers.length);
}

/** What is shown in the words, in order: the text nodes, and the line breaks. */
function textsOf(words) {
  const walker = document.createTreeWalker(words, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.nodeType === Node.TEXT_NODE) found.push({ node, text: node.data });
    else if (node.localName === "br") found.push({ node, text: "\n" });
  }
  return found;
}

/** The text nodes that make up a stretch of the words; those at its ends are cut for it. */
function textsIn(words, from, to) {
  const found = [];
  let at = 0;
  for (const { node, text } of textsOf(words)) {
    const [start, end] = [Math.max(from - at, 0), Math.min(to - at, text.length)];
    at += text.length;
    if (node.nodeType !== Node.TEXT_NODE || start >= end) continue;
    if (end < text.length) node.splitText(end);
    found.push(start > 0 ? node.splitText(start) : node);
  }
  return found;
}
