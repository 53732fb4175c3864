// All tasks that stand, over all dialogs: filters, search, and a list that leads to each in its dialog.

import { wordButton } from "../shared/controls.js";
import { h, reconcile } from "../shared/dom.js";
import { icon } from "../shared/icons.js";
import { addDays, daysBetween, todayIn } from "./calendar.js";
import { nameOf } from "./names.js";
import { PagedList } from "./paged.js";
import { dueParts } from "./taskitem.js";
import { dueWords, isLate, kindChoice, kindWords, SIGNS } from "./taskwords.js";

const TYPING_MS = 250;
const TICK_MS = 30_000;
const WEEK_DAYS = 7;
const DEFAULTS = { assignee: "", what: "", q: "", sort: "due" };
const WHATS = ["overdue", "today", "week", "proposed"];
// The filter, the key of its legend, its values with the keys of their words.
const GROUPS = [
  ["assignee", "owner", [["", "anyone"], ["me", "mine"], ["none", "unassigned"]]],
  ["what", "whichTasks", [["", "anyDay"], ...WHATS.map((what) => [what, what])]],
];
const SORTS = [["due", "sortDue"], ["-created", "sortNew"]];

/** The view; `context`: i18n, me, zone. It stands in the page while it is looked at. */
export class Board {
  constructor(api, context) {
    Object.assign(this, { context, i18n: context.i18n, shown: false });
    const params = (filters) => queryOf(filters, todayIn(context.zone));
    this.list = new PagedList(api, { path: "/v1/tasks", key: "number", params }, DEFAULTS);
    this.element = this.build();
    this.spec = {
      key: ({ key }) => key,
      mark: (row) => JSON.stringify([this.i18n.lang, todayIn(context.zone), row.task && isLate(row.task), row]),
      make: () => h("li"),
      fill: (li, row) => this.fill(li, row),
    };
    this.list.addEventListener("change", () => this.show());
    this.i18n.bind(() => this.show());
    setInterval(() => this.shown && this.show(), TICK_MS);
  }

  build() {
    const { i18n } = this;
    this.title = i18n.text(h("h2", { tabindex: "-1" }), "allTasks");
    this.search = h("input", { type: "search", maxlength: "200", onInput: () => this.typed() });
    i18n.label(this.search, "searchTasks");
    i18n.bind(() => this.search.setAttribute("placeholder", i18n.t("searchTasksHint")));
    const search = h("span", { class: "search" }, icon("search"), this.search);
    this.groups = GROUPS.map((group) => this.group(...group));
    const options = SORTS.map(([value, key]) => i18n.text(h("option", { value }), key));
    const sort = () => this.list.filter({ sort: this.sort.value });
    this.sort = i18n.label(h("select", { onChange: sort }, options), "sort");
    const submit = (event) => event.preventDefault();
    const filters = h("form", { class: "board-filters", onSubmit: submit }, search, this.groups, this.sort);
    this.rows = h("ul", { class: "board-rows", onKeydown: (event) => this.key(event) });
    this.more = i18n.text(wordButton("more", "", () => this.list.more()), "more");
    this.empty = h("div", { class: "empty" });
    const list = h("div", { class: "board-list" }, this.rows, this.more, this.empty);
    const head = h("header", { class: "board-head" }, this.title, filters);
    return h("main", { class: "board", tabindex: "-1" }, head, list);
  }

  group(name, legend, choices) {
    const { i18n } = this;
    const options = choices.map(([value, key]) => {
      const change = () => this.list.filter({ [name]: value });
      const input = h("input", { type: "radio", name: `board-${name}`, value, checked: !value, onChange: change });
      return h("label", {}, input, i18n.text(h("span"), key));
    });
    return h("fieldset", { class: "segments" }, i18n.text(h("legend", { class: "hidden" }), legend), options);
  }

  /** The view is looked at now; with `what`, if there is such a filter, it shows only such tasks. */
  enter(what) {
    this.shown = true;
    if (WHATS.includes(what)) this.choose({ ...DEFAULTS, what });
    else this.list.refresh();
    this.title.focus();
  }

  /** Something else is looked at. */
  leave() {
    this.shown = false;
    this.element.remove();
  }

  /** Something has changed about a task. */
  refresh() {
    if (this.shown) this.list.refresh();
  }

