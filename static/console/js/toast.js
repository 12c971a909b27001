// What can be taken back: said aloud once, gone after ten seconds unless it is pointed at or has the focus.
const STAYS = 10000;
const SAY_AFTER = 300;

for (const toast of document.querySelectorAll(".toast")) {
  const announce = document.getElementById("announce");
  setTimeout(() => {
    if (announce) announce.textContent = `${toast.querySelector("span").textContent} Undo is the first control of the content.`;
  }, SAY_AFTER);
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 1000);
    else toast.hidden = true;
  };
  setTimeout(leave, STAYS);
}
