// One moment, shown in every chart at once; the keys of the charts say what was there.
const watchers = [];
let zoomed = null;

function nearest(times, t) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < t) low = middle + 1;
    else high = middle;
  }
  return low > 0 && t - times[low - 1] < times[low] - t ? low - 1 : low;
}

function at(line, t) {
  return line && line[0].length ? line[1][nearest(line[0], t)] : null;
}

function point(t) {
  watchers.forEach((watch) => watch(t));
}

// Calls `move(x share)` for the mouse, and for a tap; `null` when the pointer has left.
function followPointer(place, move) {
  const share = (event) => {
    const box = place.getBoundingClientRect();
    return (event.clientX - box.left) / box.width;
  };
  const onMove = (event) => {
    const x = share(event);
    move(x >= 0 && x <= 1 ? x : null, event);
  };
  place.addEventListener("pointermove", (event) => event.pointerType === "mouse" && onMove(event));
  place.addEventListener("click", onMove);
  place.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && move(null, event));
}

function setUpStaticCharts(data) {
  for (const plot of document.querySelectorAll("[data-plot]")) {
    const line = element("div", "crosshair");
    line.hidden = true;
    plot.append(line);
    watchers.push((t) => {
      line.hidden = t === null;
      if (t !== null) line.style.left = `${(100 * t) / data.length}%`;
    });
    followPointer(plot, (x) => point(x === null ? null : x * data.length));
  }
  const shown = data.timeline;
  if (!shown) return;
  const stat = document.querySelector(".picture")?.dataset.stat;
  const sent = shown.send && stat === "p99" ? shown.send : null;
  const reads = {
    schedule: (t) => `${stat} round trip from schedule, ${latency(at(shown.trips[stat], t))} at ${moment(t, data.unit)}`,
    send: (t) => (sent ? `${stat} from send, ${latency(at(sent, t))}` : null),
    clients: (t) => `${grouped(at([shown.t, shown.clients], t) ?? 0)} clients open`,
    planned: (t) => `${grouped(at([shown.planned.map((p) => p[0]), shown.planned.map((p) => p[1])], t) ?? 0)} planned`,
  };
  for (const place of document.querySelectorAll("[data-read]")) {
    const usual = [...place.childNodes];
    watchers.push((t) => {
      const text = t === null ? null : reads[place.dataset.read](t);
      if (text === null) place.replaceChildren(...usual);
      else place.textContent = text;
    });
  }
}
