// A websocket that stays: it comes back with a growing pause, from the last seq that the page shows. A quiet one leaves
// the page's indicator to the other.
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15000;
const SAY_SINCE_AFTER = 10000;
const FOR_GOOD = [4401, 4404];

const indicator = document.querySelector(".live");
let lostAt = null;

const clock = (moment) => moment.toTimeString().slice(0, 8);

const showIndicator = (isLive, isQuiet) => {
  if (!indicator || isQuiet) return;
  indicator.hidden = false;
  if (isLive) lostAt = null;
  else lostAt ??= new Date();
  indicator.classList.toggle("lost", !isLive);
  if (isLive) indicator.textContent = "Live";
  else if (new Date() - lostAt < SAY_SINCE_AFTER) indicator.textContent = "Not live, trying again";
  else indicator.textContent = `Not live since ${clock(lostAt)}`;
};

export const follow = (address, { onMessage, onOpen = () => {}, isQuiet = false }) => {
  let pause = FIRST_PAUSE;
  let timer = null;
  let socket = null;

  const open = () => {
    clearTimeout(timer);
    if (socket && socket.readyState !== WebSocket.CLOSED) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}${address()}`);
    const send = (message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
    socket.addEventListener("open", () => {
      pause = FIRST_PAUSE;
      showIndicator(true, isQuiet);
      onOpen(send);
    });
    socket.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      onMessage(message);
      send({ type: "seen", number: message.number });
    });
    socket.addEventListener("close", (event) => {
      showIndicator(false, isQuiet);
      if (FOR_GOOD.includes(event.code)) {
        if (!isQuiet) indicator.textContent = event.code === 4401 ? "Signed out: load the page again" : "No longer yours to see";
        return;
      }
      timer = setTimeout(open, pause * (0.75 + Math.random() / 2));
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    });
  };

  if (!isQuiet) setInterval(() => lostAt && !indicator.textContent.startsWith("Signed") && showIndicator(false), 1000);
  addEventListener("offline", () => socket.close());
  addEventListener("online", open);
  open();
};
