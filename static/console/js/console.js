// Small behaviours over plain pages: each works on what it finds, and the pages work without it.
import "./asked.js";
import "./choices.js";
import "./toast.js";
import "./words.js";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// The page one is on stays in sight in the sideways menu of a narrow screen.
const menu = document.querySelector(".console-nav");
const here = menu?.querySelector("[aria-current]");
if (here) menu.scrollLeft = here.offsetLeft - menu.offsetLeft - 40;

// Tabs: arrow keys move, the choice lives in the address so that a link opens the same tab.
for (const list of all("[role=tablist]")) {
  const tabs = all("[role=tab]", list);
  const choose = (tab, isAsked) => {
    for (const other of tabs) {
      const on = other === tab;
      other.setAttribute("aria-selected", String(on));
      other.tabIndex = on ? 0 : -1;
      document.getElementById(other.getAttribute("aria-controls")).hidden = !on;
    }
    if (!isAsked) return;
    tab.focus();
    history.replaceState(null, "", `#${tab.id}`);
  };
  for (const tab of tabs) tab.addEventListener("click", () => choose(tab, true));
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) choose(tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length], true);
  });
  const fromAddress = () => tabs.find((tab) => `#${tab.id}` === location.hash);
  choose(fromAddress() ?? tabs[0], false);
  addEventListener("hashchange", () => {
    const tab = fromAddress();
    if (tab) choose(tab, true);
  });
}

// Dialogs: what cannot be taken back asks first. Without scripts the button leads to a page that asks the same.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-ask]");
  const dialog = opener && document.getElementById(opener.dataset.ask);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
  }
  event.target.closest("dialog [data-close]")?.closest("dialog").close();
});

// Selection: the bulk bar keeps its height; its words and buttons change.
const boxes = all(".action-select");
const counter = document.getElementById("selected-count");
const every = document.getElementById("action-toggle");
const across = document.getElementById("select-across");
const recount = () => {
  const chosen = boxes.filter((box) => box.checked).length;
  counter.textContent = chosen ? `${chosen} of ${boxes.length} on this page selected` : "Select tasks to act on them";
  for (const box of boxes) box.closest("tr").classList.toggle("selected", box.checked);
  for (const button of all("[data-needs-selection]")) button.disabled = !chosen;
  every.checked = chosen > 0 && chosen === boxes.length;
  if (across && !every.checked) across.checked = false;
};
const chooseAll = (isChosen) => {
  for (const box of boxes) box.checked = isChosen;
};
if (counter && every) {
  every.addEventListener("change", () => chooseAll(every.checked));
  across?.addEventListener("change", () => chooseAll(across.checked));
  document.getElementById("changelist-form").addEventListener("change", recount);
  addEventListener("pageshow", recount);
}

// Keys: off while typing; none changes data, and each is also a visible control.
let isGoing = false;
const go = (key) => menu?.querySelector(`[data-key="${CSS.escape(key)}"]`)?.click();
const step = (by) => {
  const links = all("tr a.main, [data-row] a.main");
  links[Math.max(0, links.indexOf(document.activeElement) + by)]?.focus();
};
const nextError = () => {
  const errors = all("[data-error] h2, tr:has(.st-failed) a.main");
  errors[(errors.indexOf(document.activeElement) + 1) % errors.length]?.focus();
};
const KEYS = {
  "?": () => document.getElementById("keys")?.showModal(),
  "/": () => document.getElementById("searchbar")?.focus(),
  j: () => step(1),
  k: () => step(-1),
  e: nextError,
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  const wasGoing = isGoing;
  isGoing = event.key === "g" && !wasGoing;
  if (wasGoing) go(event.key);
  else if (event.key in KEYS) {
    event.preventDefault();
    KEYS[event.key]();
  }
});
