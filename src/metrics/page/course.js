// SPDX-License-Identifier: MIT
// The course of a sensor's values: what the gateway kept, and behind it what came since.
import { ask } from "./link.js";

const MAX_LIVE = 4000; // readings; older ones are asked for again
const MAX_TAIL = 600; // so many behind the history, and it is asked for anew
const RETRY_MS = 60000; // where there is no history, or it could not be had
const MUCH_FINER = 1.5; // such a step is worth another history
const YOUNG = 4; // a history that fills a smaller part of its range
const MAX_ASKING = 4; // side by side: the gateway has other things to do

let numAsking = 0;
const waiting = [];

/** Like ask(), but few at once. */
async function askInTurn(path) {
  if (numAsking >= MAX_ASKING) await new Promise((resolve) => waiting.push(resolve));
  else numAsking++;
  try {
    return await ask(path);
  } finally {
    if (waiting.length > 0) waiting.shift()();
    else numAsking--;
  }
}

export class Course {
  constructor(id) {
    this.id = id;
    this.live = []; // { ts: s, values: { temperature: 21.5, ... } }, the oldest first
    this.seq = 0;
    this.history = { ts: [], values: {} };
    this.range_s = 0; // of the history; 0: there is none yet
    this.step_s = 0; // between two of its points, at the most
    this.asked_ms = 0;
    this.isAsking = false;
  }

  add(ts, seq, values) {
    if (seq === this.seq) return;
    this.seq = seq;
    this.live.push({ ts, values: Object.fromEntries(values) });
    if (this.live.length > MAX_LIVE) this.live.splice(0, MAX_LIVE / 4);
  }

  fetch(since_s, num_points) {
    return askInTurn(`api/sensors/${this.id}/history?since=${Math.floor(since_s * 1000)}`
      + `&points=${num_points}`);
  }

  tail() {
    const last = this.history.ts.at(-1) ?? -Infinity;
    return this.live.slice(this.live.findLastIndex((one) => one.ts <= last) + 1);
  }

  isWanted(range_s, step_s) {
    if (this.isAsking) return false;
    const isOld = Date.now() - this.asked_ms > RETRY_MS;
    const isOther = range_s !== this.range_s || step_s * MUCH_FINER < this.step_s;
    if (isOther) return this.asked !== `${range_s} ${step_s}` || isOld;
    return isOld && this.tail().length > MAX_TAIL;
  }

  /** Asks for the history where it is not there yet. Resolves to whether there is news. */
  async load(range_s, now_ms, num_points) {
    const step_s = range_s / num_points;
    if (!this.isWanted(range_s, step_s)) return false;
    this.isAsking = true;
    this.asked = `${range_s} ${step_s}`;
    this.asked_ms = Date.now();
    try {
      const now_s = now_ms / 1000;
      let since_s = now_s - range_s;
      let history = await this.fetch(since_s, num_points);
      // What is young fits into a few points of a long range: it is worth as many of its own.
      if (history.ts.length > 0 && history.ts.length < num_points / YOUNG) {
        since_s = history.ts[0] - step_s;
        history = await this.fetch(since_s, num_points);
      }
      this.history = history;
      this.range_s = range_s;
      this.step_s = (now_s - since_s) / num_points;
      return true;
    } catch {
      return false; // what came live is there
    } finally {
      this.isAsking = false;
    }
  }

  /** Whether points of the history stand for several readings, so that least and most differ. */
  isSummed() {
    return this.history.min !== undefined;
  }

  /** [[s, ...], then for each of names [value or null, ...]], and where it is summed for each
   * [least, ...], [most, ...]; with a gap where longer than stale_s, or than points are apart,
   * nothing came. */
  columns(names, since_s, stale_s) {
    const { ts: times, values, min, max } = this.history;
    const max_gap_s = Math.max(stale_s, 2.5 * this.step_s);
    const columns = [[], ...names.map(() => [])];
    const spans = this.isSummed() ? names.flatMap(() => [[], []]) : [];
    const last_s = () => columns[0].at(-1) ?? Infinity;
    const put = (ts, pick) => {
      if (ts < since_s) return;
      if (ts - last_s() > max_gap_s) put((last_s() + ts) / 2, () => null);
      columns[0].push(ts);
      names.forEach((name, i) => columns[i + 1].push(pick(values, name)));
      spans.forEach((span, i) => span.push(pick(i % 2 === 0 ? min : max, names[i >> 1])));
    };
    times.forEach((ts, place) => put(ts, (from, name) => from[name]?.[place] ?? null));
    for (const one of this.tail()) put(one.ts, (_, name) => one.values[name] ?? null);
    return [...columns, ...spans];
  }
}
