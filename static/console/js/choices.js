// Choice cards: the button repeats the choice, and the step is asked for only where it matters.
const repeat = () => {
  for (const button of document.querySelectorAll("[data-repeats]")) {
    const form = button.closest("form");
    const chosen = form.querySelector("input[name=choice]:checked");
    const label = button.querySelector("span");
    const text = chosen?.dataset.button ?? "Go on";
    if (label.textContent !== text) label.textContent = text;
    const step = form.querySelector(".from-step");
    if (step) step.hidden = chosen?.value !== "fork";
  }
};

repeat();
document.addEventListener("change", repeat);
document.addEventListener("panels", repeat);
