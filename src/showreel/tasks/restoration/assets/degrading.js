// What the pipeline does to clean images, and how it scores restored ones: the same arithmetic.
"use strict";

// clip(x + N(0, σ), 0, 1) on [0, 1], rounded; `values` are 0…255. The same seed gives the same draws for every σ.
function noisy(image, values, sigma, seed) {
  const drawn = normal(values.length, seed);
  const strength = Math.fround(255 * sigma);
  const pixels = Uint8Array.from(values, (value, index) =>
    rounded(Math.min(255, Math.max(0, Math.fround(Math.fround(drawn[index] * strength) + value)))));
  return { ...image, pixels };
}

// By the name in params.yaml. Whoever adds a degradation there and not here lets readers try pictures as they are.
const DEGRADATIONS = {
  unchanged: (image) => image,
  noisy: (image, { sigma }, seed) => noisy(image, image.pixels, sigma, seed),
  downscaled: (image, { factor, sigma }, seed) => {
    const { smaller, values } = means(image, factor);
    return noisy(smaller, values, sigma, seed);
  },
};

// Repeat each pixel factor × factor times, and cut the result to a size.
function repeated(image, factor, height, width) {
  const larger = blank(height, width, image.channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (Math.floor(y / factor) * image.width + Math.floor(x / factor)) * image.channels;
      larger.pixels.set(image.pixels.subarray(from, from + image.channels), (y * width + x) * image.channels);
    }
  }
  return larger;
}

// The upper left part of an image, or of values like its pixels.
function cut({ width, channels }, list, height, narrower) {
  const part = new list.constructor(height * narrower * channels);
  for (let y = 0; y < height; y++) part.set(list.subarray(y * width * channels, (y * width + narrower) * channels), y * narrower * channels);
  return part;
}

// In dB, at most 100: `values` are in [0, 1], the truth's pixels 0…255.
function psnr(truth, values) {
  let sum = 0;
  for (let index = 0; index < values.length; index++) {
    const difference = Math.fround(values[index] - Math.fround(truth.pixels[index] * Math.fround(1 / 255)));
    sum += Math.fround(difference * difference);
  }
  return -10 * Math.log10(Math.max(sum / values.length, 1e-10));
}

const unit = ({ pixels }) => Float32Array.from(pixels, (value) => value * Math.fround(1 / 255));

// The absolute difference, averaged over the channels, in the colours of the gallery: from `limit` on the brightest.
function difference(truth, restored, colours, limit) {
  const { height, width, channels } = truth;
  const map = blank(height, width, 3);
  for (let place = 0; place < height * width; place++) {
    let sum = 0;
    for (let index = place * channels; index < (place + 1) * channels; index++) sum += Math.abs(truth.pixels[index] - restored.pixels[index]);
    const share = Math.min(1, sum / channels / (255 * limit));
    map.pixels.set(colours[rounded(share * (colours.length - 1))], place * 3);
  }
  return map;
}
