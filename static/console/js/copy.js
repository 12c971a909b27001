// Buttons that copy what stands in another element: data-copy names it.
const SAID = 2000;

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.textContent;
  const source = document.getElementById(button.dataset.copy);
  const select = () => getSelection().selectAllChildren(source);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      select();
      button.textContent = "Selected: press Ctrl + C";
    }
    setTimeout(() => { button.textContent = label; }, SAID);
  });
}
