// Experiments side by side on the same test images, with paired statistics.
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
  for (const kind of ["psnr", "ssim"]) {
    const bytes = Uint8Array.from(atob(content[kind]), (character) => character.charCodeAt(0));
    content[kind] = new Float32Array(bytes.buffer);
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

// Of two scores of the same images: the mean difference, its bootstrap interval, and how often each wins.
function paired(first, second) {
  const differences = Float64Array.from(second, (value, index) => value - first[index]);
  const total = differences.length;
  const random = generator(20);
  const means = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let sum = 0;
    for (let image = 0; image < total; image++) sum += differences[(random() * total) | 0];
    means[resample] = sum / total;
  }
  means.sort();
  const share = (test) => differences.reduce((sum, value) => sum + test(value), 0) / total;
  return {
    differences, mean: differences.reduce((sum, value) => sum + value, 0) / total,
    low: means[Math.round(0.025 * (RESAMPLES - 1))], high: means[Math.round(0.975 * (RESAMPLES - 1))],
    wins: share((value) => value > 0), losses: share((value) => value < 0),
  };
}

function element(tag, properties = {}, ...children) {
  const { role, ariaLabel, ...others } = properties; // Firefox knows these two as properties only since 119
  const made = Object.assign(document.createElement(tag), others);
  if (role) made.setAttribute("role", role);
  if (ariaLabel) made.setAttribute("aria-label", ariaLabel);
  made.append(...children);
  return made;
}

const signed = (value, digits) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(digits);
const percent = (share) => `${(100 * share).toFixed(1)} %`;

// What two networks were given decides what their scores say of them.
function caution(slug, base) {
  const [own, given] = [slug, base].map((one) => entries.find((entry) => entry.slug === one).given);
  return own === given ? "" : ` Their inputs differ (${own}; ${given}), so this compares the tasks, not the networks.`;
}

function verdict(name, base, { psnr, ssim }) {
  if (psnr.low > 0 || psnr.high < 0) {
    const word = psnr.low > 0 ? "better" : "worse";
    const often = psnr.low > 0 ? psnr.wins : psnr.losses;
    const opposite = psnr.low > 0 ? ssim.high < 0 : ssim.low > 0;
    const but = opposite ? "; by SSIM it is the other way round" : "";
    return `${name} is ${word} than ${base} by ${Math.abs(psnr.mean).toFixed(2)} dB on average, on ${percent(often)} of the test images${but}.`;
  }
  const word = ssim.low > 0 ? "better" : ssim.high < 0 ? "worse" : "";
  return `${name} and ${base} cannot be told apart by PSNR: the interval holds 0${word && `; by SSIM ${name} is ${word}`}.`;
}

