// A workflow's run, live: states change with the websocket, numbers with one look at the server at most a second.
import { draw } from "./graph.js";

const run = document.getElementById("run");
const box = document.getElementById("graph-box");
const svg = box?.querySelector("svg");
const side = document.getElementById("node-panel");
const LOOK_EVERY = 1000;
const CHART_EVERY = 4000;

// What the server says with a word of the feed; everything else comes with the next look.
const TOLD = {
  waiting: ["blocked", "waiting"], ready: ["pending", "pending"], running: ["running", "running"],
  checking: ["running", "search"], completed: ["completed", "completed"], failed: ["failed", "failed"],
  skipped: ["cancelled", "chevron"], cancelled: ["cancelled", "cancelled"],
};
const EDGES = { completed: "met", running: "hot", person: "hot" };

const tint = (node, name) => {
  node.classList.forEach((each) => each.startsWith("st-") && node.classList.remove(each));
  node.classList.add(`st-${name}`);
};
const sign = (use, name) => use?.setAttribute("href", `${svg.dataset.sprite}#${name}`);
const edge = (id, look) => svg.querySelector(`.edge[data-from="${id}"]`)?.setAttribute("class", `edge ${look}`.trim());

const show = (live) => {
  const node = svg.querySelector(`.node[data-box="${live.id}"]`);
  if (!node) return;
  tint(node, live.tint);
  sign(node.querySelector(".ic"), live.icon);
  node.classList.toggle("stalled", live.stalled);
  node.setAttribute("aria-label", live.label);
  node.querySelector("title").textContent = live.label;
  node.querySelector(".sm").textContent = live.fact;
  if (live.bar) {
    node.querySelector(".f-done")?.setAttribute("width", live.bar[0]);
    const bad = node.querySelector(".f-bad");
    bad?.setAttribute("x", 12 + live.bar[0]);
    bad?.setAttribute("width", live.bar[1]);
  }
  edge(live.id, live.edge);
};

const tell = (nodes) => {
  for (const [number, state] of nodes) {
    const node = svg.querySelector(`.node[data-n="${number}"]`);
    if (!node || !(state in TOLD)) continue;
    const [name, icon] = "asks" in node.dataset && state === "running" ? ["person", "person"] : TOLD[state];
    tint(node, name);
    sign(node.querySelector(".ic"), icon);
    edge(node.dataset.box, EDGES[name] ?? "");
  }
};

const setRow = (row) => {
  const line = run.querySelector(`tr[data-n="${row.n}"]`);
  if (!line) return;
  const cell = (name) => line.querySelector(`[data-cell="${name}"]`);
  const badge = cell("state").querySelector(".badge");
  tint(badge, row.tint);
  sign(badge.querySelector("use"), row.icon);
  badge.querySelector("span").textContent = row.word;
  for (const name of ["fact", "began", "took", "why"]) cell(name).textContent = row[name];
};

const apply = (moved) => {
  run.dataset.version = moved.version;
  svg.setAttribute("aria-label", moved.label);
  for (const [name, text] of Object.entries(moved.fields)) {
    const field = run.querySelector(`[data-run="${name}"]`);
    if (field && field.textContent !== text) field.textContent = text;
  }
  moved.boxes.forEach(show);
  if (moved.rows) moved.rows.forEach(setRow);
  else swap("nodes");
};

// The chart is drawn anew by the server while it is looked at.
const swap = async (name) => {
  const place = run.querySelector(`[data-part="${name}"]`);
  const answer = await fetch(`${run.dataset[name]}${location.search}`, { credentials: "same-origin", redirect: "error" });
  if (!answer.ok || place.contains(document.activeElement)) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(`[data-part="${name}"]`);
  const scroller = place.querySelector(".gantt-box");
  const [left, top] = [scroller?.scrollLeft ?? 0, scroller?.scrollTop ?? 0];
  place.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
  place.querySelector(".gantt-box")?.scrollTo(left, top);
};

let lookedAt = -LOOK_EVERY;
let chartAt = 0;
let timer = null;
const look = async () => {
  timer = null;
  lookedAt = performance.now();
  try {
    const answer = await fetch(`${run.dataset.url}?after=${run.dataset.version}`, { credentials: "same-origin", redirect: "error" });
    if (!answer.ok) return;
    const moved = await answer.json();
    apply(moved);
    const chart = document.getElementById("panel-gantt");
    if (!chart.hidden && performance.now() - chartAt > CHART_EVERY) {
      chartAt = performance.now();
      await swap("gantt");
    }
    if (!moved.is_over && isTicking()) soon();
  } catch {
    if (navigator.onLine) soon(5 * LOOK_EVERY);
  }
};
const soon = (pause = LOOK_EVERY) => {
  timer ??= setTimeout(look, Math.max(0, lookedAt + pause - performance.now()));
};
// Items of an expansion end without a change of any node, and time passes for what runs.
const isTicking = () => !document.hidden && svg.querySelector(".node.st-running, .node.st-person") !== null;

// The details of a node open beside the graph; the address of the link is a page of its own.
const open = async (node) => {
  for (const each of svg.querySelectorAll(".node.sel")) each.classList.remove("sel");
  node.classList.add("sel");
  const answer = await fetch(node.getAttribute("href"), { credentials: "same-origin" });
  const body = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("node");
  if (!answer.ok || !body) {
    location.assign(node.getAttribute("href"));
    return;
  }
  const acts = document.createElement("p");
  acts.className = "panel-acts";
  acts.append(link("Open as a page", node.getAttribute("href")), closer(node));
  side.replaceChildren(acts, document.importNode(body, true));
  side.hidden = false;
  side.querySelector("h1").focus();
};
const link = (text, href) => {
  const made = document.createElement("a");
  Object.assign(made, { className: "btn small", textContent: text, href });
  return made;
};
const closer = (node) => {
  const made = document.createElement("button");
  Object.assign(made, { className: "btn small", type: "button", textContent: "Close" });
  made.addEventListener("click", () => close(node));
  return made;
};
const close = (node) => {
  side.hidden = true;
  node.classList.remove("sel");
  node.focus();
};

if (run && svg) {
  draw(box, run.querySelector(".graph-tools"));
  document.addEventListener("nodes", (event) => {
    tell(event.detail);
    soon();
  });
  document.addEventListener("visibilitychange", () => document.hidden || soon());
  svg.addEventListener("click", (event) => {
    const node = event.target.closest(".node[data-n]");
    if (!node || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(node);
  });
  side.addEventListener("keydown", (event) => event.key === "Escape" && close(svg.querySelector(".node.sel")));
  if (isTicking()) soon();
}
