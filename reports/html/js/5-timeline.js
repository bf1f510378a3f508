// The timeline: rows of charts over one time axis, drawn as one figure.
const ROWS = { clients: 88, messages: 80, trips: 250, failures: 84, breakers: 64, cpu: 76 };

function times(data, seconds) {
  return seconds.map((t) => t / data.unit.seconds);
}

function row(name, title, keys, axis, traces) {
  return { name, title, keys, axis, traces };
}

// A line over all intervals: flat from the start of the first to its middle, and in the last.
function whole(data, shown, values) {
  const [first, last] = [shown.t[0] - shown.length[0] / 2, shown.t.at(-1) + shown.length.at(-1) / 2];
  return { x: times(data, [first, ...shown.t, last]), y: [values[0], ...values, values.at(-1)] };
}

function clientsRow(data, shown) {
  const x = times(data, shown.t);
  const traces = [
    { ...whole(data, shown, shown.clients), fill: "tozeroy", fillcolor: colour("area"), line: { color: colour("text-2"), width: 1.5 } },
    {
      x: times(data, shown.planned.map((p) => p[0])),
      y: shown.planned.map((p) => p[1]),
      line: { color: colour("text-2"), width: 1, dash: "1px,3px" },
    },
  ];
  if (shown.low) {
    traces.splice(1, 0, { x: [...x, ...x.toReversed()], y: [...shown.high, ...shown.low.toReversed()], fill: "toself",
      fillcolor: colour("area-2"), line: { width: 0 } });
  }
  const most = Math.max(1, ...shown.clients, ...(shown.high || []), ...shown.planned.map((p) => p[1]));
  return row("clients", "Clients open", [
    { class: "c-text", name: "open", read: (t) => grouped(at([shown.t, shown.clients], t) ?? 0) },
    { class: "dotted c-quiet", name: "planned",
      read: (t) => grouped(at([shown.planned.map((p) => p[0]), shown.planned.map((p) => p[1])], t) ?? 0) },
  ], { range: [0, most * 1.1], nticks: 4 }, traces);
}

function messagesRow(data, shown) {
  const highest = Math.max(1e-9, ...shown.sent, ...shown.answered);
  const answers = shown.answered.some((value) => value);
  const traces = [{ ...whole(data, shown, shown.sent), line: { color: colour("met-bar"), width: 1.5 } }];
  const keys = [{ class: "thin c-quiet", name: "sent", read: (t) => rate(at([shown.t, shown.sent], t)) }];
  if (answers) {
    traces.push({ ...whole(data, shown, shown.answered), line: { color: colour("text"), width: 1.5 } });
    keys.push({ class: "c-text", name: "answered", read: (t) => rate(at([shown.t, shown.answered], t)) });
  }
  return row("messages", "Messages a second", keys, { range: [0, highest * 1.12], nticks: 4 }, traces);
}

function tripsRow(data, shown) {
  const lines = ["p50", "p95", "p99"].filter((stat) => shown.trips[stat]);
  if (!lines.length) return null;
  const trace = (line, style) => ({ x: times(data, line[0]), y: line[1], connectgaps: false, line: style });
  const traces = lines.map((stat) => trace(shown.trips[stat], { color: colour(stat), width: stat === "p99" ? 2 : 1.5 }));
  const keys = lines.map((stat) => ({ class: `c-${stat}`, name: stat, read: (t) => latency(at(shown.trips[stat], t)) }));
  if (shown.send) {
    traces.push(trace(shown.send, { color: colour("send"), width: 2, dash: "4px,2px" }));
    keys.push({ class: "send c-send", name: "p99 from send", read: (t) => latency(at(shown.send, t)) });
  }
  const values = traces.flatMap((one) => one.y).filter((value) => value > 0);
  const highest = Math.max(...values);
  const near = shown.limits.filter((limit) => limit.ms <= highest * 10 && limit.ms >= Math.min(...values) / 10);
  const low = Math.min(...values, ...near.map((limit) => limit.ms)) * 0.7;
  const high = Math.max(highest, ...near.map((limit) => limit.ms)) * 1.4;
  const ticks = logTicks(low, high);
  return {
    ...row("trips", "Round trip", keys, {
      type: "log", range: [Math.log10(low), Math.log10(high)], tickvals: ticks, ticktext: ticks.map(latencyTick), ticksuffix: "",
    }, traces),
    limits: near,
  };
}

function failuresRow(data, shown) {
  if (!shown.failures.length) return null;
  const x = times(data, shown.t);
  const traces = shown.failures.map((kind, index) => ({
    type: "bar", x, y: kind.values, width: times(data, shown.length), marker: { color: colour(`kind-${index + 1}`), line: { width: 0 } },
  }));
  const keys = shown.failures.map((kind, index) => ({
    class: `block c-kind-${index + 1}`, name: kind.name, read: (t) => rate(at([shown.t, kind.values], t)),
  }));
  const highest = Math.max(...shown.t.map((_, i) => shown.failures.reduce((sum, kind) => sum + kind.values[i], 0)));
  return row("failures", "Failures a second", keys, { range: [0, highest * 1.1 || 1], nticks: 4 }, traces);
}

