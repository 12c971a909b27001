// The chat page, live: bubbles are drawn by the server and put in their places by id; a newer version takes the place of
// the older one. What is said or pressed is the form's own POST, sent without leaving the page.
import { refresh } from "./panels.js";
import { follow } from "./socket.js";

const SOON = 2000;
const SHOW_COUNT_FROM = 0.8;
const talk = document.getElementById("talk");
const box = document.getElementById("messages");
const scroll = document.querySelector(".conversation .scroll");
const announce = document.getElementById("announce");
const sayForm = document.getElementById("say");
const pressForm = document.getElementById("press");
const isPast = talk.dataset.past !== undefined;

const parse = (html) => {
  const parsed = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  return document.importNode(parsed, true);
};

// A button that has the focus keeps it when its bubble is drawn anew, and what was opened stays open.
const swap = (old, fresh) => {
  const [why, newWhy] = [old, fresh].map((each) => each.querySelector("details.why"));
  const isAtWhy = why?.contains(document.activeElement);
  if (why && newWhy) newWhy.open = why.open;
  const value = old.contains(document.activeElement) ? document.activeElement.value : null;
  old.replaceWith(fresh);
  const same = value && [...fresh.querySelectorAll("button")].find((each) => each.value === value && !each.disabled);
  if (isAtWhy && newWhy) newWhy.querySelector("summary").focus({ preventScroll: true });
  else if (same) same.focus({ preventScroll: true });
  else if (value) (sayForm?.elements.text ?? scroll).focus({ preventScroll: true });
};

const place = (fresh) => {
  const later = [...box.querySelectorAll(".msg")].find((each) => each.dataset.place > fresh.dataset.place);
  box.insertBefore(fresh, later ?? null);
};

// Read aloud, and politely: answers and endings, not every step of a progress, and nothing from before the page was opened.
const tell = (fresh, was) => {
  const isOld = was ? was.dataset.news !== undefined : fresh.dataset.place < talk.dataset.since;
  if (isOld || fresh.dataset.news === undefined) return;
  announce.textContent = `${fresh.querySelector(".title, .said")?.textContent ?? ""}`.slice(0, 300);
};

const put = ({ id, version, html }) => {
  const was = document.getElementById(id);
  if (was?.dataset.version === version) return;
  const fresh = parse(html);
  if (was) swap(was, fresh);
  else place(fresh);
  tell(fresh, was);
};

const draw = (items) => {
  if (isPast) return;
  const atEnd = scroll.scrollTop > -4;
  for (const each of items) put(each);
  if (items.length) document.getElementById("nothing")?.remove();
  if (atEnd) scroll.scrollTop = 0;
};

// The panel beside it follows at its own pace.
let timer = null;
const soon = () => {
  timer ??= setTimeout(() => {
    timer = null;
    refresh();
  }, SOON);
};
setInterval(() => document.hidden || soon(), 15000);

follow(() => talk.dataset.address, {
  onMessage: (message) => {
    draw(message.items);
    soon();
  },
});

// What was said before comes in above, and the reader's place stays.
box.addEventListener("click", async (event) => {
  const link = event.target.closest("#older");
  if (!link || isPast) return;
  event.preventDefault();
  const answer = await fetch(link.href, { credentials: "same-origin" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const each of fresh.querySelectorAll("#messages > .msg")) {
    if (!document.getElementById(each.id)) place(document.importNode(each, true));
  }
  const older = fresh.getElementById("older");
  if (older) link.href = older.href;
  else link.remove();
});

if (sayForm) {
  const area = sayForm.elements.text;
  const counter = document.getElementById("counter");
  const refused = document.getElementById("refused");
  const most = Number(area.dataset.most);
  let isSending = false;

  const count = () => {
    const length = area.value.trim().length;
    counter.textContent = length > most * SHOW_COUNT_FROM ? `${length.toLocaleString("en")} of ${most.toLocaleString("en")}` : "";
    counter.classList.toggle("over", length > most);
  };

  const refuse = (why) => {
    refused.textContent = why;
    refused.hidden = !why;
  };

  // Until it is answered, the same again is the same message: the token changes only with the answer.
  const send = async (form, fields) => {
    if (isSending) return false;
    isSending = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: fields, credentials: "same-origin", redirect: "error", headers: { "X-Chat": "1" } });
      const said = await answer.json();
      for (const each of [sayForm, pressForm]) each.elements.token.value = said.token;
      refuse(said.error);
      draw(said.items);
      return answer.ok;
    } catch {
      refuse("Not sent: the server did not answer. What you wrote is still here. Send it again; it will not be doubled.");
      return false;
    } finally {
      isSending = false;
    }
  };

  sayForm.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = area.value;
    if (!(await send(sayForm, new FormData(sayForm)))) return;
    if (area.value === sent) area.value = "";
    count();
    scroll.scrollTop = 0;
    area.focus();
  });

  pressForm.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = new FormData(pressForm, event.submitter);
    send(pressForm, fields);
  });

  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    sayForm.requestSubmit();
  });
  area.addEventListener("input", () => {
    count();
    refuse("");
  });

  // Examples are written into the form, where they can be changed before they are sent.
  document.addEventListener("click", (event) => {
    const example = event.target.closest("[data-say]");
    if (!example) return;
    event.preventDefault();
    area.value = example.textContent;
    count();
    area.focus();
  });
  count();
  // On a phone that would hide half of the page behind a keyboard.
  if (matchMedia("(min-width: 768px)").matches) area.focus({ preventScroll: true });
}
