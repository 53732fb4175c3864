// Builds elements: data enters the page as text only, never as markup.

/**
 * Makes an element. `props` are attributes (true sets an empty one; false and null leave it out), `onClick` style
 * listeners, and `value` as a property; children are nodes, strings or null.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function setProp(element, name, value) {
  if (name.startsWith("on")) element.addEventListener(name.slice(2).toLowerCase(), value);
  else if (name === "value") element.value = value;
  else if (value === true) element.setAttribute(name, "");
  else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
}

/** Sets an element's text only when it changes, so that screen readers and selections are left in peace. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of `box` match `items` in order, touching only what changed, so focus and scrolling survive.
 * `spec`: key(item), mark(item) (a string that changes when the item looks different), make(item) -> element,
 * fill(element, item).
 */
export function reconcile(box, items, spec) {
  const root = box.getRootNode();
  const focused = box.contains(root.activeElement) ? root.activeElement : null;
  const old = new Map([...box.children].map((child) => [child.dataset.key, child]));
  let spot = box.firstElementChild;
  for (const item of items) {
    const key = String(spec.key(item));
    const element = old.get(key) ?? spec.make(item);
    old.delete(key);
    element.dataset.key = key;
    fillWhenChanged(element, item, spec);
    if (element === spot) spot = spot.nextElementSibling;
    else box.insertBefore(element, spot);
  }
  for (const gone of old.values()) gone.remove();
  // An element that was moved has lost the focus on the way.
  if (focused?.isConnected && root.activeElement !== focused) focused.focus({ preventScroll: true });
}

const marks = new WeakMap();

function fillWhenChanged(element, item, spec) {
  const mark = spec.mark(item);
  if (marks.get(element) === mark) return;
  marks.set(element, mark);
  spec.fill(element, item);
}

/** Links a stylesheet and resolves when it is in force (or could not be had). */
export function linkStyles(root, href) {
  return new Promise((resolve) => {
    root.append(h("link", { rel: "stylesheet", href, onLoad: resolve, onError: resolve }));
  });
}