function breakersRow(data, shown) {
  if (!shown.breakers) return null;
  return row("breakers", "Circuit breakers open", [
    { class: "c-text", name: "at most", read: (t) => grouped(at([shown.t, shown.breakers], t) ?? 0) },
  ], { range: [0, Math.max(1, ...shown.breakers) * 1.1], nticks: 3 }, [
    { ...whole(data, shown, shown.breakers), fill: "tozeroy", fillcolor: colour("area"), line: { color: colour("text-2"), width: 1.5 } },
  ]);
}

function cpuRow(data, shown) {
  if (!shown.cpu.some((value) => value !== null)) return null;
  const highest = Math.max(100, ...shown.cpu);
  return row("cpu", "CPU, % of one core", [
    { class: "thin c-quiet", name: "wsrun, busiest worker", read: (t) => percent(at([shown.t, shown.cpu], t)) },
  ], { range: [0, highest * 1.05], tickvals: [0, 50, 100] }, [{ ...whole(data, shown, shown.cpu), line: { color: colour("text-2"), width: 1.5 } }]);
}

// Room for the name and as many lines of keys as they take; keys grow by a number when they are read.
function headHeight(one, width) {
  const wide = one.keys.reduce((sum, key) => sum + 58 + key.name.length * 6.4, 0);
  const lines = Math.ceil(wide / (narrow() ? width : width - 130));
  return narrow() ? 38 + 19 * lines : 19 + 19 * lines;
}

function rowHead(one, top) {
  const head = element("div", "row-head");
  head.style.top = `${top}px`;
  head.append(element("b", "", one.title));
  const keys = element("ul", "keys");
  for (const key of one.keys) {
    const item = element("li");
    const value = element("span");
    item.append(element("i", `key ${key.class}`), key.name, value);
    keys.append(item);
    key.show = (t) => (value.textContent = t === null ? "" : key.read(t));
  }
  head.append(keys);
  return head;
}

// A row of lines over a logarithmic scale, in pixels.
function pixels(data, one, width) {
  const [low, high] = one.axis.range;
  const [plotted, height] = [width - gutter() - 1, ROWS[one.name]];
  const toPixel = (ms) => height * (1 - (Math.log10(ms) - low) / (high - low));
  const toPoint = (x, ms) => (ms > 0 ? [(x * data.unit.seconds * plotted) / data.length, toPixel(ms)] : null);
  return { width: plotted, height, toPixel, lines: one.traces.map((trace) => trace.x.map((x, index) => toPoint(x, trace.y[index]))) };
}

function timelineFigure(data) {
  const shown = data.timeline;
  let keys = [];
  watchers.push((t) => keys.forEach((key) => key.show(t)));

  return (width) => {
    const rows = [clientsRow, messagesRow, tripsRow, failuresRow, breakersRow, cpuRow].map((make) => make(data, shown)).filter(Boolean);
    const bottom = 24;
    const plotted = rows.reduce((sum, one) => sum + ROWS[one.name] + headHeight(one, width), 0);
    const layout = { ...baseLayout(width, plotted + bottom, bottom), barmode: "stack", bargap: 0 };
    layout.shapes = phaseShapes(data);
    const traces = [];
    const heads = [];
    keys = rows.flatMap((one) => one.keys);
    let top = 0;
    rows.forEach((one, index) => {
      const number = index ? String(index + 1) : "";
      const from = top + headHeight(one, width);
      const to = from + ROWS[one.name];
      layout[`yaxis${number}`] = valueAxis({ domain: [1 - to / plotted, 1 - from / plotted], ...one.axis });
      for (const trace of one.traces) {
        traces.push({ type: "scatter", mode: "lines", hoverinfo: "skip", ...trace, xaxis: "x", yaxis: `y${number}` });
      }
      const axes = { xref: "x", yref: `y${number}` };
      const log = (ms, isShape) => (isShape ? ms : Math.log10(ms));
      const marks = limitMarks(data, one.limits || [], axes, log, one.limits ? pixels(data, one, width) : null);
      layout.shapes.push(...marks.shapes);
      layout.annotations.push(...marks.annotations);
      heads.push(rowHead(one, top + 10));
      top = to;
    });
    layout.xaxis = timeAxis(data, { anchor: `y${rows.length > 1 ? rows.length : ""}` });
    if (shown.stopped !== null) {
      const x = shown.stopped / data.unit.seconds;
      layout.shapes.push({ type: "line", xref: "x", yref: "paper", x0: x, x1: x, y0: 0, y1: 1, line: { color: colour("fail"), width: 1, dash: "dot" } });
    }
    return { data: traces, layout, heads };
  };
}
