// SPDX-License-Identifier: MIT
// One sensor: its values now, their chart, how well it is read, and what to do about it.
import { Chart } from "./chart.js";
import { Course } from "./course.js";
import { Details } from "./details.js";
import { colourOf, show, valuesOf } from "./reading.js";
import { ago, count, make, plain, say } from "./words.js";

const NEAR = "300px"; // what is so near to being seen is drawn
const STATES = { up: "", stale: "stale", faulty: "pin not available", waiting: "not read" };

// A chart is made and drawn only where somebody may see it.
const sight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) target.card.onSight(isIntersecting);
}, { rootMargin: NEAR });

export class Card {
  /** around: units(), now_ms() and range_s() of the page. */
  constructor(sensor, around) {
    this.sensor = sensor;
    this.around = around;
    this.course = new Course(sensor.id);
    this.chart = null;
    this.details = null;
    this.isSeen = false;
    this.element = document.getElementById("card").content.firstElementChild.cloneNode(true);
    this.element.id = `sensor-${sensor.id}`;
    this.element.card = this;
    this.$(".more-button").addEventListener("click", () => this.toggleDetails());
    sight.observe(this.element);
  }

  $(selector) {
    return this.element.querySelector(selector);
  }

  remove() {
    sight.unobserve(this.element);
    this.chart?.remove();
    this.element.remove();
  }

  /** Takes what the gateway tells; draw() shows it. */
  take(sensor) {
    this.sensor = sensor;
    if (sensor.reading) this.course.add(Date.parse(sensor.reading.ts) / 1000,
      sensor.reading.seq, valuesOf(sensor.reading));
    this.details?.take(sensor);
  }

  state() {
    if (this.sensor.line_faulty) return "faulty";
    if (this.sensor.up) return "up";
    return this.sensor.reading ? "stale" : "waiting";
  }

  /** What is wrong and what to do about it, or null. */
  trouble() {
    const { advice } = this.sensor.signal;
    const isGood = advice === "good";
    const words = {
      up: !isGood && "is read badly",
      stale: "is stale",
      faulty: "its pin cannot be had",
      waiting: this.sensor.verdict && "was not read since the gateway started",
    };
    const told = words[this.state()];
    return told ? [told, isGood ? "" : advice] : null;
  }

  draw() {
    const { sensor } = this;
    const state = this.state();
    this.element.dataset.state = state;
    this.element.dataset.seq = sensor.reading?.seq ?? "";
    say(this.$(".name"), sensor.name);
    this.$(".more-button").setAttribute("aria-label", `Details of ${sensor.name}`);
    say(this.$(".badge"), STATES[state]);
    this.showValues();
    this.showAge();
    this.showQuality();
    if (this.isSeen) this.drawChart();
    this.details?.draw();
  }

  showValues() {
    const list = this.$(".values");
    const units = this.around.units();
    const values = valuesOf(this.sensor.reading);
    const names = values.map(([name]) => name).join(" ");
    if (list.dataset.names !== names) {
      list.dataset.names = names;
      list.replaceChildren(...values.map(([name]) => make("div", { class: "value" },
        make("dt", { class: `q${colourOf(name, units)}` }, plain(name, true)),
        make("dd", {}, make("span", { class: "number" }),
          make("span", { class: "unit" }, units[name] ?? "")))));
    }
    const numbers = list.querySelectorAll(".number");
    values.forEach(([name, value], i) => say(numbers[i], show(name, value)));
  }

  showAge() {
    const { reading } = this.sensor;
    const age_s = reading ? (this.around.now_ms() - Date.parse(reading.ts)) / 1000 : 0;
    say(this.$(".age"), reading ? `read ${ago(age_s)}`
      : "not since the gateway started");
  }

  showQuality() {
    const { reads, signal } = this.sensor;
    const all = Object.values(reads).reduce((sum, number) => sum + number, 0);
    const taken = (reads.clean ?? 0) + (reads.repaired ?? 0);
    const share = all === 0 ? "not asked yet"
      : `${taken === all ? 100 : Math.min(99.9, 100 * taken / all).toFixed(1)} % of ${count(all)} read`;
    say(this.$(".quality"), [signal.margin !== null && `signal ${signal.margin} %`, share]
      .filter(Boolean).join(" · "));
    const advice = this.$(".advice");
    advice.hidden = signal.advice === "good";
    say(advice, advice.hidden ? "" : `What to do: ${signal.advice}.`);
  }

  onSight(isSeen) {
    this.isSeen = isSeen;
    if (isSeen) this.drawChart();
  }

  drawChart() {
    this.chart ??= new Chart(this.element, this.course, this.around);
    this.chart.show(this.sensor);
  }

  changeRange() {
    if (this.isSeen) this.drawChart();
  }

  changeColors() {
    this.chart?.remove();
    this.chart = null;
    if (this.isSeen) this.drawChart();
  }

  toggleDetails() {
    const button = this.$(".more-button");
    const isOpen = button.getAttribute("aria-expanded") === "false";
    button.setAttribute("aria-expanded", isOpen);
    this.element.classList.toggle("is-open", isOpen);
    this.$(".details").hidden = !isOpen;
    this.details = isOpen ? new Details(this.$(".details"), this.sensor) : null;
    if (!isOpen) this.$(".details").replaceChildren();
    this.details?.draw();
    if (this.isSeen) this.drawChart();
  }
}
