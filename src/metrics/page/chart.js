// SPDX-License-Identifier: MIT
// The chart of a sensor's course, drawn by uPlot.
/* global uPlot */
import { colourOf, show, valuesOf } from "./reading.js";
import { clock, hour, plain, say, timeOf, weekday } from "./words.js";

const REDRAW_MS = 1000; // no more often than that
const POINTS_PER_PIXEL = 0.7;
const LEAST_SPAN = { "°C": 2, "%": 8 }; // so that noise looks like noise
const HEIGHT = 150, OPEN_HEIGHT = 280;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Some room above and below, and no less than what makes sense of the unit. */
function spanOf(unit) {
  return (_, least, most) => {
    if (least === null) return [null, null];
    const room = Math.max((LEAST_SPAN[unit] ?? 1) - (most - least), (most - least) * 0.15) / 2;
    return [least - room, most + room];
  };
}

/** What stands at a mark of the time axis. */
function timeMark(ts, step_s) {
  const date = new Date(ts * 1000);
  const isDay = date.getHours() + date.getMinutes() + date.getSeconds() === 0;
  if (step_s >= 86400 || isDay) return weekday.format(date);
  return (step_s < 60 ? clock : hour).format(date);
}

function axis(unit, side) {
  return {
    scale: unit,
    side,
    size: 34,
    gap: 3,
    font: "11px system-ui, sans-serif",
    stroke: colour("--soft"),
    grid: { show: side === 3, stroke: colour("--grid"), width: 1 },
    ticks: { show: false },
    values: (_, numbers) => numbers.map((number) => number === null ? "" : String(number)),
    space: 28,
  };
}

export class Chart {
  constructor(card, course, around) {
    this.card = card;
    this.course = course;
    this.around = around;
    this.place = card.querySelector(".plot");
    this.readout = card.querySelector(".readout");
    this.names = "";
    this.plot = null;
    this.drawn_ms = 0;
    this.timer = null;
    this.resizes = new ResizeObserver(() => this.fit());
    this.resizes.observe(this.place);
    this.onKey = (event) => this.move(event);
    this.place.addEventListener("keydown", this.onKey);
  }

  remove() {
    clearTimeout(this.timer);
    this.resizes.disconnect();
    this.place.removeEventListener("keydown", this.onKey);
    this.plot?.destroy();
    this.plot = null;
  }

  size() {
    return {
      width: Math.max(120, Math.floor(this.place.clientWidth)),
      height: this.card.classList.contains("is-open") ? OPEN_HEIGHT : HEIGHT,
    };
  }

  fit() {
    if (!this.plot) return;
    const { width, height } = this.size();
    if (width !== this.plot.width || height !== this.plot.height)
      this.plot.setSize({ width, height });
  }

  /** Soon: what comes many times a second is drawn once. */
  show(sensor) {
    this.sensor = sensor;
    const range_s = this.around.range_s();
    const num_points = Math.round(this.card.clientWidth * POINTS_PER_PIXEL);
    this.course.load(range_s, this.around.now_ms(), num_points).then((isNew) => {
      if (isNew) this.drawNow();
    });
    if (range_s !== this.range_s) {
      this.range_s = range_s;
      this.drawNow();
    } else if (!this.timer) {
      this.timer = setTimeout(() => this.drawNow(),
        Math.max(0, this.drawn_ms + REDRAW_MS - Date.now()));
    }
  }

  drawNow() {
    clearTimeout(this.timer);
    this.timer = null;
    this.drawn_ms = Date.now();
    const units = this.around.units();
    const names = this.namesOf(units);
    if (names.length === 0) return;
    this.place.parentElement.hidden = false;
    const now_s = this.around.now_ms() / 1000;
    const data = this.course.columns(names, now_s - this.range_s,
      this.sensor.stale_after_ms / 1000);
    if (!this.plot || names.join() !== this.names || data.length !== this.plot.data.length)
      this.make(names, units, data);
    const first = Math.min(data[0][0] ?? now_s, now_s - 120);
    this.plot.batch(() => {
      this.plot.setData(data, false);
      this.plot.setScale("x", { min: Math.max(first, now_s - this.range_s), max: now_s });
    });
    this.summarise(names, units, data);
  }

