// What the three figures share: their place, fonts and axes, phases behind them, zoom and crosshair.
const CONFIG = { displayModeBar: false, displaylogo: false, doubleClick: false, showTips: false, responsive: false };
const narrow = () => !printing && innerWidth < 720;
const gutter = () => (narrow() ? 38 : 56);
const zooming = [];

function font(size) {
  return { family: getComputedStyle(document.body).fontFamily, size, color: colour("text-3") };
}

// Words over lines: a rim of the ground, so that both can be read.
function halo() {
  const ground = colour("ground");
  return [...Array(4)].map(() => `0 0 3px ${ground}`).join(",");
}

function baseLayout(width, height, bottom) {
  return {
    width,
    height,
    autosize: false,
    margin: { l: gutter(), r: 1, t: 0, b: bottom, pad: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: font(11.5),
    showlegend: false,
    separators: `.${NARROW}`,
    hovermode: false,
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    transition: { duration: 0 },
    shapes: [],
    annotations: [],
  };
}

function valueAxis(options) {
  return {
    fixedrange: true,
    gridcolor: colour("line"),
    gridwidth: 1,
    zeroline: false,
    showline: false,
    ticks: "",
    tickfont: font(11.5),
    tickformat: ",",
    ticksuffix: "\u2009",
    ...options,
  };
}

function timeAxis(data, options) {
  const unit = data.unit;
  return {
    range: (zoomed || [0, data.length]).map((t) => t / unit.seconds),
    showgrid: false,
    zeroline: false,
    ticks: "",
    nticks: narrow() ? 5 : 11,
    ticksuffix: `${NARROW}${unit.name}`,
    tickfont: font(11.5),
    tickangle: 0,
    ticklabeloverflow: "allow",
    automargin: false,
    ...options,
  };
}

function phaseShapes(data) {
  const made = [];
  const { seconds } = data.unit;
  data.bands.forEach((band, index) => {
    const ends = { xref: "x", yref: "paper", x0: band.start / seconds, x1: band.end / seconds, y0: 0, y1: 1, layer: "below" };
    if (band.tinted) {
      made.push({ ...ends, type: "rect", fillcolor: colour("band"), line: { width: 0 } });
    }
    if (index && (band.end - band.start) / data.length > 0.021) {
      made.push({ ...ends, x1: ends.x0, type: "line", line: { color: colour("line-2"), width: 1 } });
    }
  });
  return made;
}

// Whether a line of [x, y] in pixels passes through a box; null is a gap.
function isCrossed(box, line) {
  return line.slice(1).some((end, index) => {
    const begin = line[index];
    if (!begin || !end) return false;
    const [from, to] = [Math.max(begin[0], box.left), Math.min(end[0], box.left + box.width)];
    if (from > to) return false;
    const at = (x) => (end[0] > begin[0] ? begin[1] + ((end[1] - begin[1]) * (x - begin[0])) / (end[0] - begin[0]) : end[1]);
    return Math.min(at(from), at(to)) < box.top + 16 && Math.max(at(from), at(to)) > box.top;
  });
}

// Where the name of a limit stands: the first place in the plot that no line passes through.
// `plot` is {width, height, toPixel, lines}, or null where nothing is known of the lines.
function limitPlace(data, limit, plot) {
  const before = { right: limit.start, anchor: "middle", top: -8, shift: -4 };
  const above = { right: limit.end, anchor: "bottom", top: -18, shift: -2 };
  const usual = limit.start / data.length > (narrow() ? 0.35 : 0.2) ? [before, above] : [above, before];
  if (!plot) return usual[0];
  const below = { ...above, anchor: "top", top: 2 };
  const level = plot.toPixel(limit.ms);
  const width = limit.label.length * 6.6 + 8;
  const boxOf = (place) => {
    const right = (place.right / data.length) * plot.width;
    return { left: place.left === undefined ? right - width : (place.left / data.length) * plot.width, width, top: level + place.top };
  };
  const isInside = (box) => box.left >= 0 && box.left + width <= plot.width && box.top >= 0 && box.top + 16 <= plot.height;
  const isFree = (box) => !plot.lines.some((line) => isCrossed(box, line));
  const first = [above, below].map((place) => ({ ...place, left: limit.start, right: undefined, shift: 2 }));
  // A name over a line can still be read, one that is cut off cannot.
  const within = [...usual, below, ...first].filter((place) => isInside(boxOf(place)));
  return within.find((place) => isFree(boxOf(place))) || within[0] || usual[0];
}

// A limit over the seconds that it judges, with its name.
function limitMarks(data, limits, axes, toY, plot = null) {
  const shapes = [];
  const annotations = [];
  for (const limit of limits) {
    const tone = colour(limit.warns ? "warn" : "fail");
    const [x0, x1] = [limit.start / data.unit.seconds, limit.end / data.unit.seconds];
    shapes.push({ type: "line", ...axes, x0, x1, y0: toY(limit.ms, true), y1: toY(limit.ms, true), line: { color: tone, width: 2 } });
    const place = limitPlace(data, limit, plot);
    const isLeft = place.left !== undefined;
    annotations.push({
      ...axes,
      x: (isLeft ? place.left : place.right) / data.unit.seconds,
      y: toY(limit.ms),
      text: escaped(limit.label),
      showarrow: false,
      xanchor: isLeft ? "left" : "right",
      yanchor: place.anchor,
      xshift: place.shift,
      font: { ...font(12), color: tone, weight: 600, shadow: halo() },
    });
  }
  return { shapes, annotations };
}

// Plotly reads a small markup in labels; names from a scenario are text.
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

class Figure {
  // `build(width)` gives {data, layout, heads, bottom}; heads are rows of names and keys over the plot.
  constructor(name, data, build, isTimed) {
    this.place = byId(`${name}-figure`);
    this.data = data;
    this.build = build;
    this.isTimed = isTimed;
    this.drawn = element("div", "drawn");
    this.drawn.setAttribute("role", "img");
    this.drawn.setAttribute("aria-label", this.place.dataset.label);
    this.phases = isTimed ? document.querySelector(".picture .phases-head").cloneNode(true) : null;
    this.warms = isTimed ? data.bands.filter((band) => band.warm > band.start).map(warmUp) : [];
    this.canvas = element("div");
    this.overlay = element("div");
    this.cross = element("div", "crosshair");
    this.cross.hidden = true;
    this.drawn.append(this.canvas, ...this.warms.map((warm) => warm.strip), this.overlay, this.cross);
  }

  draw(width = this.place.clientWidth) {
    if (!width) return;
    const built = this.build(width);
    Plotly.react(this.canvas, built.data, built.layout, CONFIG);
    this.keepLabels();
    this.bottom = built.layout.margin.b;
    this.overlay.replaceChildren(...(built.heads || []));
    this.cross.style.bottom = `${this.bottom}px`;
    this.placePhases();
    this.placeWarmUps();
  }

  // Plotly centres a label below its tick: that of the last one would be cut off at the edge, and end there instead.
  keepLabels() {
    const edge = this.canvas.getBoundingClientRect().right;
    for (const label of this.canvas.querySelectorAll(".xtick > text")) {
      label.style.textAnchor = "";
      if (label.getBoundingClientRect().right > edge) label.style.textAnchor = "end";
    }
  }

  start() {
    this.place.replaceChildren(...(this.phases ? [this.phases] : []), this.drawn);
    this.draw();
    redraws.push((width) => this.draw(width));
    let known = this.place.clientWidth;
    new ResizeObserver(() => {
      if (this.place.clientWidth === known) return;
      known = this.place.clientWidth;
      requestAnimationFrame(() => this.draw());
    }).observe(this.place);
    if (this.isTimed) this.follow();
  }

  range() {
    return zoomed || [0, this.data.length];
  }

  // The plot without its gutter: where a share of the width is a moment.
  share(event) {
    const box = this.canvas.getBoundingClientRect();
    return (event.clientX - box.left - gutter()) / (box.width - gutter() - 1);
  }

  follow() {
    const [move, leave] = [(event) => this.moved(event), () => point(null)];
    this.drawn.addEventListener("pointermove", (event) => event.pointerType === "mouse" && move(event));
    this.drawn.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && leave());
    this.drawn.addEventListener("click", move);
    watchers.push((t) => this.showMoment(t));
    this.canvas.on("plotly_relayout", (change) => {
      if ("xaxis.range[0]" in change) {
        const { seconds } = this.data.unit;
        zoomTo([change["xaxis.range[0]"] * seconds, change["xaxis.range[1]"] * seconds]);
      }
    });
    this.canvas.on("plotly_doubleclick", () => zoomTo(null));
    zooming.push(() => {
      this.draw();
    });
  }

  moved(event) {
    const x = this.share(event);
    const [low, high] = this.range();
    point(x >= 0 && x <= 1 ? low + x * (high - low) : null, event);
  }

  showMoment(t) {
    const [low, high] = this.range();
    this.cross.hidden = t === null || t < low || t > high;
    if (this.cross.hidden) return;
    const width = this.canvas.clientWidth - gutter() - 1;
    this.cross.style.left = `${gutter() + (width * (t - low)) / (high - low)}px`;
  }

  placePhases() {
    if (!this.phases) return;
    const [low, high] = this.range();
    for (const label of this.phases.children) {
      const start = Math.max(Number(label.dataset.start), low);
      const end = Math.min(Number(label.dataset.end), high);
      label.hidden = end <= start;
      label.style.left = `${(100 * (start - low)) / (high - low)}%`;
      label.style.width = `${(100 * (end - start)) / (high - low)}%`;
    }
  }

  placeWarmUps() {
    const [low, high] = this.range();
    const scale = (this.canvas.clientWidth - gutter() - 1) / (high - low);
    for (const warm of this.warms) {
      const [start, end] = [Math.max(warm.start, low), Math.min(warm.end, high)];
      warm.strip.hidden = end <= start;
      warm.strip.style.left = `${gutter() + scale * (start - low)}px`;
      warm.strip.style.width = `${scale * Math.max(end - start, 0)}px`;
      warm.strip.style.bottom = `${this.bottom}px`;
      warm.strip.firstChild.hidden = scale * (end - start) < 60;
    }
  }
}

// Plotly cannot hatch a shape, so the strips of warm-ups lie over its canvas, and let the pointer through.
function warmUp(band) {
  const strip = element("div", "warm");
  strip.append(element("span", "", "warm-up"));
  return { strip, start: band.start, end: band.warm };
}

function zoomTo(range) {
  const same = JSON.stringify(range) === JSON.stringify(zoomed);
  zoomed = range;
  if (!same) zooming.forEach((draw) => draw());
}
