// Rows of feed and log: clones of the page's own <template>, filled by text only, at most 500 of each.
import { took } from "./words.js";

const MOST = 500;
const feed = document.getElementById("feed");
const log = document.getElementById("log");
const sprite = document.getElementById("task")?.dataset.sprite;

export const setIcon = (holder, name) => holder.querySelector("use")?.setAttribute("href", `${sprite}#${name}`);

const setTime = (item, row) => {
  const time = item.querySelector("time");
  time.textContent = row.clock;
  time.dateTime = row.at;
  time.title = row.at;
};

const fill = (item, row) => {
  item.className = [row.state && `st-${row.state}`, row.is_key && "key"].filter(Boolean).join(" ");
  setTime(item, row);
  setIcon(item, row.icon);
  item.querySelector(".t").textContent = row.text;
  item.querySelector(".sub").textContent = row.detail;
  item.querySelector(".d").textContent = row.took;
  const { seq, fold: key, count, first_step: first, seconds, retries } = row;
  Object.assign(item.dataset, { seq, fold: key, count, first, seconds, retries });
};

// Equal calls in a row become one, as apps/console/feedrows.py folds them.
const fold = (item, row) => {
  const count = Number(item.dataset.count) + 1;
  const seconds = Number(item.dataset.seconds) + row.seconds;
  const retries = Number(item.dataset.retries) + row.retries;
  Object.assign(item.dataset, { seq: row.seq, count, seconds, retries });
  item.classList.toggle("st-completed", !retries);
  item.classList.toggle("st-paused", retries > 0);
  setIcon(item, retries ? "warning" : "completed");
  item.querySelector(".t").textContent = `${row.fold} × ${count}`;
  item.querySelector(".sub").textContent = `steps ${item.dataset.first}–${row.step}${retries ? ` · retried ${retries} ×` : ""}`;
  item.querySelector(".d").textContent = took(seconds);
};

// The feed grows at the top; a reader who has scrolled down keeps the place.
const keepingPlace = (box, change) => {
  const before = box.scrollHeight;
  const top = box.scrollTop;
  change();
  if (top > 4) box.scrollTop = top + box.scrollHeight - before;
};

const trim = (box) => {
  while (box.children.length > MOST) box.lastElementChild.remove();
};

export const addFeed = (rows, isReset) => keepingPlace(feed, () => {
  if (isReset) feed.replaceChildren();
  const blank = document.getElementById("feed-row").content.firstElementChild;
  for (const row of rows) {
    const newest = feed.firstElementChild;
    if (newest && Number(newest.dataset.seq) >= row.seq) continue;
    if (newest && row.fold && newest.dataset.fold === row.fold) {
      fold(newest, row);
      continue;
    }
    const item = document.importNode(blank, true);
    fill(item, row);
    item.classList.add("fresh");
    feed.prepend(item);
  }
  trim(feed);
});

export const addLog = (rows, isReset) => keepingPlace(log, () => {
  if (isReset) log.replaceChildren();
  const blank = document.getElementById("log-row").content.firstElementChild;
  for (const row of rows) {
    const item = document.importNode(blank, true);
    item.className = row.level;
    setTime(item, row);
    item.querySelector(".lv").textContent = row.level;
    item.querySelector(".msg-t").textContent = row.text;
    log.prepend(item);
  }
  trim(log);
  document.getElementById("log-empty").hidden = log.children.length > 0;
});
