// k6 in the place of wsrun: each VU holds one connection, sends a message each EVERY ms for SECONDS, and times its
// reply. k6 measures from the send, in milliseconds: it has no finer clock.
import { WebSocket } from "k6/experimental/websockets";
import { clearInterval, setInterval, setTimeout } from "k6/timers";
import { Counter, Trend } from "k6/metrics";

const latency = new Trend("latency");
const sent = new Counter("sent");

export const options = {
  scenarios: { paced: { executor: "per-vu-iterations", vus: Number(__ENV.VUS), iterations: 1, maxDuration: "5m" } },
  summaryTrendStats: ["count", "p(50)", "p(99)"],
};

export default function () {
  const socket = new WebSocket(__ENV.URL);
  const asked = {};
  let number = 0;
  socket.onopen = () => {
    const pace = setInterval(() => {
      const id = `${__VU}-${number++}`;
      asked[id] = Date.now();
      socket.send(JSON.stringify({ id }));
      sent.add(1);
    }, Number(__ENV.EVERY));
    setTimeout(() => clearInterval(pace), Number(__ENV.SECONDS) * 1000);
    setTimeout(() => socket.close(), Number(__ENV.SECONDS) * 1000 + 1000);
  };
  socket.onmessage = (event) => {
    const { id } = JSON.parse(event.data);
    latency.add(Date.now() - asked[id]);
    delete asked[id];
  };
}

export function handleSummary(data) {
  const { latency, sent } = data.metrics;
  return { stdout: JSON.stringify({ p50: latency.values["p(50)"], p99: latency.values["p(99)"], count: latency.values.count, sent: sent.values.count }) };
}