  /** Sets the filters, as if by hand. */
  choose(filters) {
    this.search.value = filters.q;
    this.sort.value = filters.sort;
    for (const [at, [name]] of GROUPS.entries()) {
      for (const input of this.groups[at].querySelectorAll("input")) input.checked = filters[name] === input.value;
    }
    this.list.filter(filters);
  }

  typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.list.filter({ q: this.search.value.trim() }), TYPING_MS);
  }

  show() {
    const { items, next, filters } = this.list;
    const rows = items.map((task) => ({ key: task.number, task }));
    reconcile(this.rows, filters.sort === "due" ? withHeads(rows, todayIn(this.context.zone)) : rows, this.spec);
    this.more.hidden = !next;
    this.empty.hidden = items.length > 0;
    if (!items.length) this.empty.replaceChildren(...this.nothing());
    this.setStop();
  }

  nothing() {
    const { t } = this.i18n;
    const { state, error, filters } = this.list;
    if (state === "loading") return [h("p", {}, t("loading"))];
    if (state === "failed") {
      const again = wordButton("quiet", t("again"), () => this.list.refresh());
      return [h("p", { role: "alert" }, t("tasksFailed", { why: error.message })), again];
    }
    const filtered = ["assignee", "what", "q"].some((name) => filters[name]);
    if (!filtered) return [h("p", {}, t("noTasksAnywhere"))];
    return [h("p", {}, t("noTasksFiltered")), wordButton("quiet", t("clearFilters"), () => this.choose(DEFAULTS))];
  }

  fill(li, { head, task }) {
    li.className = head ? "board-group" : "board-item";
    if (head) li.replaceChildren(h("h3", { class: head }, this.i18n.t(head)));
    else li.replaceChildren(this.row(task));
  }

  row(task) {
    const { i18n, context } = this;
    const { t } = i18n;
    const due = dueWords(task, i18n, context.zone);
    const kind = kindWords(kindChoice(task), i18n);
    const mine = task.assignee?.id === context.me.id;
    const owner = mine ? t("ownerYou") : (task.assignee?.name ?? t("nobodyTask"));
    return h("a", { class: `board-row ${task.status}`, href: `#/${task.dialog}/tasks/${task.number}` }, [
      h("span", { class: due?.late ? "due late" : "due", title: due?.full }, due ? dueParts(due) : t("noDay")),
      h("span", { class: "board-kind", title: kind }, icon(SIGNS[task.kind]), h("span", { class: "hidden" }, kind)),
      h("span", { class: "board-title", dir: "auto" }, task.title),
      task.status === "proposed" ? h("span", { class: "chip proposed" }, t("proposedOne")) : null,
      h("span", { class: "board-client", dir: "auto" }, nameOf(task.client, i18n)),
      h("span", { class: task.assignee ? "owner" : "owner free", dir: "auto" }, owner),
    ]);
  }

  get links() {
    return [...this.rows.querySelectorAll("a")];
  }

  /** The one row that Tab stops at. */
  setStop() {
    const { links } = this;
    const stop = links.find((link) => link === document.activeElement) ?? links[0];
    for (const link of links) link.tabIndex = link === stop ? 0 : -1;
  }

  key(event) {
    const { links } = this;
    const at = links.indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 };
    if (at < 0 || !(event.key in steps)) return;
    event.preventDefault();
    links[steps[event.key]]?.focus();
    this.setStop();
  }
}

/** The query that filters stand for. */
function queryOf({ assignee, what, q, sort }, today) {
  const wanted = {
    overdue: { overdue: "true" },
    today: { due_after: today, due_before: today },
    week: { due_after: today, due_before: addDays(today, WEEK_DAYS - 1) },
    proposed: { status: "proposed" },
  };
  return { assignee, q, sort, ...wanted[what] };
}

/** The rows with a heading where the days come nearer, are here, or lie ahead. */
function withHeads(rows, today) {
  const found = [];
  let last = null;
  for (const row of rows) {
    const head = headOf(row.task, today);
    if (head !== last) found.push({ key: head, head });
    found.push(row);
    last = head;
  }
  return found;
}

function headOf({ due, due_at: at }, today) {
  if (!due) return "headNever";
  if (Date.parse(at) <= Date.now()) return "headLate";
  const ahead = daysBetween(today, due);
  if (ahead > 1) return ahead < WEEK_DAYS ? "headWeek" : "headLater";
  return ahead === 1 ? "headTomorrow" : "headToday";
}
