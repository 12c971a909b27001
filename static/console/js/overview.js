// The overview, live: whatever changes, its panels are drawn anew by the server, at most every two seconds.
import { onAsked } from "./asked.js";
import { refresh } from "./panels.js";
import { follow } from "./socket.js";

const PAUSE = 2000;
let timer = null;

const soon = () => {
  timer ??= setTimeout(() => {
    timer = null;
    refresh();
  }, PAUSE);
};

const shown = () => [...document.querySelectorAll("[data-task]")].map((node) => Number(node.dataset.task)).slice(0, 200);

// Hints may be lost, and ages grow: once in a while everything is drawn anew by itself.
setInterval(soon, 30000);

follow(() => "/ws/tasks/", {
  onOpen: (send) => send({ type: "show", tasks: shown(), parts: true }),
  onMessage: (message) => (message.rows.length || message.others.length) && soon(),
});

let asked = null;
onAsked(({ count }) => {
  if (asked !== null && count !== asked) soon();
  asked = count;
});
