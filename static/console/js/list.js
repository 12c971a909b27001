// A list of tasks, live: numbers change in place, rows never move; what else changed is said, and shown when asked.
import { follow } from "./socket.js";

const rows = new Map([...document.querySelectorAll("[data-task]")].map((node) => [Number(node.dataset.task), node]));
const news = document.getElementById("news");
const { sprite, parts } = document.querySelector("[data-sprite]").dataset;
const changed = new Set();

const setState = (node, name) => {
  node.classList.forEach((each) => each.startsWith("st-") && node.classList.remove(each));
  node.classList.add(`st-${name}`);
};

const draw = (row) => {
  const node = rows.get(row.id);
  if (!node) return;
  const line = node.closest("[data-row]") ?? node.closest("tr");
  const badge = line.querySelector(".badge");
  setState(badge, row.status);
  badge.querySelector("use").setAttribute("href", `${sprite}#${row.icon}`);
  badge.querySelector("span").textContent = row.word;
  line.querySelector(".say").textContent = row.sentence;
  const bar = line.querySelector(".bar");
  if (bar) {
    setState(bar, row.status);
    bar.firstElementChild.setAttribute("width", `${row.percent}%`);
    bar.setAttribute("aria-label", `${Math.round(row.percent)} per cent`);
    bar.toggleAttribute("hidden", row.percent >= 100);
  }
};

const tell = (others) => {
  for (const id of others) changed.add(id);
  if (!changed.size || !news) return;
  news.querySelector("b").textContent = changed.size;
  news.hidden = false;
};

follow(() => "/ws/tasks/", {
  onOpen: (send) => send({ type: "show", tasks: [...rows.keys()].slice(0, 200), parts: parts !== undefined }),
  onMessage: (message) => {
    message.rows.forEach(draw);
    tell(message.others);
  },
});