function table(base, chosen, statistics) {
  const heading = (text, number) => element("th", { scope: "col", className: number ? "number" : "", textContent: text });
  const head = element("tr", {}, heading("experiment"), heading("score"), heading("mean", true), heading("difference", true),
    heading("95 % interval", true), heading("better on", true), heading("worse on", true));
  const body = element("tbody");
  for (const slug of [base, ...chosen]) {
    for (const [kind, digits, unit] of [["psnr", 2, " dB"], ["ssim", 4, ""]]) {
      const mean = loaded.get(slug)[kind].reduce((sum, value) => sum + value, 0) / loaded.get(slug)[kind].length;
      const own = statistics.get(slug)?.[kind];
      const cells = own
        ? [signed(own.mean, digits), `${signed(own.low, digits)} … ${signed(own.high, digits)}`, percent(own.wins), percent(own.losses)]
        : ["reference", "", "", ""];
      const name = element("th", { scope: "rowgroup", rowSpan: 2, textContent: loaded.get(slug).label });
      body.append(element("tr", { className: slug === base ? "" : "compared" }, ...(kind === "psnr" ? [name] : []),
        element("td", { textContent: kind.toUpperCase() }),
        ...[mean.toFixed(digits) + unit, ...cells].map((text) => element("td", { className: "number", textContent: text }))));
    }
  }
  const made = element("table", {}, element("thead", {}, head), body);
  return element("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: "Paired statistics" }, made);
}

function strip(slug, row, name, geometry) {
  const [x, y] = row.at.at(-1);
  const tiles = Array.from({ length: geometry.images }, (_, number) => {
    const tile = element("i");
    tile.style.setProperty("--n", number);
    tile.style.backgroundImage = `url("experiments/${slug}/sheet.png")`;
    return tile;
  });
  const made = element("div", { className: `row ${row.kind}` }, element("span", { className: "name", textContent: name }),
    element("span", { className: "strip", role: "img", ariaLabel: `${name}: ${geometry.images} images` }, ...tiles));
  for (const [property, value] of Object.entries({ "--x": x, "--y": y, "--sheet-width": geometry.width })) made.style.setProperty(property, value);
  return made;
}

// Truth once; for each experiment what it was given, what it made of it, and the difference.
function pictures(slugs) {
  const first = loaded.get(slugs[0]);
  const images = Math.min(...slugs.map((slug) => loaded.get(slug).images));
  const made = element("div", { className: "strips scroll", tabIndex: 0, role: "group", ariaLabel: "The same test images" });
  for (const [property, value] of Object.entries({ "--h": first.tile[0], "--w": first.tile[1], "--large": first.large, "--small": first.small })) {
    made.style.setProperty(property, value);
  }
  const row = (slug, kind, name) => {
    const content = loaded.get(slug);
    made.append(strip(slug, content.rows.find((one) => one.kind === kind), name, { images, width: content.width }));
  };
  row(slugs[0], "truth", "truth");
  for (const slug of slugs) {
    made.append(element("h3", { textContent: loaded.get(slug).label }));
    for (const kind of ["input", "network", "difference"]) row(slug, kind, kind);
  }
  return made;
}

function distribution(slug, name, base, psnr) {
  const bins = 41;
  const low = psnr.differences.reduce((one, two) => Math.min(one, two));
  const high = psnr.differences.reduce((one, two) => Math.max(one, two));
  const width = (high - low) / bins || 1;
  const counts = new Array(bins).fill(0);
  for (const value of psnr.differences) counts[Math.min(bins - 1, Math.floor((value - low) / width))]++;
  const id = `distribution-${slug}`;
  const canvas = element("canvas", { id, role: "img", ariaLabel: `Test images by how much ${name} differs from ${base}` });
  const figure = element("figure", {}, element("figcaption", { textContent: `${name} − ${base}: test images by the difference in PSNR, dB` }),
    element("div", { className: "chart" }, canvas));
  const edges = Array.from({ length: bins + 1 }, (_, index) => low + index * width);
  return { figure, draw: () => histogram(id, edges, [{ label: "images", ink: "network", data: counts }], "dB") };
}

let shown = [];
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
    const count = loaded.get(base).psnr.length;
    const other = chosen.find((slug) => loaded.get(slug).psnr.length !== count);
    if (other) problem = `${loaded.get(other).label} was not scored on the same test images; it cannot be compared.`;
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
  const statistics = new Map(chosen.map((slug) => [slug, {
    psnr: paired(loaded.get(base).psnr, loaded.get(slug).psnr), ssim: paired(loaded.get(base).ssim, loaded.get(slug).ssim),
  }]));
  const name = (slug) => loaded.get(slug).label;
  const sentences = chosen.map((slug) => element("p", { className: "verdict", textContent: verdict(name(slug), name(base), statistics.get(slug)) + caution(slug, base) }));
  const distributions = chosen.map((slug) => distribution(slug, name(slug), name(base), statistics.get(slug).psnr));
  const hint = chosen.length ? [] : [element("p", { textContent: "Choose an experiment to compare it with." })];
  verdicts.replaceChildren(...sentences, ...hint);
  result.replaceChildren(table(base, chosen, statistics),
    element("h2", { textContent: "The same test images" }), pictures([base, ...chosen]),
    element("div", { className: "charts" }, ...distributions.map((one) => one.figure)));
  for (const one of distributions) one.draw();
  shown = chosen.map((slug) => `distribution-${slug}`);
}

function offer(chosen) {
  const truth = entries.find((entry) => entry.slug === reference.value).truth;
  const rivals = entries.filter((entry) => entry.truth === truth && entry.slug !== reference.value);
  others.replaceChildren(...rivals.map((entry) => element("label", {},
    element("input", { type: "checkbox", value: entry.slug, checked: chosen.includes(entry.slug), onchange: compare }), entry.label)));
  if (!rivals.length) others.append("No other experiment was scored on the same test images.");
}

// Slugs hold nothing that needs an escape, but whoever passes an address on may escape the commas.
function asked() {
  return location.hash.slice(1).split(/,|%2C/i).filter((slug) => entries.some((entry) => entry.slug === slug));
}

// Without a choice in the address: two on the same test images, if possible with the same input.
function start() {
  const [wanted, ...rivals] = asked();
  const fits = (one, two) => two !== one && two.truth === one.truth;
  const alike = entries.find((one) => entries.some((two) => fits(one, two) && two.given === one.given));
  const reached = entries.find((entry) => entry.slug === wanted) ?? alike
    ?? entries.find((one) => entries.some((two) => fits(one, two))) ?? entries[0];
  const all = entries.filter((entry) => fits(reached, entry));
  const first = all.find((entry) => entry.given === reached.given) ?? all[0];
  reference.replaceChildren(...entries.map((entry) => element("option", { value: entry.slug, textContent: entry.label })));
  reference.value = reached.slug;
  offer(rivals.length ? rivals : first ? [first.slug] : []);
  document.getElementById("choice").hidden = false;
  compare();
}

reference.addEventListener("change", () => { offer(checked()); compare(); });
addEventListener("hashchange", start); // an address edited by hand; what is chosen here does not fire it
start();
