// The page itself: theme, folds, filters. Everything works without this; it only adds comfort.
const root = document.documentElement;
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const redraws = [];
let printing = false;

function remembered(value) {
  // A page opened from a file may be refused any storage.
  try {
    if (value !== undefined) localStorage.setItem("wsrun-theme", value);
    return localStorage.getItem("wsrun-theme");
  } catch {
    return null;
  }
}

const chosen = remembered();
if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : darkSystem.matches);
const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
const byId = (id) => document.getElementById(id);
const redraw = (width) => redraws.forEach((draw) => draw(width));

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function setUpTheme() {
  const button = byId("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remembered(root.dataset.theme);
    redraw();
  });
  darkSystem.addEventListener("change", () => redraw());
}

function setUpFolds() {
  document.querySelectorAll("details[data-close]").forEach((fold) => (fold.open = false));
  const reveal = () => {
    const target = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
}

function setUpFilters() {
  for (const filter of document.querySelectorAll("[data-filter]")) {
    filter.hidden = false;
    const bodies = filter.parentElement.querySelectorAll("tbody");
    filter.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.toLowerCase();
      bodies.forEach((body) => (body.hidden = !body.textContent.toLowerCase().includes(wanted)));
    });
  }
}

function setUpPrint() {
  let before = null;
  addEventListener("beforeprint", () => {
    if (before) return;
    const closed = [...document.querySelectorAll("details:not([open])")];
    before = { theme: root.dataset.theme, closed };
    closed.forEach((fold) => (fold.open = true));
    root.dataset.theme = "light";
    printing = true;
    redraw(700);
  });
  addEventListener("afterprint", () => {
    if (!before) return;
    before.closed.forEach((fold) => (fold.open = false));
    if (before.theme) root.dataset.theme = before.theme;
    else delete root.dataset.theme;
    before = null;
    printing = false;
    redraw();
  });
}
