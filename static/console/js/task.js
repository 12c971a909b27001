// A task's page, live: the server says what changed since this page's seq, and the page patches itself by id.
import { refresh } from "./panels.js";
import { addFeed, addLog, setIcon } from "./rows.js";
import { follow } from "./socket.js";
import { setElapsed } from "./words.js";

const page = document.getElementById("task");
const code = document.getElementById("code") ?? document.createElement("ol"); // a workflow has no script
const announce = document.getElementById("announce");
const SAY_EVERY = 10000;
const QUIET = ["failed", "completed"];
const state = { now: null, lines: {}, status: page.dataset.status };

const setFields = (fields) => {
  for (const [name, text] of Object.entries(fields)) {
    for (const node of document.querySelectorAll(`[data-field="${name}"]`)) if (node.textContent !== text) node.textContent = text;
  }
};

const setStatus = (status) => {
  state.status = status;
  page.dataset.status = status;
  for (const node of [document.getElementById("state"), document.querySelector("#state .badge"), document.querySelector("#total .bar")]) {
    node?.classList.forEach((name) => name.startsWith("st-") && node.classList.remove(name));
    node?.classList.add(`st-${status}`);
  }
  setIcon(document.getElementById("state"), status);
};

const setReason = () => {
  const box = document.getElementById("reason");
  box.hidden = QUIET.includes(state.status) || !box.querySelector("[data-field]").textContent;
  box.className = `callout st-${state.status}`;
};

const setLegal = (legal) => {
  for (const form of document.querySelectorAll("[data-verb]")) form.hidden = !legal.includes(form.dataset.verb);
};

const setPercent = (percent) => document.querySelector("#total rect").setAttribute("width", `${percent}%`);

const setStages = (stages) => {
  const items = document.getElementById("stages")?.children ?? [];
  stages.forEach((stage, index) => {
    const item = items[index];
    if (!item) return;
    item.className = `${stage.look} st-${stage.state}`;
    item.toggleAttribute("aria-current", false);
    if (stage.look === "now") item.setAttribute("aria-current", "step");
    const bar = item.querySelector(".bar");
    bar.setAttribute("class", `bar st-${stage.state}`);
    bar.firstElementChild.setAttribute("width", `${stage.percent}%`);
    setIcon(item.querySelector("b"), stage.icon);
    item.querySelector(".x").textContent = stage.text;
  });
};

const drawNote = (note, mark) => {
  const now = state.now;
  if (mark?.look !== "now" || !now?.call) {
    note.textContent = mark?.note ?? "";
    return;
  }
  note.textContent = now.call;
  if (now.seconds === null) return;
  const seconds = document.createElement("span");
  seconds.className = "num";
  note.append(" · ", seconds);
  setElapsed(seconds, now.seconds, true);
};

const drawLine = (number) => {
  const item = code.querySelector(`[data-n="${number}"]`);
  if (!item) return;
  const mark = state.lines[number];
  for (const look of ["now", "bad", "resumed"]) item.classList.toggle(look, mark?.look === look);
  if (mark?.look === "now") item.setAttribute("aria-current", "true");
  else item.removeAttribute("aria-current");
  const holder = item.querySelector(".m");
  if (!mark) holder.replaceChildren();
  else if (holder.firstElementChild) setIcon(holder, mark.icon);
  else {
    holder.append(document.importNode(document.getElementById("feed-row").content.querySelector(".i"), true));
    setIcon(holder, mark.icon);
  }
  drawNote(item.querySelector(".note"), mark);
};

const setLines = (lines) => {
  for (const [number, mark] of Object.entries(lines)) {
    if (mark === null) delete state.lines[number];
    else state.lines[number] = mark;
    drawLine(number);
  }
};

// A long script scrolls in a box of its own, which follows the executing line unless the reader has just scrolled it.
let scrolledAt = -Infinity;
const showLine = (item, behavior) => {
  if (!item || !code.classList.contains("long") || performance.now() - scrolledAt < 5000) return;
  const top = item.offsetTop - code.offsetTop - code.clientHeight / 3;
  if (Math.abs(top - code.scrollTop) > code.clientHeight / 4) code.scrollTo({ top, behavior });
};
for (const kind of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  code.addEventListener(kind, () => { scrolledAt = performance.now(); }, { passive: true });
}
showLine(code.querySelector(".bad, .now"), "instant");

const setReached = (reached) => {
  for (const item of code.querySelectorAll("[data-n]")) item.classList.toggle("future", Number(item.dataset.n) > reached);
};

const setVersion = (version) => {
  if (version === page.dataset.version) return;
  page.dataset.version = version;
  refresh(drawMessages);
};

// The error below its line comes with the panels.
const drawMessages = (fresh) => {
  for (const old of code.querySelectorAll(".msgline")) old.remove();
  for (const message of fresh.querySelectorAll("#code .msgline")) {
    const number = message.previousElementSibling.dataset.n;
    code.querySelector(`[data-n="${number}"]`)?.after(document.importNode(message, true));
  }
};

// The journal's table is drawn by the server; while it is on top, it is asked for anew at most every two seconds.
let journalAt = 0;
const refreshJournal = () => {
  if ((document.getElementById("panel-journal")?.hidden ?? true) || performance.now() - journalAt < 2000) return;
  journalAt = performance.now();
  refresh();
};

let saidAt = -SAY_EVERY;
let said = "";
let toSay = null;
const say = () => {
  const field = (name) => document.querySelector(`[data-field="${name}"]`)?.textContent ?? "";
  const stage = field("stage") ? `Stage ${field("stage")} ${field("stage_sub")}` : field("message"); // a workflow has none
  const text = `${field("state")}. ${stage}. ${state.status === "failed" ? field("reason") : ""}`;
  if (text === said || toSay) return;
  toSay = setTimeout(() => {
    toSay = null;
    saidAt = performance.now();
    announce.textContent = said = text;
  }, Math.max(0, saidAt + SAY_EVERY - performance.now()));
};

const APPLY = {
  fields: setFields,
  status: setStatus,
  legal: setLegal,
  percent: setPercent,
  stages: setStages,
  reached: setReached,
  now: (now) => {
    state.now = now;
    if (!now) return;
    drawLine(now.line);
    showLine(code.querySelector(`[data-n="${now.line}"]`), "instant");
  },
  lines: setLines,
  version: setVersion,
};

const apply = (message) => {
  const changed = message.state;
  for (const [name, set] of Object.entries(APPLY)) if (name in changed) set(changed[name]);
  if ("status" in changed || "is_ticking" in changed) page.toggleAttribute("data-running", state.status === "running");
  if (changed.elapsed !== null) setElapsed(document.getElementById("elapsed"), changed.elapsed, state.status === "running");
  addFeed(message.feed, message.is_reset);
  addLog(message.log, message.is_reset);
  if (message.nodes) document.dispatchEvent(new CustomEvent("nodes", { detail: message.nodes }));
  page.dataset.seq = changed.seq;
  setReason();
  refreshJournal();
  say();
};

// Tasks that it has made end without a word in its own feed.
const CHILDREN_EVERY = 5000;
setInterval(() => document.hidden || !document.querySelector("#children[data-open]") || refresh(), CHILDREN_EVERY);

follow(() => `/ws/tasks/${page.dataset.task}/?after=${page.dataset.seq}`, { onMessage: apply });
document.getElementById("journal")?.addEventListener("click", refreshJournal);
