// Panels that change rarely (error, files, attempts) are taken anew from the page itself, so their markup lives in one place.
const PAUSE = 300;
let wanted = false;
let running = false;

const place = (box) => [...box.querySelectorAll(".code, .feed, .log")].map((node) => [node.id, node.scrollTop]);

const swap = (fresh) => {
  for (const box of document.querySelectorAll("[data-panel]")) {
    const other = fresh.querySelector(`[data-panel="${box.dataset.panel}"]`);
    if (!other || other.innerHTML === box.innerHTML || box.contains(document.activeElement)) continue;
    const scrolled = place(box);
    box.replaceChildren(...[...other.childNodes].map((node) => document.importNode(node, true)));
    for (const [id, top] of scrolled) document.getElementById(id)?.scrollTo(0, top);
  }
};

// Calls while one is under way are answered by one more afterwards. `done` gets the fresh document.
export const refresh = async (done = () => {}) => {
  wanted = true;
  if (running) return;
  running = true;
  while (wanted) {
    wanted = false;
    try {
      const answer = await fetch(location.pathname + location.search, { credentials: "same-origin", redirect: "error", headers: { "X-Panels": "1" } });
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        swap(fresh);
        document.dispatchEvent(new Event("panels"));
        done(fresh);
      }
    } catch {
      wanted = navigator.onLine;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  running = false;
};
