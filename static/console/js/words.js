// Durations in the words of apps/core/durations.py: "0.4 s", "46 s", "3 m 46 s", "2 h 5 m", "3 d 4 h".
const pair = (seconds, large, largeUnit, small, smallUnit) => {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)} ${largeUnit}${rest ? ` ${rest} ${smallUnit}` : ""}`;
};

export const duration = (seconds) => {
  if (seconds < 9.95) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(whole, 60, "m", 1, "s");
  if (whole < 86400) return pair(whole, 3600, "h", 60, "m");
  return pair(whole, 86400, "d", 3600, "h");
};

// A call's duration; nothing for those nobody would notice.
export const took = (seconds) => (seconds >= 0.05 ? duration(seconds) : "");

// Elapsed times tick once a second from what the server said; the reader's own clock is not asked.
const bases = new WeakMap();

export const setElapsed = (node, seconds, ticking) => {
  bases.set(node, { seconds, at: performance.now() });
  node.dataset.elapsed = seconds;
  node.toggleAttribute("data-ticking", ticking);
  node.textContent = duration(seconds);
};

const tick = () => {
  for (const node of document.querySelectorAll("[data-ticking]")) {
    if (!bases.has(node)) bases.set(node, { seconds: Number(node.dataset.elapsed), at: performance.now() });
    const { seconds, at } = bases.get(node);
    const passed = (performance.now() - at) / 1000;
    node.textContent = duration(Math.max(seconds, Math.floor(seconds + passed)));
  }
};

tick();
setInterval(tick, 1000);
