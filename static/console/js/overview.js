// The overview, live: whatever changes, its panels are drawn anew by the server, at most every two seconds.
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

follow(() => "/ws/tasks/", {
  onOpen: (send) => send({ type: "show", tasks: shown() }),
  onMessage: (message) => (message.rows.length || message.others.length) && soon(),
});
