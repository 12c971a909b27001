// A graph that is being written: checked and drawn anew whenever the writer pauses. Faults and boxes lead to their text.
import { draw } from "./graph.js";

const form = document.getElementById("graph-form");
const text = document.getElementById("graph-text");
const drawing = document.getElementById("drawing");
const faults = document.getElementById("faults");
const plan = document.getElementById("plan");
const checked = document.getElementById("checked");
const PAUSE = 600;
let offsets = {};
let timer = null;
let asked = 0;

const make = (name, content, className = "") => {
  const made = document.createElement(name);
  made.textContent = content;
  made.className = className;
  return made;
};

const goTo = (offset) => {
  text.focus();
  text.setSelectionRange(offset, offset + 1);
  const lines = text.value.split("\n").length; // the text does not wrap: all are equally high
  const line = text.value.slice(0, offset).split("\n").length;
  text.scrollTop = Math.max(0, (line - 4) * (text.scrollHeight / lines));
  text.scrollLeft = 0;
  text.scrollIntoView({ block: "nearest" });
};

const listFaults = (found) => faults.replaceChildren(...found.map((fault) => {
  const item = make("li", "", fault.severity === "error" ? "st-failed" : "st-paused");
  const button = make("button", `line ${fault.line}`);
  button.type = "button";
  button.dataset.offset = fault.offset;
  item.append(button, " ", make("strong", fault.code), ` ${fault.message} `, make("code", fault.place));
  return item;
}));

const say = ({ errors, faults: found }) => {
  const warnings = found.length - errors;
  const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
  checked.textContent = errors ? count(errors, "error") : `no errors${warnings ? `, ${count(warnings, "warning")}` : ""}`;
};

const redraw = (markup) => {
  const fresh = new DOMParser().parseFromString(markup, "text/html");
  drawing.replaceChildren(...[...fresh.body.childNodes].map((node) => document.importNode(node, true)));
  prepare();
};

const tools = document.querySelector(".graph-tools");
const prepare = () => {
  const fresh = tools.cloneNode(true); // without the listeners of the former drawing
  document.querySelector(".graph-tools").replaceWith(fresh);
  const box = drawing.querySelector(".graph-box");
  if (box) draw(box, fresh);
};

const check = async () => {
  const mine = ++asked;
  const body = new URLSearchParams({ graph: text.value, csrfmiddlewaretoken: form.querySelector("[name=csrfmiddlewaretoken]").value });
  checked.textContent = "being checked";
  try {
    const answer = await fetch(form.dataset.check, { method: "POST", body, credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const found = await answer.json();
    if (mine !== asked) return;
    listFaults(found.faults);
    say(found);
    offsets = found.offsets;
    if (found.drawing) redraw(found.drawing);
    if (found.plan.length) plan.replaceChildren(...found.plan.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
  } catch {
    if (mine === asked) checked.textContent = "Not checked: the server did not answer. It is tried again with the next change.";
  }
};

text.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE);
});
faults.addEventListener("click", (event) => {
  const offset = event.target.closest("[data-offset]")?.dataset.offset;
  if (offset !== undefined) goTo(Number(offset));
});
drawing.addEventListener("click", (event) => {
  const place = event.target.closest(".node")?.getAttribute("href").slice(1);
  if (place === undefined) return;
  event.preventDefault();
  if (place in offsets) goTo(offsets[place]);
});
prepare();
check();
