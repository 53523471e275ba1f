// Experiments of one task side by side on the same test examples, with paired statistics.
"use strict";

const RESAMPLES = 2000;
const entries = JSON.parse(document.getElementById("data").textContent);
const loaded = new Map();
const reference = document.getElementById("reference");
const others = document.getElementById("others");
const verdicts = document.getElementById("verdicts");
const result = document.getElementById("result");

// The data files call this: a script may be loaded from a folder, where nothing else may.
function receive(slug, content) {
  for (const score of Object.values(content.scores)) {
    const bytes = Uint8Array.from(atob(score.values), (character) => character.charCodeAt(0));
    score.values = new Float32Array(bytes.buffer);
  }
  loaded.set(slug, content);
}
window.receive = receive;

function load(slug) {
  if (loaded.has(slug)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `experiments/${slug}/data.js`;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${script.src} is missing`));
    document.head.append(script);
  });
}

// Of two scores of the same examples: the mean difference, its bootstrap interval, and how often each is better.
function paired(score, first, second) {
  const differences = Float64Array.from(second, (value, index) => value - first[index]);
  const total = differences.length;
  const random = generator(20);
  const means = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let sum = 0;
    for (let example = 0; example < total; example++) sum += differences[(random() * total) | 0];
    means[resample] = sum / total;
  }
  means.sort();
  const share = (test) => differences.reduce((sum, value) => sum + test(gains(score, value)), 0) / total;
  const low = means[Math.round(0.025 * (RESAMPLES - 1))];
  const high = means[Math.round(0.975 * (RESAMPLES - 1))];
  const mean = differences.reduce((sum, value) => sum + value, 0) / total;
  const side = low <= 0 && high >= 0 ? "" : gains(score, mean) > 0 ? "better" : "worse";
  return { score, differences, mean, low, high, side, better: share((gain) => gain > 0), worse: share((gain) => gain < 0) };
}

// The scores that all of some experiments have; the first is THE score.
function common(slugs) {
  const [first, ...others] = slugs.map((slug) => loaded.get(slug).scores);
  return Object.keys(first).filter((name) => others.every((scores) => name in scores));
}

function element(tag, properties = {}, ...children) {
  const { role, ariaLabel, ...others } = properties; // Firefox knows these two as properties only since 119
  const made = Object.assign(document.createElement(tag), others);
  if (role) made.setAttribute("role", role);
  if (ariaLabel) made.setAttribute("aria-label", ariaLabel);
  made.append(...children);
  return made;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

// What two networks were given decides what their scores say of them.
function caution(slug, base) {
  const [own, other] = [slug, base].map((one) => entries.find((entry) => entry.slug === one).input);
  return own === other ? "" : ` Their inputs differ (${own}; ${other}), so this compares what they were given, not the networks.`;
}

function verdict(name, base, results) {
  const [first, ...others] = Object.values(results);
  const { score, side } = first;
  if (!side) {
    const but = others.filter((one) => one.side).map((one) => `; by ${one.score.heading} ${name} is ${one.side}`).join("");
    return `${name} and ${base} cannot be told apart by ${score.heading}: the interval holds 0${but}.`;
  }
  const opposite = others.filter((one) => one.side && one.side !== side).map((one) => one.score.heading).join(" and ");
  const but = opposite ? `; by ${opposite} it is the other way round` : "";
  return `${name} is ${side} than ${base} by ${written(score, Math.abs(first.mean))} on average, on ${percent(first[side])} of the test examples${but}.`;
}

function table(base, chosen, statistics) {
  const heading = (text, number) => element("th", { scope: "col", className: number ? "number" : "", textContent: text });
  const head = element("tr", {}, heading("experiment"), heading("score"), heading("mean", true), heading("difference", true),
    heading("95 % interval", true), heading("better on", true), heading("worse on", true));
  const body = element("tbody");
  const names = common([base, ...chosen]);
  for (const slug of [base, ...chosen]) {
    for (const name of names) {
      const score = loaded.get(slug).scores[name];
      const mean = score.values.reduce((sum, value) => sum + value, 0) / score.values.length;
      const own = statistics.get(slug)?.[name];
      const cells = own
        ? [signed(score, own.mean), `${signed(score, own.low)} … ${signed(score, own.high)}`, percent(own.better), percent(own.worse)]
        : ["reference", "", "", ""];
      const label = element("th", { scope: "rowgroup", rowSpan: names.length, textContent: loaded.get(slug).label });
      const direction = score.better === "lower" ? `${score.heading} (lower is better)` : score.heading;
      body.append(element("tr", { className: slug === base ? "" : "compared" }, ...(name === names[0] ? [label] : []),
        element("td", { textContent: direction }),
        ...[written(score, mean), ...cells].map((text) => element("td", { className: "number", textContent: text }))));
    }
  }
  const made = element("table", {}, element("thead", {}, head), body);
  return element("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Paired statistics" }, made);
}

function strip(slug, row, name, geometry) {
  const [x, y] = row.at.at(-1);
  const tiles = Array.from({ length: geometry.examples }, (_, number) => {
    const tile = element("i");
    tile.style.setProperty("--n", number);
    tile.style.backgroundImage = `url("experiments/${slug}/sheet.png")`;
    return tile;
  });
  const made = element("div", { className: `row ${row.kind}` }, element("span", { className: "name", textContent: name }),
    element("span", { className: "strip", role: "img", ariaLabel: `${name}: ${geometry.examples} examples` }, ...tiles));
  for (const [property, value] of Object.entries({ "--x": x, "--y": y, "--sheet-width": geometry.width })) made.style.setProperty(property, value);
  return made;
}

// Truth once; for each experiment what it was given, what it made of it, and whatever else its task shows.
function tiles(slugs) {
  const first = loaded.get(slugs[0]);
  const examples = Math.min(...slugs.map((slug) => loaded.get(slug).examples));
  const made = element("div", { className: "strips scroll", tabIndex: 0, role: "group", ariaLabel: "The same test examples" });
  for (const [property, value] of Object.entries({ "--h": first.tile[0], "--w": first.tile[1], "--large": first.large, "--small": first.small })) {
    made.style.setProperty(property, value);
  }
  const add = (slug, row) => made.append(strip(slug, row, row.name, { examples, width: loaded.get(slug).width }));
  for (const row of first.rows) if (row.kind === "truth") add(slugs[0], row);
  for (const slug of slugs) {
    made.append(element("h3", { textContent: loaded.get(slug).label }));
    for (const row of loaded.get(slug).rows) if (!["truth", "baseline"].includes(row.kind)) add(slug, row);
  }
  return made;
}

function distribution(slug, name, base, { score, differences }) {
  const bins = 41;
  const low = differences.reduce((one, two) => Math.min(one, two));
  const high = differences.reduce((one, two) => Math.max(one, two));
  const width = (high - low) / bins || 1;
  const counts = new Array(bins).fill(0);
  for (const value of differences) counts[Math.min(bins - 1, Math.floor((value - low) / width))]++;
  const id = `distribution-${slug}`;
  const canvas = element("canvas", { id, role: "img", ariaLabel: `Test examples by how much ${name} differs from ${base}` });
  const figure = element("figure", {}, element("figcaption", { textContent: `${name} − ${base}: test examples by the difference, ${inUnit(score)}` }),
    element("div", { className: "chart" }, canvas));
  const edges = Array.from({ length: bins + 1 }, (_, index) => low + index * width);
  return { figure, draw: () => histogram(id, edges, [{ label: "examples", colour: "network", data: counts }], score.unit) };
}

let shown = [];
let unfit = [];
let latest = 0;

const checked = () => [...others.querySelectorAll("input:checked")].map((input) => input.value);

async function compare() {
  const turn = ++latest;
  const base = reference.value;
  const chosen = checked();
  history.replaceState(null, "", `#${[base, ...chosen].join(",")}`);
  let problem = "";
  try {
    await Promise.all([base, ...chosen].map(load));
    const count = (slug) => Object.values(loaded.get(slug).scores)[0].values.length;
    const other = chosen.find((slug) => count(slug) !== count(base));
    if (other) problem = `${loaded.get(other).label} was not scored on the same test examples; it cannot be compared.`;
  } catch (error) {
    problem = error.message;
  }
  if (turn !== latest) return;
  forget(shown);
  if (problem) {
    verdicts.replaceChildren(element("p", { textContent: problem }));
    result.replaceChildren();
    return;
  }
  const names = common([base, ...chosen]);
  const values = (slug, score) => loaded.get(slug).scores[score].values;
  const statistics = new Map(chosen.map((slug) => [slug, Object.fromEntries(names.map((score) =>
    [score, paired(loaded.get(base).scores[score], values(base, score), values(slug, score))]))]));
  const label = (slug) => loaded.get(slug).label;
  const sentences = chosen.map((slug) => element("p", { className: "verdict", textContent: verdict(label(slug), label(base), statistics.get(slug)) + caution(slug, base) }));
  const distributions = chosen.map((slug) => distribution(slug, label(slug), label(base), statistics.get(slug)[names[0]]));
  const hint = chosen.length ? [] : [element("p", { textContent: "Choose an experiment to compare it with." })];
  verdicts.replaceChildren(...sentences, ...left(), ...hint);
  result.replaceChildren(table(base, chosen, statistics),
    element("h2", { textContent: "The same test examples" }), tiles([base, ...chosen]),
    element("div", { className: "charts" }, ...distributions.map((one) => one.figure)));
  for (const one of distributions) one.draw();
  shown = chosen.map((slug) => `distribution-${slug}`);
}

const fits = (one, two) => two !== one && two.truth === one.truth && two.task === one.task;

// What the address asked for and cannot be compared, and why.
function left() {
  const own = entries.find((entry) => entry.slug === reference.value);
  const others = unfit.map((slug) => entries.find((entry) => entry.slug === slug)).filter((entry) => entry !== own && !fits(own, entry));
  return others.map((entry) => element("p", {
    textContent: entry.task === own.task
      ? `${entry.label} was not scored on the same test examples as ${own.label}; it cannot be compared.`
      : `${entry.label} learns another task (${entry.task}) than ${own.label} (${own.task}); it cannot be compared.`,
  }));
}

function offer(chosen) {
  const own = entries.find((entry) => entry.slug === reference.value);
  const rivals = entries.filter((entry) => fits(own, entry));
  unfit = chosen.filter((slug) => !rivals.some((entry) => entry.slug === slug));
  others.replaceChildren(...rivals.map((entry) => element("label", {},
    element("input", { type: "checkbox", value: entry.slug, checked: chosen.includes(entry.slug), onchange: compare }), entry.label)));
  if (!rivals.length) others.append("No other experiment of this task was scored on the same test examples.");
}

// Slugs hold nothing that needs an escape, but whoever passes an address on may escape the commas.
function asked() {
  return location.hash.slice(1).split(/,|%2C/i).filter((slug) => entries.some((entry) => entry.slug === slug));
}

// Without a choice in the address: two of one task on the same test examples, if possible with the same input.
function start() {
  const [wanted, ...rivals] = asked();
  const alike = entries.find((one) => entries.some((two) => fits(one, two) && two.input === one.input));
  const reached = entries.find((entry) => entry.slug === wanted) ?? alike
    ?? entries.find((one) => entries.some((two) => fits(one, two))) ?? entries[0];
  const all = entries.filter((entry) => fits(reached, entry));
  const first = all.find((entry) => entry.input === reached.input) ?? all[0];
  reference.replaceChildren(...entries.map((entry) => element("option", { value: entry.slug, textContent: entry.label })));
  reference.value = reached.slug;
  offer(rivals.length ? rivals : first ? [first.slug] : []);
  document.getElementById("choice").hidden = false;
  compare();
}

reference.addEventListener("change", () => { offer(checked().filter((slug) => slug !== reference.value)); unfit = []; compare(); });
addEventListener("hashchange", start); // an address edited by hand; what is chosen here does not fire it
start();
