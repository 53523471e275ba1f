// One experiment: the reel that can be stopped and stepped through, and the charts that follow it.
"use strict";

const FRAME = 200;
const LAST = 2000;
const data = JSON.parse(document.getElementById("data").textContent);
const slider = document.getElementById("epoch");
const reached = document.getElementById("reached");
const play = document.getElementById("play");
const player = document.getElementById("player");
const rows = player.querySelectorAll(".row");
const beside = player.querySelector(".row.network small");
let timer = null;

function show(number) {
  slider.value = number;
  rows.forEach((row, index) => {
    const at = data.rows[index].at;
    const [x, y] = at[Math.min(number, at.length - 1)];
    row.style.setProperty("--x", x);
    row.style.setProperty("--y", y);
  });
  const score = written(data.score, data.scores[number]);
  const kept = data.epochs[number] === data.best ? ", the network that was kept" : "";
  reached.textContent = `epoch ${data.epochs[number]}/${data.epochs.at(-1)}: ${score}${kept}`;
  if (beside) beside.textContent = score;
  slider.setAttribute("aria-valuetext", reached.textContent);
  quality.made.update("none");
  loss.made.update("none");
}

function stop() {
  clearTimeout(timer);
  timer = null;
  play.textContent = "▶";
  play.setAttribute("aria-label", "Play");
  reached.setAttribute("aria-live", "polite");
}

function advance() {
  const next = (Number(slider.value) + 1) % data.epochs.length;
  show(next);
  timer = setTimeout(advance, next === data.epochs.length - 1 ? LAST : FRAME);
}

function toggle() {
  if (timer !== null) return stop();
  play.textContent = "❚❚";
  play.setAttribute("aria-label", "Pause");
  reached.setAttribute("aria-live", "off"); // nobody can listen to five epochs a second
  advance();
}

function step(change) {
  stop();
  show(Math.max(0, Math.min(data.epochs.length - 1, Number(slider.value) + change)));
}

// A line where the reel stands.
const cursor = {
  id: "cursor",
  afterDatasetsDraw({ ctx, chartArea, scales }) {
    const x = scales.x.getPixelForValue(data.epochs[slider.value]);
    ctx.save();
    ctx.strokeStyle = colour("text");
    ctx.setLineDash([2, 3]);
    ctx.beginPath();
    ctx.moveTo(x, chartArea.top);
    ctx.lineTo(x, chartArea.bottom);
    ctx.stroke();
    ctx.restore();
  },
};

function jump(event, elements, made) {
  const epoch = Math.round(made.scales.x.getValueForPixel(event.x));
  stop();
  show(Math.max(0, Math.min(data.epochs.length - 1, data.epochs.indexOf(epoch))));
}

const range = [data.epochs[0], data.epochs.at(-1)];
const points = (x, y) => x.map((value, index) => ({ x: value, y: y[index] }));
const level = (value) => range.map((x) => ({ x, y: value }));
const extra = { plugins: [cursor], options: { onClick: jump } };
const curves = [
  { label: "test", colour: "network", data: points(data.epochs, data.scores) },
  { label: "validation", colour: "input", data: points(data.history.epoch, data.history.validation_score) },
];
if (data.baseline) curves.push({ label: data.baseline.name, colour: "baseline", data: level(data.baseline.value), dashed: true });
const quality = chart("quality", curves, { x: "epoch", range }, extra);
const loss = chart("loss", [
  { label: "training", colour: "network", data: points(data.history.epoch, data.history.loss) },
  { label: "validation", colour: "input", data: points(data.history.epoch, data.history.validation_loss) },
], { x: "epoch", range, logarithmic: data.logarithmic }, extra);
for (const { id, bins, series } of data.spread) histogram(id, bins, series, "");
for (const section of data.charts) drawSection(section);

document.getElementById("playing").hidden = false;
slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
play.addEventListener("click", toggle);
document.getElementById("back").addEventListener("click", () => step(-1));
document.getElementById("on").addEventListener("click", () => step(1));

// Keys are the player's while it is in sight and nothing else needs them: what scrolls sideways keeps its arrows, and
// what is pressed by the space bar keeps that.
function mayTake({ key, target, ctrlKey, altKey, metaKey, shiftKey }) {
  const { top, bottom } = player.getBoundingClientRect();
  const unseen = bottom < 0 || top > innerHeight;
  if (ctrlKey || altKey || metaKey || shiftKey || (unseen && !player.contains(target))) return false;
  if (target.closest("input, select, [role=region]")) return false;
  if (key === " ") return !target.closest("button, a, summary");
  const strips = target.closest(".scroll");
  return !strips || strips.scrollWidth <= strips.clientWidth;
}

document.addEventListener("keydown", (event) => {
  if (!mayTake(event)) return;
  const action = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), " ": toggle }[event.key];
  if (action) { event.preventDefault(); action(); }
});
show(data.epochs.length - 1);
