// Numbers as the rest of the page writes them.
const NARROW = "\u202f";

function grouped(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, NARROW);
}

function figures(value) {
  if (value === 0) return "0";
  if (value >= 99.95) return grouped(value);
  return value >= 9.995 ? value.toFixed(1) : value >= 0.9995 ? value.toFixed(2) : value.toPrecision(2);
}

function latency(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 0.9995) return `${figures(ms * 1000)}${NARROW}µs`;
  return ms < 999.5 ? `${figures(ms)}${NARROW}ms` : `${figures(ms / 1000)}${NARROW}s`;
}

const rate = (value) => (value === null || value === undefined ? "–" : `${figures(value)}${NARROW}/s`);
const percent = (value) => (value === null || value === undefined ? "–" : `${Math.round(value)}${NARROW}%`);

function moment(seconds, unit) {
  const value = seconds / unit.seconds;
  const decimals = unit.name === "ms" ? 0 : unit.name === "s" ? (seconds < 5 ? 2 : 1) : 1;
  return `${value.toFixed(decimals)}${NARROW}${unit.name}`;
}

// Ticks of a logarithmic axis in ms: 1, 2, 5, 10 …; only powers of ten where there are many.
function logTicks(low, high) {
  const found = [];
  const decades = Math.log10(high / low);
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const step of decades > 3.2 ? [1] : [1, 2, 5]) {
      const value = step * 10 ** power;
      if (value >= low * 0.999 && value <= high * 1.001) found.push(value);
    }
  }
  return found;
}

function latencyTick(ms) {
  if (ms >= 1000) return `${ms / 1000}${NARROW}s`;
  return ms >= 1 ? `${ms}${NARROW}ms` : `${Math.round(ms * 1000)}${NARROW}µs`;
}
