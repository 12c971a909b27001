// A graph that only stands there: zoom and arrow keys.
import { draw } from "./graph.js";

for (const view of document.querySelectorAll(".graph-view")) draw(view.querySelector(".graph-box"), view.querySelector(".graph-tools"));