  namesOf(units) {
    const seen = new Set([...Object.keys(this.course.history.values),
      ...valuesOf(this.sensor.reading).map(([name]) => name)]);
    return Object.keys(units).filter((name) => seen.has(name));
  }

  make(names, units, data) {
    this.plot?.destroy();
    this.names = names.join();
    const scales = [...new Set(names.map((name) => units[name]))];
    const strokeOf = (name) => colour(`--q${colourOf(name, units)}`);
    this.plot = new uPlot({
      ...this.size(),
      padding: [8, scales.length > 1 ? 0 : 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      hooks: { setCursor: [() => this.readAtCursor()] },
      scales: Object.fromEntries([["x", { auto: false }],
        ...scales.map((unit) => [unit, { range: spanOf(unit) }])]),
      axes: [{
        font: "11px system-ui, sans-serif",
        stroke: colour("--soft"),
        grid: { show: false },
        ticks: { stroke: colour("--grid"), size: 4 },
        size: 24,
        gap: 3,
        space: 64,
        values: (_, times, axis, space, step_s) => times.map((ts) => timeMark(ts, step_s)),
      }, ...scales.slice(0, 2).map((unit, i) => axis(unit, i === 0 ? 3 : 1))],
      series: [{}, ...names.map((name) => ({
        scale: units[name],
        stroke: strokeOf(name),
        width: 1.6,
        points: { show: () => this.num_values === 1, size: 5 },
      })), ...data.slice(names.length + 1).map((_, i) => ({
        scale: units[names[i >> 1]],
        stroke: "transparent",
        points: { show: false },
      }))],
      // From the least to the most, where a point stands for several readings.
      bands: data.length === names.length + 1 ? [] : names.map((name, i) => ({
        series: [names.length + 2 + 2 * i, names.length + 1 + 2 * i],
        fill: `${strokeOf(name)}33`,
      })),
    }, data, this.place);
  }

  /** Under the chart, and for who does not see it. */
  summarise(names, units, data) {
    this.num_values = data[0].length;
    const spans = names.map((name, i) => {
      const from = data.length === names.length + 1 ? [i + 1]
        : [names.length + 1 + 2 * i, names.length + 2 + 2 * i];
      const numbers = from.flatMap((place) => data[place]).filter((number) => number !== null);
      if (numbers.length === 0) return null;
      const [least, most] = numbers.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)],
        [Infinity, -Infinity]);
      return { name, words: `${show(name, least)} to ${show(name, most)}\u202f${units[name]}` };
    }).filter(Boolean);
    const range = document.querySelector("[name=range]:checked + span").textContent;
    this.summary = spans.length === 0 ? `nothing was read in the last ${range}`
      : spans.map(({ words }) => words).join(" · ");
    this.place.setAttribute("aria-label", `Chart of the last ${range}: ` + (spans.length === 0
      ? "nothing was read" : spans.map(({ name, words }) => `${plain(name)} ${words}`).join(", ")));
    this.readAtCursor();
  }

  /** What the cursor is at; without one, the summary. */
  readAtCursor() {
    const index = this.plot?.cursor.idx;
    const isAt = index !== null && index !== undefined && this.plot.cursor.left >= 0;
    if (!isAt) {
      say(this.readout, this.summary ?? "");
      return;
    }
    const units = this.around.units();
    const values = this.names.split(",").map((name, i) => {
      const value = this.plot.data[i + 1][index];
      return value === null || value === undefined ? "" : `${show(name, value)}\u202f${units[name]}`;
    });
    say(this.readout, [timeOf(new Date(this.plot.data[0][index] * 1000)), ...values]
      .filter(Boolean).join(" · "));
  }

  /** Arrow keys, Home and End move the cursor from value to value. */
  move(event) {
    if (!this.plot) return;
    const times = this.plot.data[0];
    const at = this.plot.cursor.left >= 0 ? this.plot.cursor.idx ?? times.length : times.length;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: times.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const place = Math.min(times.length - 1, Math.max(0, to));
    this.plot.setCursor({ left: this.plot.valToPos(times[place], "x"), top: 0 });
  }
}
