// SPDX-License-Identifier: MIT
// The values of a reading.

const NUM_COLOURS = 6; // --q0 and on, in page.css

/** The values in it, as [name, number]. reading: null where there is none. */
export function valuesOf(reading) {
  return Object.entries(reading ?? {}).filter(([name, value]) =>
    typeof value === "number" && name !== "seq");
}

/** The number of its colour: a quantity's place among all that have units. */
export function colourOf(name, units) {
  return Math.max(0, Object.keys(units).indexOf(name)) % NUM_COLOURS;
}

const digits = {};

/** With as many digits as the quantity ever had: 20 beside 20.5 would jump. */
export function show(name, value) {
  const own = String(value).split(".")[1]?.length ?? 0;
  digits[name] = Math.max(digits[name] ?? 0, own);
  return value.toFixed(digits[name]).replace("-", "\u2212");
}
