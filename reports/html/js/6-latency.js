// The heat map of every reply, and the curve of percentiles.
const NO_REPLY = 14;

function ramp(names) {
  return names.map((name, index) => [index / (names.length - 1), colour(name)]);
}

function heatFigure(data) {
  const heat = data.heat;
  const isMissing = heat.none.some((value) => value);
  const x = [...heat.starts, heat.end].map((t) => t / data.unit.seconds);
  const y = heat.edges.map((ms) => Math.log10(ms));
  const z = heat.edges.slice(1).map((_, band) => heat.counts.map((column) => (column[band] ? Math.log10(column[band]) : null)));
  const p99 = data.timeline.trips.p99;

  return (width) => {
    const height = narrow() ? 250 : 300;
    const layout = baseLayout(width, height + 24, 24);
    const top = isMissing ? 1 - (NO_REPLY + 8) / height : 1;
    const ticks = logTicks(heat.edges[0], heat.edges.at(-1));
    layout.shapes = phaseShapes(data);
    layout.xaxis = timeAxis(data, {});
    layout.yaxis = valueAxis({
      domain: [0, top], range: [y[0], y.at(-1)], tickvals: ticks.map(Math.log10), ticktext: ticks.map(latencyTick), showgrid: false, ticksuffix: "",
    });
    const traces = [{
      type: "heatmap", x, y, z, colorscale: ramp(["heat-0", "heat-1", "heat-2", "heat-3", "heat-4"]), zmin: 0,
      zmax: Math.max(Math.log10(heat.most), 0.3), showscale: false, hoverinfo: "skip", hoverongaps: false,
    }];
    if (isMissing) {
      layout.yaxis2 = valueAxis({
        domain: [1 - NO_REPLY / height, 1], range: [0, 1], tickvals: [0.5], ticktext: [narrow() ? "none" : "no reply"], showgrid: false, ticksuffix: "",
      });
      traces.push({
        type: "heatmap", x, y: [0, 1], z: [heat.none.map((n) => (n ? Math.log10(n) : null))], yaxis: "y2",
        colorscale: [[0, mixed("fail", "ground", 0.45)], [1, colour("fail")]], zmin: 0,
        zmax: Math.max(Math.log10(Math.max(...heat.none)), 0.3), showscale: false, hoverinfo: "skip",
      });
    }
    if (p99) {
      const line = { type: "scatter", mode: "lines", x: times(data, p99[0]), y: p99[1].map((ms) => (ms ? Math.log10(ms) : null)), hoverinfo: "skip" };
      traces.push({ ...line, line: { color: colour("ground"), width: 4 } }, { ...line, line: { color: colour("text"), width: 1.5 } });
      const last = p99[1].findLastIndex((ms) => ms);
      layout.annotations.push({
        xref: "x", yref: "y", x: line.x[last], y: line.y[last], text: "p99", showarrow: false, xanchor: "right",
        yanchor: line.y[last] > y.at(-1) - 0.12 * (y.at(-1) - y[0]) ? "top" : "bottom",
        yshift: line.y[last] > y.at(-1) - 0.12 * (y.at(-1) - y[0]) ? -8 : 8, font: { ...font(12), color: colour("text"), shadow: halo() },
      });
    }
    const near = data.timeline.limits.filter((limit) => limit.ms >= heat.edges[0] && limit.ms <= heat.edges.at(-1));
    // The picture is full of cells: a name has to stay inside of it, whatever it stands on.
    const toPixel = (ms) => height * top * (1 - (Math.log10(ms) - y[0]) / (y.at(-1) - y[0]));
    const inside = { width: width - gutter() - 1, height: height * top, toPixel, lines: [] };
    const marks = limitMarks(data, near, { xref: "x", yref: "y" }, (ms) => Math.log10(ms), inside);
    layout.shapes.push(...marks.shapes);
    layout.annotations.push(...marks.annotations.map((one) => ({ ...one, bgcolor: colour("ground"), borderpad: 1 })));
    return { data: traces, layout };
  };
}

function mixed(one, other, share) {
  const probe = element("i");
  probe.style.color = `color-mix(in srgb, ${colour(one)} ${share * 100}%, ${colour(other)})`;
  document.body.append(probe);
  const numbers = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  const isUnit = getComputedStyle(probe).color.startsWith("color(");
  probe.remove();
  return `rgb(${numbers.map((value) => Math.round(isUnit ? value * 255 : value)).join(",")})`;
}

