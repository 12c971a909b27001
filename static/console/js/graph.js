// A drawn graph: zoom, fit, dragging, and arrow keys along its edges. It works on what the server has drawn.
const STEPS = [0.1, 0.15, 0.25, 0.35, 0.5, 0.7, 0.85, 1, 1.25, 1.6, 2];
const SMALLEST_FIT = 0.55;

const number = (text) => Number(text);

export const draw = (box, tools) => {
  const svg = box.querySelector("svg.graph");
  if (!svg) return;
  const width = number(svg.dataset.width);
  const height = number(svg.dataset.height);
  const percent = tools?.querySelector("[data-zoom-percent]");
  let scale = 1;

  const zoom = (to, x = box.clientWidth / 2, y = box.clientHeight / 2) => {
    const next = Math.min(STEPS.at(-1), Math.max(0.05, to));
    const left = (box.scrollLeft + x) / scale;
    const top = (box.scrollTop + y) / scale;
    scale = next;
    svg.setAttribute("width", Math.round(width * scale));
    svg.setAttribute("height", Math.round(height * scale));
    box.scrollTo(left * scale - x, top * scale - y);
    if (percent) percent.textContent = `${Math.round(scale * 100)}%`;
  };
  const fit = () => zoom(Math.min(1, (box.clientWidth - 4) / width, (box.clientHeight - 4) / height));
  const step = (by) => zoom(by > 0 ? (STEPS.find((each) => each > scale + 0.001) ?? scale) : (STEPS.findLast((each) => each < scale - 0.001) ?? scale));

  tools?.addEventListener("click", (event) => {
    const asked = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (asked === "fit") fit();
    else if (asked === "0") zoom(1);
    else if (asked) step(number(asked));
  });
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const edge = box.getBoundingClientRect();
    zoom(scale * (event.deltaY < 0 ? 1.12 : 1 / 1.12), event.clientX - edge.left, event.clientY - edge.top);
  }, { passive: false });

  pan(box);
  keys(svg, box, { larger: () => step(1), smaller: () => step(-1), fit });
  zoom(Math.max(SMALLEST_FIT, Math.min(1, (box.clientWidth - 4) / width)), 0, 0);
};

// Dragging moves the drawing; a press that has not moved is a click on what lies below.
const pan = (box) => {
  let from = null;
  let hasMoved = false;
  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return;
    from = { x: event.clientX, y: event.clientY, left: box.scrollLeft, top: box.scrollTop };
    hasMoved = false;
  });
  addEventListener("pointermove", (event) => {
    if (!from) return;
    const x = event.clientX - from.x;
    const y = event.clientY - from.y;
    if (!hasMoved && Math.hypot(x, y) < 5) return;
    hasMoved = true;
    box.classList.add("dragging");
    box.scrollTo(from.left - x, from.top - y);
  });
  addEventListener("pointerup", () => {
    from = null;
    box.classList.remove("dragging");
  });
  box.addEventListener("dragstart", (event) => event.preventDefault());
  box.addEventListener("click", (event) => {
    if (!hasMoved) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    hasMoved = false;
  }, { capture: true });
};

const places = (svg) => new Map([...svg.querySelectorAll(".node")].map((node) => {
  const { e: x, f: y } = node.transform.baseVal.consolidate().matrix;
  return [node, { x, y }];
}));

// One node of the drawing is in the order of Tab; the arrows lead on from there.
const keys = (svg, box, { larger, smaller, fit }) => {
  const place = places(svg);
  const nodes = [...place.keys()];
  const targets = new Map(nodes.map((node) => [node, []]));
  const sources = new Map(nodes.map((node) => [node, []]));
  const byBox = new Map(nodes.map((node) => [node.dataset.box, node]));
  for (const edge of (svg.dataset.edges ?? "").split(" ").filter(Boolean)) {
    const [from, to] = edge.split(">").map((id) => byBox.get(id));
    targets.get(from).push(to);
    sources.get(to).push(from);
  }
  const only = (node) => {
    for (const each of nodes) each.setAttribute("tabindex", each === node ? "0" : "-1");
  };
  const light = (node) => {
    for (const path of svg.querySelectorAll(".edge.lit")) path.classList.remove("lit");
    svg.querySelector(`.edge[data-from="${node.dataset.box}"]`)?.classList.add("lit");
  };
  const nearest = (node, among) => among.toSorted((one, other) => distance(place.get(node), place.get(one)) - distance(place.get(node), place.get(other)))[0];
  const beside = (node, by) => {
    const at = place.get(node);
    const column = nodes.filter((each) => Math.abs(place.get(each).x - at.x) < 20 && Math.sign(place.get(each).y - at.y) === by);
    return nearest(node, column);
  };
  const WAYS = {
    ArrowRight: (node) => nearest(node, targets.get(node)),
    ArrowLeft: (node) => nearest(node, sources.get(node)),
    ArrowDown: (node) => beside(node, 1),
    ArrowUp: (node) => beside(node, -1),
    Home: () => nodes[0],
    End: () => nodes.at(-1),
  };
  svg.addEventListener("keydown", (event) => {
    const node = event.target.closest(".node");
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+") larger();
    else if (event.key === "-") smaller();
    else if (event.key === "0") fit();
    else if (event.key in WAYS) WAYS[event.key](node)?.focus();
    else return;
    event.preventDefault();
  });
  svg.addEventListener("focusin", (event) => {
    const node = event.target.closest(".node");
    if (!node) return;
    only(node);
    light(node);
    bringIntoSight(node, box);
  });
  if (nodes.length) only(nodes[0]);
};

const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

const bringIntoSight = (node, box) => {
  const inner = node.getBoundingClientRect();
  const outer = box.getBoundingClientRect();
  if (inner.left < outer.left || inner.right > outer.right) box.scrollLeft += inner.left - outer.left - outer.width / 2 + inner.width / 2;
  if (inner.top < outer.top || inner.bottom > outer.bottom) box.scrollTop += inner.top - outer.top - outer.height / 2 + inner.height / 2;
};
