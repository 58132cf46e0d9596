// SPDX-License-Identifier: MIT
// Numbers and times as people say them, and elements of the page.

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** A time span in one or two units: "4 s", "3 min", "2 h 5 min". seconds: any number. */
export function span(seconds) {
  let rest = Math.max(0, Math.floor(seconds));
  const first = UNITS.findIndex(([size]) => rest >= size);
  if (first < 0) return "0 s";
  const [size, unit] = UNITS[first];
  const words = `${Math.floor(rest / size)} ${unit}`;
  rest %= size;
  const next = UNITS[first + 1];
  // Minutes without seconds: nobody needs them.
  if (!next || first === 2 || rest < next[0]) return words;
  return `${words} ${Math.floor(rest / next[0])} ${next[1]}`;
}

export function ago(seconds) {
  return seconds < 1.5 ? "just now" : `${span(seconds)} ago`;
}

/** "4 711" */
export function count(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** "1 reading waits", "2 readings wait": number and the word that fits it. */
export function some(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** "bad_checksum" as "bad checksum", "dew_point" as "Dew point" where is_title. */
export function plain(name, isTitle = false) {
  const words = name.replaceAll("_", " ");
  return isTitle ? words[0].toUpperCase() + words.slice(1) : words;
}

const format = (parts) => new Intl.DateTimeFormat(undefined, { hourCycle: "h23", ...parts });
const digits = "2-digit";
export const hour = format({ hour: digits, minute: digits });
export const clock = format({ hour: digits, minute: digits, second: digits });
export const weekday = format({ weekday: "short" });
const day = format({ weekday: "short", hour: digits, minute: digits });

/** The time of day, with the day of the week where that was not today. */
export function timeOf(date) {
  return (Date.now() - date < 43200e3 ? clock : day).format(date);
}

/** Sets a text where it is another one. */
export function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** An element with attributes and children: elements or texts. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
