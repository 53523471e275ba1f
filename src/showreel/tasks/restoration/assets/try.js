// The network at work on a picture of the reader's: chosen, degraded, restored and compared with the truth.
"use strict";

const LONGEST = 512; // pixels: larger pictures are scaled down
const TALLEST = 260; // CSS pixels of a figure: all four fit on a screen
const data = JSON.parse(document.getElementById("data").textContent);
const { name: degradation, options } = data.degradation;
const degrade = DEGRADATIONS[degradation];
const state = document.getElementById("state");
const sigma = document.getElementById("sigma");
const samples = [...document.querySelectorAll("#samples button")];
const file = document.getElementById("file");
const drop = document.getElementById("drop");
const shown = { truth: null, seed: 1, network: null };
let working = false;
let waiting = false;

function tell(text, problem = false) {
  state.textContent = text;
  state.hidden = !text;
  state.classList.toggle("problem", problem);
}

// An image on the canvas of its figure.
function paint(kind, image, note) {
  const figure = document.getElementById(kind);
  const canvas = figure.querySelector("canvas");
  const context = canvas.getContext("2d");
  const { height, width, channels, pixels } = image;
  canvas.height = height;
  canvas.width = width;
  const picture = context.createImageData(width, height);
  for (let place = 0; place < height * width; place++) {
    for (let channel = 0; channel < 3; channel++) picture.data[4 * place + channel] = pixels[place * channels + (channels === 1 ? 0 : channel)];
    picture.data[4 * place + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
  figure.querySelector("small").textContent = note;
  fit(canvas);
}

// All are as large as the truth, which is magnified by a whole number where there is room.
function fit(canvas) {
  const { height, width } = shown.truth;
  const room = Math.min(canvas.parentElement.clientWidth / width, TALLEST / height);
  canvas.style.width = `${(room >= 1 ? Math.floor(room) : room) * width}px`;
}

const decibels = (value) => `${value.toFixed(2)} dB`;

// Degrade, restore and show; what changes meanwhile is shown next, and nothing in between.
async function update() {
  waiting = working;
  if (working || !shown.truth) return;
  working = true;
  try {
    do {
      waiting = false;
      await restore();
    } while (waiting);
  } catch (error) {
    tell(`The network failed: ${error.message}`, true);
  }
  working = false;
}

async function restore() {
  const { truth, seed, network } = shown;
  const strength = sigma ? Number(sigma.value) : options.sigma;
  const degraded = degrade ? degrade(truth, { ...options, sigma: strength }, seed) : truth;
  shown.degraded = degraded;
  const size = `${degraded.width}×${degraded.height}`;
  if (sigma) sigma.setAttribute("aria-valuetext", document.getElementById("strength").textContent = strength.toFixed(2));
  if (degrade) paint("truth", truth, `${truth.width}×${truth.height}`);
  const compared = degrade && repeated(degraded, data.scale, truth.height, truth.width);
  paint("input", degraded, compared ? `${decibels(psnr(truth, unit(compared)))} · ${size}` : size);
  if (!network) return;
  await new Promise((resolve) => setTimeout(resolve)); // lets the browser show the input first
  const whole = await answer(network, degraded);
  const restored = compared ? { ...truth, values: cut(whole, whole.values, truth.height, truth.width), pixels: cut(whole, whole.pixels, truth.height, truth.width) } : whole;
  shown.restored = restored;
  const took = `${whole.milliseconds.toFixed(whole.milliseconds < 10 ? 1 : 0)} ms`;
  paint("network", restored, compared ? `${decibels(psnr(truth, restored.values))} · ${took}` : took);
  if (compared) paint("difference", difference(truth, restored, data.colours, data.limit), "black for none");
}

function take(truth, sample = null) {
  shown.truth = truth;
  for (const each of samples) each.setAttribute("aria-pressed", each === sample);
  update();
}

// The pixels of a picture file, grey ones as Pillow makes them; transparent ones on white.
async function decoded(blob) {
  const bitmap = await createImageBitmap(blob);
  const share = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * share)));
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  const from = context.getImageData(0, 0, width, height).data;
  const image = blank(height, width, data.channels);
  for (let place = 0; place < height * width; place++) {
    const [red, green, blue] = from.subarray(4 * place, 4 * place + 3);
    if (data.channels === 1) image.pixels[place] = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    else image.pixels.set([red, green, blue], 3 * place);
  }
  return image;
}

async function choose(blob) {
  if (!blob) return;
  try {
    take(await decoded(blob));
    tell("");
  } catch {
    tell(`${blob.name ?? "This"} is no picture that this browser can read.`, true);
  }
}

function sample(number) {
  const [height, width] = data.tile;
  take({ height, width, channels: data.channels, pixels: bytes(data.samples[number]) }, samples[number]);
}

function over(event, is) {
  event.preventDefault();
  drop.classList.toggle("over", is);
}

async function start() {
  samples.forEach((button, number) => button.addEventListener("click", () => sample(number)));
  file.addEventListener("change", () => choose(file.files[0]));
  document.addEventListener("dragover", (event) => over(event, true));
  document.addEventListener("dragleave", (event) => over(event, false));
  document.addEventListener("drop", (event) => { over(event, false); choose(event.dataTransfer.files[0]); });
  sigma?.addEventListener("input", update);
  document.getElementById("again")?.addEventListener("click", () => { shown.seed += 1; update(); });
  addEventListener("resize", () => document.querySelectorAll(".answers canvas").forEach(fit));
  const pad = document.getElementById("pad");
  if (pad) {
    const drawing = drawable(pad, data.tile, take);
    document.getElementById("clear").addEventListener("click", drawing.clear);
  }
  document.getElementById("workbench").hidden = false;
  sample(data.start);
  try {
    shown.network = await opened({ ...data, root: "../../assets/", tell });
    tell("");
    update();
  } catch (error) {
    tell(error.message, true);
  }
}

start();
