// How a score is written: as the pipeline does it, by a format such as ".2f" or ".1%", a unit and a direction.
"use strict";

function number(value, form) {
  const [, digits, kind] = /^,?(?:\.(\d+))?([fe%g]?)$/.exec(form) ?? [];
  const places = digits === undefined ? 6 : Number(digits);
  if (kind === "f") return value.toFixed(places);
  if (kind === "%") return `${(100 * value).toFixed(places)}%`;
  if (kind === "e") return value.toExponential(places);
  return String(Number(value.toPrecision(Math.max(1, places))));
}

const withUnit = (text, unit) => (unit ? `${text} ${unit}` : text);
const written = (score, value) => withUnit(number(value, score.form), score.unit);
const signed = (score, value) => (value < 0 ? "−" : "+") + number(Math.abs(value), score.form);
const inUnit = (score) => (score.unit ? `${score.heading} in ${score.unit}` : score.heading);
const gains = (score, difference) => (score.better === "higher" ? difference : -difference);
