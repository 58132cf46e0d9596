// SPDX-License-Identifier: MIT
// An answer of a sensor as the levels of its wire, with what the decoder made of each piece.

const NS = "http://www.w3.org/2000/svg";
const PIXELS_PER_US = 0.26; // a bit of 0, 76 us, is as wide as its digit wants
const BEFORE_US = 120; // of the start pulse's end
const AFTER_US = 150;
const TOP = 22, HIGH = 30, LOW = 62, BOTTOM = 84, HEIGHT = 100;
const USUAL = /^(bit \d+ begins|bit \d+'s rise|response|release or response|the end.*|)$/;
const RESPONSE = /^as long as the response/; // which it is, before the first bit
const LINE = /^(\d+)\s+([\d.]+)\s+([\d.]+)?\s*\b([01]*)\s*(.*)$/;

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The lines of an explanation that tell of edges: [{ edge, bits, note }], edges from 0. */
export function notesOf(explanation) {
  return explanation.map((line) => LINE.exec(line)).filter(Boolean).map(
    ([, number, , , bits, note]) => ({
      edge: Number(number) - 1,
      bits,
      note: USUAL.test(note) || (RESPONSE.test(note) && number <= 3) ? "" : note,
    }));
}

/** The points of the line: levels with the host's start pulse before them. */
function pathOf({ levels, release_us: release }, from, to, x) {
  const y = (level) => level ? HIGH : LOW;
  const steps = [...release === undefined ? [] : [[release, 1]], ...levels];
  let path = `M${x(from)} ${y(release === undefined ? 1 : 0)}`;
  for (const [us, level] of steps) {
    if (us < from || us > to) continue;
    path += `H${x(us)}V${y(level)}`;
  }
  return `${path}H${x(to)}`;
}

/** Half a millisecond each. */
function scaleOf(origin, from, to, x) {
  const marks = [];
  for (let us = Math.ceil((from - origin) / 500) * 500; us <= to - origin; us += 500) {
    marks.push(draw("line", { x1: x(us + origin), x2: x(us + origin), y1: TOP, y2: BOTTOM,
      class: "wave-grid" }));
    marks.push(draw("text", { x: x(us + origin), y: HEIGHT - 3, class: "wave-time" },
      `${us / 1000} ms`));
  }
  return marks;
}

/** frame: as in /api/sensors/ID/frames. label: for who does not see it. */
export function makeWaveform(frame, label) {
  const { edges, levels } = frame;
  const all = [...edges, ...levels].map(([us]) => us);
  const origin = frame.release_us ?? all[0] ?? 0;
  const from = Math.min(origin, all[0] ?? origin) - BEFORE_US;
  const to = Math.max(all.length > 0 ? Math.max(...all) : 0, origin + 500) + AFTER_US;
  const x = (us) => Math.round((us - from) * PIXELS_PER_US * 10) / 10;
  const svg = draw("svg", { width: x(to), height: HEIGHT, viewBox: `0 0 ${x(to)} ${HEIGHT}`,
    class: "wave", role: "img", "aria-label": label });
  svg.append(...scaleOf(origin, from, to, x));
  for (const { edge, bits, note } of notesOf(frame.explanation)) {
    if (!edges[edge]) continue;
    const at = edges[edge][0];
    const before = edge > 0 ? edges[edge - 1][0] : at;
    if (note)
      svg.append(draw("rect", { x: x(before), width: Math.max(2, x(at) - x(before)), y: TOP - 4,
        height: BOTTOM - TOP + 4, class: "wave-odd" }, draw("title", {}, note)));
    if (bits)
      svg.append(draw("text", { x: x((before + at) / 2), y: TOP - 6, class: "wave-bit" }, bits));
  }
  svg.append(draw("path", { d: pathOf(frame, from, to, x), class: "wave-line" }));
  return svg;
}
