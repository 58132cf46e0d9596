// SPDX-License-Identifier: MIT
// What is behind a sensor's card: how it is connected, how its answers went, and the newest that
// were refused.
import { ask } from "./link.js";
import { makeWaveform, notesOf } from "./waveform.js";
import { count, make, plain, say, span, timeOf } from "./words.js";

const AGAIN_MS = 3000; // its frames are asked for no more often
const MAX_SHOWN = 4; // refused answers

function facts(sensor) {
  const { signal, reads } = sensor;
  const model = sensor.model && sensor.model !== sensor.driver
    ? `${sensor.driver}, found to be a ${sensor.model}` : sensor.driver;
  const asked = Object.entries(reads).sort(([, a], [, b]) => b - a)
    .map(([verdict, number]) => `${count(number)} ${plain(verdict)}`).join(", ");
  const edges = [["lost", signal.edges_lost], ["late", signal.edges_late],
    ["strange", signal.edges_strange], ["merged", signal.edges_merged]]
    .filter(([, number]) => number > 0).map(([what, number]) => `${count(number)} ${what}`);
  return [
    ["Model", model],
    ["Pin", sensor.pin],
    ["Read every", span(sensor.interval_ms / 1000)],
    ["Stale after", span(sensor.stale_after_ms / 1000)],
    ["Answers", asked || "none yet"],
    ["Edges", edges.join(", ") || "all as they should be"],
    ["Asked again", sensor.retries > 0 && `${count(sensor.retries)} times`],
    ["Power cut", sensor.power_cycles > 0 && `${count(sensor.power_cycles)} times`],
    ["Signal", signal.margin === null ? "not known yet"
      : `${signal.margin} % of the margin that an ideal one has`],
    ["What to do", signal.advice === "good" ? "nothing: the signal is good" : signal.advice],
  ].filter(([, words]) => words);
}

/** Why it was refused, in the decoder's words. */
function reasonOf(frame) {
  const told = frame.explanation.find((line) => line.startsWith("refused: "));
  return told ? told.slice("refused: ".length) : plain(frame.verdict);
}

function valuesOf(frame) {
  return Object.entries(frame).filter(([, value]) => typeof value === "number")
    .filter(([name]) => !name.endsWith("_us")).map(([name, value]) => `${plain(name)} ${value}`)
    .join(", ");
}

function showFrame(frame) {
  const isTaken = frame.verdict === "clean" || frame.verdict === "repaired";
  const title = isTaken ? `${plain(frame.verdict, true)}: ${valuesOf(frame)}`
    : `${plain(frame.verdict, true)}: ${reasonOf(frame)}`;
  const odd = notesOf(frame.explanation).filter(({ note }) => note);
  return make("figure", { class: "answer", "data-verdict": frame.verdict },
    make("figcaption", {}, make("time", { datetime: frame.ts }, timeOf(new Date(frame.ts))),
      make("span", { class: "title" }, title)),
    make("div", { class: "strip", tabindex: "0", role: "group",
      "aria-label": `Waveform of ${timeOf(new Date(frame.ts))}` },
      makeWaveform(frame, `The levels of the wire. ${title}`)),
    ...odd.length === 0 ? [] : [make("p", { class: "odd" },
      odd.slice(0, 3).map(({ edge, note }) => `edge ${edge + 1}: ${note}`).join("; ")
        + (odd.length > 3 ? `; and ${odd.length - 3} more` : ""))],
    make("details", {}, make("summary", {}, "What the decoder made of it"),
      make("pre", { tabindex: "0" }, frame.explanation.join("\n"))));
}

export class Details {
  constructor(place, sensor) {
    this.sensor = sensor;
    this.asked_ms = 0;
    this.isOver = true;
    this.shown = "";
    this.facts = make("dl", { class: "facts" });
    this.title = make("h4", {}, "Its answers");
    this.answers = make("div", { class: "answers" });
    place.replaceChildren(this.facts, this.title, this.answers);
  }

  take(sensor) {
    this.sensor = sensor;
  }

  draw() {
    const rows = facts(this.sensor);
    const names = rows.map(([name]) => name).join();
    if (this.facts.dataset.names !== names) {
      this.facts.dataset.names = names;
      this.facts.replaceChildren(...rows.map(([name]) =>
        make("div", {}, make("dt", {}, name), make("dd"))));
    }
    const places = this.facts.querySelectorAll("dd");
    rows.forEach(([, words], i) => say(places[i], words));
    this.load();
  }

  async load() {
    if (!this.isOver || Date.now() - this.asked_ms < AGAIN_MS) return;
    this.isOver = false;
    this.asked_ms = Date.now();
    try {
      this.show((await ask(`api/sensors/${this.sensor.id}/frames`)).frames);
    } catch {
      if (!this.shown) say(this.title, "Its answers cannot be had now");
    } finally {
      this.isOver = true;
    }
  }

  /** The refused ones, the newest first; else the newest of all. */
  show(frames) {
    const refused = frames.filter(({ verdict }) => verdict !== "clean" && verdict !== "repaired");
    const chosen = refused.length > 0 ? refused.slice(-MAX_SHOWN).reverse() : frames.slice(-1);
    say(this.title, frames.length === 0 ? "It was not asked yet"
      : refused.length === 0 ? `None of the newest ${frames.length} answers was refused; the newest:`
        : `${refused.length} of the newest ${frames.length} answers refused`);
    const now = chosen.map(({ release_us, edges, ts }) =>
      `${refused.length > 0 ? ts.slice(0, -3) : ""}${release_us}${edges}`).join();
    // Nothing that is read or scrolled is taken away without need.
    if (now === this.shown || this.answers.contains(document.activeElement)
      || this.answers.querySelector("details[open]")) return;
    this.shown = now;
    this.answers.replaceChildren(...chosen.map(showFrame));
  }
}
