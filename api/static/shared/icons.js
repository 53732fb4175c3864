// Line icons, drawn as SVG nodes on a grid of 20.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  alert: "M10 3 18 16.5H2L10 3ZM10 8v4M10 14.2v.1",
  back: "M12.5 4 6.5 10l6 6",
  calendar: "M3.5 5h13v11.5h-13ZM3.5 8.8h13M7 3v3.5M13 3v3.5",
  check: "M4 10.5l4 4 8-9",
  clip: "M13 6.5 7.3 12.2a1.4 1.4 0 0 0 2 2L15.5 8a2.9 2.9 0 0 0-4.1-4.1L5 10.3a4.4 4.4 0 0 0 6.2 6.2l4.6-4.6",
  complaint: "M3.5 4h13v9.5H10L6 17v-3.5H3.5ZM10 6.5v3M10 11.3v.1",
  clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM10 6v4.2l2.8 1.7",
  close: "M5 5l10 10M15 5 5 15",
  down: "M4.5 7.5 10 13l5.5-5.5",
  delete: "M4 6h12M8 6V3.5h4V6M5.5 6l.8 11h7.4l.8-11M8.5 9v5M11.5 9v5",
  double: "M1.5 10.5l4 4 7-9M9.5 13.5l1 1 8-9",
  edit: "M4 16l.8-3.6L13 4.2a1.7 1.7 0 0 1 2.4 0l.4.4a1.7 1.7 0 0 1 0 2.4l-8.2 8.2L4 16ZM11.5 5.7l2.8 2.8",
  exit: "M8 4H4v12h4M12.5 6l4 4-4 4M16.5 10H8",
  file: "M5 2.5h6l4 4v11H5zM11 2.5v4h4",
  help: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15ZM7.8 7.9a2.2 2.2 0 1 1 3.3 1.9c-.8.5-1.1.9-1.1 1.7M10 14v.1",
  note: "M4 4h12v8l-4 4H4zM16 12h-4v4M7 8h6",
  person: "M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4ZM3.8 17c.8-4.6 11.6-4.6 12.4 0",
  pledge: "M10 2.5l6 2.3v4.7c0 3.8-2.5 6.4-6 8-3.5-1.6-6-4.2-6-8V4.8ZM7 9.8l2.2 2.2 4-4.3",
  plus: "M10 4v12M4 10h12",
  retry: "M15.8 8A6.2 6.2 0 1 0 16 11.5M16.2 4v4.2H12",
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11ZM13 13l4 4",
  send: "M3 9.5 17 3l-4.5 14-3-6zM9.5 11 17 3",
  task: "M2.5 5.2l1.5 1.5L6.8 4M2.5 13.2l1.5 1.5L6.8 12M9.5 5.5h8M9.5 13.5h8",
  tray: "M2.5 11.5h4.2l1.4 2.5h3.8l1.4-2.5h4.2M2.5 11.5 5 4h10l2.5 7.5v5h-15Z",
  undo: "M7.5 3.5 3.5 7.5l4 4M3.5 7.5h8.2a4.4 4.4 0 0 1 0 8.8H7.5",
  window: "M4 3h12a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1ZM10 3v14M3 10h14",
};

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

/** An icon hidden from screen readers: the button that holds it carries the words. */
export function icon(name) {
  const svg = shape("svg", { viewBox: "0 0 20 20", class: "icon", "aria-hidden": "true", focusable: "false" });
  svg.append(shape("path", { d: PATHS[name] }));
  return svg;
}

/** The sign of Okno: a window with one lit pane. */
export function logo() {
  const svg = icon("window");
  svg.classList.add("logo");
  svg.prepend(shape("rect", { x: "10", y: "3", width: "7", height: "7", class: "lit" }));
  return svg;
}
