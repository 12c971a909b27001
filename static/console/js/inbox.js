// The inbox, live: rows that stay keep their place and the focus; new ones are added, and those that are over go.
import { onAsked } from "./asked.js";
import { refresh } from "./panels.js";

const AGES = 30000;
const box = document.getElementById("inbox");
const list = box.querySelector(".inbox");
const rest = box.querySelector(".rest");

const key = (row) => row.dataset.approval;
const copy = (node) => document.importNode(node, true);

// A row that has the focus is changed inside only, so that the focus stays.
const update = (row, fresh) => {
  if (row.outerHTML === fresh.outerHTML) return;
  row.className = fresh.className;
  if (!row.contains(document.activeElement)) row.replaceChildren(...copy(fresh).childNodes);
  else row.querySelector(".sub").textContent = fresh.querySelector(".sub").textContent;
};

const remove = (row) => {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  const hadFocus = row.contains(document.activeElement);
  row.remove();
  if (hadFocus) (next?.querySelector("a.main") ?? box.querySelector("[aria-current]")).focus();
};

const draw = (fresh) => {
  const rows = new Map([...list.children].map((row) => [key(row), row]));
  const wanted = [...fresh.querySelectorAll(".inbox > li")];
  const kept = new Set(wanted.map(key));
  for (const [name, row] of rows) if (!kept.has(name)) remove(row);
  wanted.forEach((row, place) => {
    const mine = rows.get(key(row));
    if (mine) update(mine, row);
    else list.insertBefore(copy(row), list.children[place] ?? null);
  });
  list.hidden = !wanted.length;
  const other = fresh.querySelector(".rest");
  if (rest.innerHTML !== other.innerHTML) rest.replaceChildren(...copy(other).childNodes);
};

const drawTabs = (fresh) => {
  const tabs = fresh.querySelectorAll(".views-of a .n");
  box.querySelectorAll(".views-of a .n").forEach((number, place) => {
    if (tabs[place]) number.textContent = tabs[place].textContent;
  });
};

// The address may leave the list to the server, which would choose another as soon as this one is empty.
const here = new URL(box.querySelector("[aria-current]").href);
if (!location.search) history.replaceState(null, "", here.search);

const look = () => refresh((page) => {
  const fresh = page.getElementById("inbox");
  if (!fresh) return;
  draw(fresh);
  drawTabs(fresh);
  box.dataset.approvalsMark = fresh.dataset.approvalsMark;
});

onAsked((message) => message.mark !== box.dataset.approvalsMark && look());
setInterval(() => document.hidden || look(), AGES);
document.addEventListener("visibilitychange", () => document.hidden || look());