function setUpHeatTip(figure, data) {
  const heat = data.heat;
  const tip = element("div", "tip");
  tip.hidden = true;
  figure.drawn.append(tip);
  const isMissing = heat.none.some((value) => value);
  figure.drawn.addEventListener("pointerleave", () => (tip.hidden = true));
  figure.drawn.addEventListener("pointermove", (event) => {
    const box = figure.canvas.getBoundingClientRect();
    const height = box.height - 24;
    const [low, high] = figure.range();
    const t = low + figure.share(event) * (high - low);
    const column = t < heat.end ? heat.starts.findLastIndex((start) => start <= t) : -1;
    const y = event.clientY - box.top;
    const start = isMissing ? NO_REPLY + 8 : 0;
    const share = 1 - (y - start) / (height - start);
    const [first, last] = [Math.log10(heat.edges[0]), Math.log10(heat.edges.at(-1))];
    const band = heat.edges.findLastIndex((ms) => Math.log10(ms) <= first + share * (last - first));
    const count = y < NO_REPLY && isMissing ? heat.none[column] : heat.counts[column]?.[band];
    tip.hidden = !count || y > height;
    if (tip.hidden) return;
    const bounds = `${latency(heat.edges[band])} to ${latency(heat.edges[band + 1])}`;
    const what = y < NO_REPLY && isMissing ? "without a reply" : `of ${bounds}`;
    tip.textContent = `${grouped(count)} ${what}, at ${moment(heat.starts[column], data.unit)}`;
    const left = Math.min(event.clientX - box.left + 14, box.width - tip.offsetWidth - 4);
    tip.style.left = `${Math.max(left, 0)}px`;
    tip.style.top = `${Math.max(y - 30, 0)}px`;
  });
}

function curveFigure(data) {
  const { curves, limits, marked } = data.curve;
  const place = (share) => -Math.log10(1 - share);

  return (width) => {
    const head = narrow() ? 44 : 26;
    const height = 340;
    const layout = baseLayout(width, height + head, 40);
    layout.margin.t = head;
    const highest = Math.max(...curves.flatMap((one) => one.y));
    const answered = (one) => cutAt(one, data.curve.timeout);
    const near = limits.filter((limit) => limit.ms <= highest * 5);
    const values = [...curves.flatMap((one) => one.y), ...near.map((limit) => limit.ms)].filter((ms) => ms > 0);
    const [low, high] = [Math.min(...values) * 0.75, Math.max(...values) * 1.3];
    const ticks = logTicks(low, high);
    const end = Math.max(...curves.flatMap((one) => one.x), 1);
    const shares = [0.5, 0.9, 0.99, 0.999, 0.9999].filter((share) => place(share) <= end + 0.01);
    layout.xaxis = {
      fixedrange: true, range: [place(0.5), end], tickvals: shares.map(place), zeroline: false, ticks: "", gridcolor: colour("line"), tickfont: font(11.5),
      ticktext: shares.map((share) => `${+(share * 100).toFixed(2)}${NARROW}%`), title: { text: "share of replies at least this fast", font: font(11.5), standoff: 6 },
    };
    layout.yaxis = valueAxis({ type: "log", range: [Math.log10(low), Math.log10(high)], tickvals: ticks, ticktext: ticks.map(latencyTick), ticksuffix: "" });
    layout.dragmode = false;
    const [schedule, send] = [curves.find((one, i) => i < 2 && one.clock === "round_trip"), curves.find((one, i) => i < 2 && one.clock === "service_time")];
    const quiet = curves.find((one) => one !== schedule && one !== send);
    const line = (one, style) => ({ type: "scatter", mode: "lines", x: one.x, y: one.y, hoverinfo: "skip", line: style });
    const traces = [];
    const keys = [];
    if (schedule && send) {
      const upper = answered(schedule);
      const lower = { x: upper.x, y: upper.x.map((x) => at([send.x, send.y], x)) };
      const tint = { fill: "tonexty", fillcolor: tinted(colour("schedule"), 0.12) };
      traces.push(line(lower, { width: 0 }), { ...line(upper, { width: 0 }), ...tint });
    }
    if (schedule) {
      traces.push(line(schedule, { color: colour("schedule"), width: 2 }));
      keys.push({ class: "c-schedule", name: `${schedule.name}, from schedule`, read: () => "" });
    }
    if (send) {
      traces.push(line(send, { color: colour("send"), width: 2, dash: "4px,2px" }));
      keys.push({ class: "send c-send", name: `${send.name}, from send`, read: () => "" });
    }
    if (quiet) {
      traces.push(line(quiet, { color: colour("p50"), width: 1.5 }));
      keys.push({ class: "thin c-p50", name: quiet.name, read: () => "" });
    }
    if (schedule && send) nameTheGap(layout, answered(schedule), send, marked, place);
    if (schedule) nameTheTimeout(layout, schedule, data.curve);
    markLimits(layout, near, marked, place, low);
    markObserved(layout, traces, marked, place);
    return { data: traces, layout, heads: [curveKeys(keys)] };
  };
}

