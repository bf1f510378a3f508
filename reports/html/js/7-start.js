// Plotly travels compressed inside this file; nothing is fetched from anywhere.
async function loadPlotly() {
  const bytes = Uint8Array.from(atob(byId("plotly").textContent.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const source = await new Response(stream).arrayBuffer();
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  await new Promise((loaded, failed) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = loaded;
    script.onerror = () => failed(new Error("the chart library did not load"));
    document.head.append(script);
  });
  URL.revokeObjectURL(url);
}

async function drawFigures(data) {
  const wanted = [
    ["timeline", data.timeline, timelineFigure, true],
    ["heat", data.heat, heatFigure, true],
    ["curve", data.curve, curveFigure, false],
  ].filter(([name, shown]) => shown && byId(`${name}-figure`));
  if (!wanted.length) return;
  try {
    await loadPlotly();
  } catch {
    for (const place of document.querySelectorAll(".figure .placeholder")) {
      place.textContent = `This chart could not be drawn. ${place.textContent.split(". ").slice(1).join(". ")}`;
    }
    return;
  }
  for (const [name, , make, isTimed] of wanted) {
    const figure = new Figure(name, data, make(data), isTimed);
    figure.start();
    if (name === "heat") setUpHeatTip(figure, data);
  }
  document.querySelectorAll(".zoom-hint").forEach((hint) => (hint.hidden = matchMedia("(pointer: coarse)").matches));
  root.dataset.drawn = "true";
}

document.addEventListener("DOMContentLoaded", () => {
  const data = JSON.parse(byId("data").textContent);
  setUpTheme();
  setUpFolds();
  setUpFilters();
  setUpPrint();
  setUpStaticCharts(data);
  drawFigures(data);
});
