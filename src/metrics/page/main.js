// SPDX-License-Identifier: MIT
// The page: what the gateway tells goes into cards and the overview, once a frame at most.
import { Card } from "./card.js";
import { ask, Link, token } from "./link.js";
import { showGateway, showVerdict } from "./overview.js";
import { say, timeOf } from "./words.js";

const FILTER_FROM = 9; // so many sensors are worth a search
const $ = (id) => document.getElementById(id);

const cards = new Map(); // a sensor's id -> its card
const changed = new Set(); // cards that are to be drawn
let gateway = null; // the newest event of it
let ahead_ms = 0; // the gateway's clock before ours
let awaited = null; // after a reload: { number: how many sensors come, ids: those that came }
let awaySince = null;
let isDrawing = false;

const now_ms = () => Date.now() + ahead_ms;
const range_s = () => Number(document.querySelector("[name=range]:checked").value);

/** Has all that changed drawn with the next frame of the screen. */
function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    for (const card of changed) card.draw();
    changed.clear();
    showAll();
  });
}

function showAll() {
  if (!gateway) return;
  const name = gateway.gateway.name;
  const troubles = showVerdict(gateway, [...cards.values()], awaited !== null);
  say($("name"), name);
  document.title = troubles > 0 ? `(${troubles}) ${name}` : name;
  showGateway(gateway);
  $("filter-row").hidden = cards.size < FILTER_FROM;
  const none = $("none");
  none.hidden = cards.size > 0 && [...cards.values()].some((card) => !card.element.hidden);
  say(none, cards.size === 0 ? "This gateway has no sensors." : "No sensor has such a name.");
}

function applyFilter(card) {
  const words = $("filter").value.trim().toLowerCase();
  card.element.hidden = !`${card.sensor.name} ${card.sensor.id}`.toLowerCase().includes(words);
}

/** The sensors that a reload has left, in the order of the configuration. */
function settle() {
  for (const [id, card] of cards) {
    if (awaited.ids.has(id)) continue;
    card.remove();
    cards.delete(id);
  }
  const list = $("cards");
  [...awaited.ids].forEach((id, place) => {
    const { element } = cards.get(id);
    if (list.children[place] !== element) list.insertBefore(element, list.children[place]);
  });
  awaited = null;
}

function takeSensor(sensor) {
  let card = cards.get(sensor.id);
  if (!card) {
    card = new Card(sensor, { units: () => gateway?.gateway.units ?? {}, now_ms, range_s });
    cards.set(sensor.id, card);
    $("cards").append(card.element);
  }
  card.take(sensor);
  applyFilter(card);
  changed.add(card);
  if (!awaited) return;
  awaited.ids.add(sensor.id);
  if (awaited.ids.size === awaited.number) settle();
}

function takeSensors(number) {
  awaited = { number, ids: new Set() };
  if (number === 0) settle();
}

function onEvent(name, data) {
  if (name === "sensors") {
    takeSensors(data.sensors);
  } else if (name === "sensor") {
    takeSensor(data);
  } else if (name === "gateway") {
    gateway = data;
    ahead_ms = Date.parse(data.gateway.now) - Date.now();
  }
  draw();
}

/** As many pages as it serves listen already: ask for what it told them. */
async function poll() {
  try {
    const { sensors, ...rest } = await ask("api/status");
    onEvent("gateway", rest);
    onEvent("sensors", { sensors: sensors.length });
    for (const sensor of sensors) onEvent("sensor", sensor);
  } catch {
    // The next try tells how it is.
  }
}

const LINK_WORDS = {
  connecting: "connecting",
  live: "live",
  away: "the gateway does not answer",
  busy: "not live: too many pages are open",
  locked: "locked",
};

function onState(state) {
  const isAway = state === "away";
  awaySince = isAway ? awaySince ?? new Date() : null;
  document.body.classList.toggle("is-away", isAway);
  $("link").dataset.state = state;
  say(document.querySelector("#link .words"), isAway && gateway
    ? `the gateway does not answer since ${timeOf(awaySince)}; trying again`
    : LINK_WORDS[state]);
  $("login").hidden = state !== "locked";
  $("content").hidden = state === "locked" || (!gateway && state !== "live");
  $("forget-row").hidden = state === "locked" || !token.get();
  if (state === "locked") {
    say($("wrong"), token.get() ? "The gateway does not take this token." : "");
    $("token").focus();
  }
  if (state === "busy") poll().then(() => { $("content").hidden = !gateway; });
}

const link = new Link(onState, onEvent);

$("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token.set($("token").value.trim());
  $("token").value = "";
  link.again();
});

$("forget").addEventListener("click", () => {
  token.forget();
  location.reload();
});

$("ranges").addEventListener("change", () => {
  localStorage.setItem("pin2mqtt.range", range_s());
  for (const card of cards.values()) card.changeRange();
});

$("filter").addEventListener("input", () => {
  cards.forEach(applyFilter);
  showAll();
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const card of cards.values()) card.changeColors();
});

// Ages grow by themselves.
setInterval(() => {
  for (const card of cards.values()) card.showAge();
}, 1000);

const kept = localStorage.getItem("pin2mqtt.range");
for (const choice of document.getElementsByName("range")) choice.checked ||= choice.value === kept;
link.run();
