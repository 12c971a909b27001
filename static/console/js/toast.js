// What can be taken back: said aloud once, and gone ten seconds after the reader is seen to be there, unless it is
// pointed at or has the focus then.
const STAYS = 10000;
const SAY_AFTER = 300;
const SIGNS = ["pointermove", "keydown", "touchstart", "scroll"];

for (const toast of document.querySelectorAll(".toast")) {
  const said = toast.querySelector("[role=status]");
  const text = said.textContent;
  said.textContent = "";
  setTimeout(() => { said.textContent = text; }, SAY_AFTER);
  const leave = () => {
    if (toast.matches(":hover, :focus-within")) setTimeout(leave, 1000);
    else toast.hidden = true;
  };
  const begin = () => {
    for (const sign of SIGNS) removeEventListener(sign, begin);
    setTimeout(leave, STAYS);
  };
  for (const sign of SIGNS) addEventListener(sign, begin, { passive: true });
}
