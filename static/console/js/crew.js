// Queues and workers, live: tasks that change are hinted, heartbeats are not; the server draws the panels anew,
// at most once a second, and every four seconds by itself.
import { refresh } from "./panels.js";
import { follow } from "./socket.js";

const PAUSE = 1000;
const BEATS = 4000;
let timer = null;

const soon = () => {
  if (document.hidden) return;
  timer ??= setTimeout(() => {
    timer = null;
    refresh();
  }, PAUSE);
};

setInterval(soon, BEATS);
document.addEventListener("visibilitychange", soon);

const shown = () => [...document.querySelectorAll("[data-task]")].map((node) => Number(node.dataset.task)).slice(0, 200);

follow(() => "/ws/tasks/", {
  onOpen: (send) => send({ type: "show", tasks: shown(), parts: true }),
  onMessage: (message) => (message.rows.length || message.others.length) && soon(),
});
