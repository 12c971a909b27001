// One question, live: who else may decide, what happened, and at once when somebody else was quicker. What was typed stays.
import { onAsked } from "./asked.js";
import { refresh } from "./panels.js";

const page = document.getElementById("approval");
const form = document.getElementById("decide");
const said = document.getElementById("meanwhile");

const isOver = (fresh) => form !== null && !fresh.querySelector("#decide");

const close = (fresh) => {
  if (!said.hidden) return;
  said.querySelector("b").textContent = fresh.querySelector("#approval").dataset.said;
  said.hidden = false;
  for (const each of document.querySelectorAll("#decide .submit-row button, .hand-over button")) each.disabled = true;
};

const drawHead = (fresh) => {
  const head = page.querySelector(".errhead");
  if (head.className === fresh.className) return;
  head.className = fresh.className;
  head.replaceChildren(...document.importNode(fresh, true).childNodes);
};

onAsked((message) => {
  if (message.mark === page.dataset.approvalsMark) return;
  refresh((fresh) => {
    const other = fresh.getElementById("approval");
    if (!other) return;
    page.dataset.approvalsMark = other.dataset.approvalsMark;
    drawHead(other.querySelector(".errhead"));
    if (isOver(fresh)) close(fresh);
  });
});
