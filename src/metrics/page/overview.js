// SPDX-License-Identifier: MIT
// How the gateway is, and what wants somebody's attention.
import { count, make, plain, say, some, span } from "./words.js";

const $ = (id) => document.getElementById(id);

/** What is wrong with the gateway itself: [words, what to do about it]. */
function troublesOf({ gateway, mqtt, store }) {
  const troubles = [];
  if (!gateway.healthy)
    troubles.push(["A thread of the gateway does not move", "its log says more"]);
  if (!mqtt.connected)
    troubles.push(["No broker is connected", `${waiting(store)}; the gateway's log and `
      + "pin2mqtt doctor tell why"]);
  if (store.in_memory)
    troubles.push(["The store's file cannot be written",
      "what waits is in memory only; pin2mqtt doctor tells why"]);
  if (store.dropped > 0)
    troubles.push([`${some(store.dropped, "reading was", "readings were")} dropped`,
      "too many waited, or for too long; store.max_size and store.max_age set how much is kept"]);
  return troubles;
}

function waiting(store) {
  return store.waiting === 0 ? "nothing waits"
    : some(store.waiting, "reading waits", "readings wait");
}

function trouble(where, words, advice) {
  return make("li", {}, where, make("span", { class: "what" }, words),
    ...(advice ? [make("span", { class: "todo" }, advice)] : []));
}

let shown = "";

/** The line on top, and the list below it. sensors: cards. Returns how many troubles there are. */
export function showVerdict(told, sensors, isComing) {
  const own = troublesOf(told);
  const bad = sensors.map((card) => [card, card.trouble()]).filter(([, words]) => words);
  const up = sensors.filter((card) => card.sensor.up).length;
  const number = own.length + bad.length;
  const all = `${up} of ${some(sensors.length, "sensor is", "sensors are")} read`;
  if (!isComing)
    say($("verdict"), number === 0 ? `All is well: ${all}.`
      : `${all}; ${some(number, "thing wants", "things want")} attention.`);
  $("verdict").dataset.state = number === 0 ? "good" : "bad";
  const now = JSON.stringify([own, bad.map(([card, words]) => [card.sensor, words])
    .map(([sensor, words]) => [sensor.id, sensor.name, ...words])]);
  if (now === shown) return number;
  shown = now;
  $("troubles").replaceChildren(...own.map((words) => trouble("", ...words)),
    ...bad.map(([card, words]) =>
      trouble(make("a", { href: `#${card.element.id}` }, card.sensor.name), ...words)));
  return number;
}

export function showGateway({ gateway, mqtt, store }) {
  const set = (name, state, words, more) => {
    $(`${name}-state`).dataset.state = state;
    say($(`${name}-state`), words);
    say($(`${name}-more`), more);
  };
  set("gateway", gateway.healthy ? "good" : "bad", gateway.healthy ? "running" : "stuck",
    `for ${span(gateway.uptime_s)}`);
  set("broker", mqtt.connected ? "good" : "bad", mqtt.connected ? "connected" : "not connected",
    [mqtt.version && `MQTT ${mqtt.version}`, `${count(mqtt.acknowledged)} acknowledged`,
      mqtt.refused > 0 && `${count(mqtt.refused)} refused`].filter(Boolean).join(" · "));
  set("store", store.in_memory || store.dropped > 0 ? "bad" : "good",
    waiting(store), [store.dropped > 0 && `${count(store.dropped)} dropped`,
      store.in_memory ? "in memory only" : plain("in order")].filter(Boolean).join(" · "));
  say($("versions"), `pin2mqtt ${gateway.version} · ${gateway.libraries}`);
}
