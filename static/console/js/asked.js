// What is asked of the reader, live on every page: the number in the menu. Pages that show more of it listen with `onAsked`.
import { follow } from "./socket.js";

const entry = document.querySelector(".console-nav [data-key=a]");
const isOwnPage = document.querySelector("[data-approvals-mark]") !== null;
const announce = document.getElementById("announce");
const listeners = [];
let newest = null;

const inWords = (count) => `${count} ${count === "1" ? "approval" : "approvals"} to decide.`;

const draw = (count) => {
  const badge = entry.querySelector(".n");
  const before = badge?.firstChild.textContent ?? "";
  if (count === before) return;
  badge?.remove();
  if (count) {
    const fresh = document.createElement("span");
    const hidden = document.createElement("span");
    fresh.className = "n";
    hidden.className = "visually-hidden";
    hidden.textContent = " to decide";
    fresh.append(count, hidden);
    entry.append(" ", fresh);
  }
  // Said once, and politely, when there is more to do than before; what the reader has done needs no words.
  if (announce && parseInt(count || "0", 10) > parseInt(before || "0", 10)) announce.textContent = inWords(count);
};

export const onAsked = (listener) => {
  listeners.push(listener);
  if (newest) listener(newest);
};

if (entry) {
  follow(() => "/ws/approvals/", {
    isQuiet: !isOwnPage,
    onMessage: (message) => {
      newest = message;
      draw(message.count);
      for (const listener of listeners) listener(message);
    },
  });
}