function tinted(value, share) {
  const [r, g, b] = value.match(/[\da-f]{2}/gi).map((part) => parseInt(part, 16));
  return `rgba(${r},${g},${b},${share})`;
}

// A curve as far as replies came; beyond that it is flat at the timeout.
function cutAt(one, timeout) {
  const end = timeout ? one.y.findIndex((ms) => ms > timeout * 0.985) : -1;
  return end < 0 ? one : { ...one, x: one.x.slice(0, end), y: one.y.slice(0, end) };
}

function nameTheTimeout(layout, schedule, curve) {
  if (cutAt(schedule, curve.timeout).x.length === schedule.x.length) return;
  layout.annotations.push({
    x: schedule.x.at(-1), y: Math.log10(schedule.y.at(-1)), text: `no reply within ${latencyTick(curve.timeout)}`, showarrow: false, xanchor: "right",
    yanchor: "bottom", font: { ...font(12), color: colour("schedule") },
  });
}

// The area between both clocks is named where there is most room for the words, if there is enough.
function nameTheGap(layout, schedule, send, marked, place) {
  const [first, last] = layout.xaxis.range;
  const [low, high] = layout.yaxis.range;
  const width = layout.width - layout.margin.l;
  const half = (52 / width) * (last - first);
  let [widest, best] = [0, null];
  for (const x of schedule.x) {
    if (x - half < first || x + half > schedule.x.at(-1) || marked.some((one) => Math.abs(place(one.share) - x) < half + 0.1)) continue;
    // Both curves rise, so the room is from the lower one's right end to the upper one's left end.
    const [floor, ceiling] = [Math.log10(at([send.x, send.y], x + half)), Math.log10(at([schedule.x, schedule.y], x - half))];
    if (ceiling - floor > widest) [widest, best] = [ceiling - floor, { x, y: (floor + ceiling) / 2 }];
  }
  if (!best || (widest * 340) / (high - low) < 16) return;
  layout.annotations.push({ ...best, text: "before the send", showarrow: false, font: { ...font(12), color: colour("schedule") } });
}

function markLimits(layout, limits, marked, place, low) {
  for (const limit of limits) {
    const tone = colour(limit.warns ? "warn" : "fail");
    const x = place(limit.share);
    const seen = marked.find((one) => one.share === limit.share && one.clock === limit.clock);
    layout.shapes.push({ type: "line", x0: Math.max(x - 0.42, 0.301), x1: x, y0: limit.ms, y1: limit.ms, line: { color: tone, width: 2 } });
    layout.shapes.push({ type: "line", x0: x, x1: x, y0: limit.ms, y1: seen ? seen.ms : low, line: { color: tone, width: 1, dash: "dot" } });
    layout.annotations.push({
      x: Math.max(x - 0.42, 0.301), y: Math.log10(limit.ms), text: escaped(limit.label), showarrow: false, xanchor: x > 1.4 ? "right" : "left",
      yanchor: x > 1.4 ? "middle" : "bottom", xshift: -4, font: { ...font(12), color: tone, weight: 600, shadow: halo() },
    });
  }
}

function markObserved(layout, traces, marked, place) {
  for (const one of marked) {
    const isSchedule = one.clock === "round_trip";
    const tone = colour(isSchedule ? "schedule" : "send");
    const y = Math.log10(one.ms);
    traces.push({ type: "scatter", mode: "markers", x: [place(one.share)], y: [one.ms], hoverinfo: "skip", marker: { color: tone, size: 8, line: { color: colour("ground"), width: 1.5 } } });
    layout.annotations.push({
      x: place(one.share), y, text: escaped(one.label), showarrow: false, xanchor: isSchedule ? "right" : "left", xshift: isSchedule ? -6 : 7,
      yanchor: isSchedule ? "bottom" : "top", font: { ...font(12.5), color: tone, weight: 700 },
    });
  }
}

function curveKeys(keys) {
  const head = element("div", "row-head");
  head.style.top = "0";
  const list = element("ul", "keys");
  for (const key of keys) {
    const item = element("li");
    item.append(element("i", `key ${key.class}`), key.name);
    list.append(item);
  }
  head.append(list);
  return head;
}
