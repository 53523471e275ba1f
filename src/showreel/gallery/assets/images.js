// Images in the page: whole values 0…255 row by row, the channels of a pixel side by side.
"use strict";

function blank(height, width, channels) {
  return { height, width, channels, pixels: new Uint8Array(height * width * channels) };
}

// To the nearest whole number, halves to the even one, as NumPy does.
function rounded(value) {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 ? nearest - 1 : nearest;
}

// Continue an image with its last row and column until both sides divide by `multiple`.
function continued(image, multiple) {
  const up = (length) => Math.ceil(length / multiple) * multiple;
  const { height, width, channels, pixels } = image;
  const larger = blank(up(height), up(width), channels);
  if (larger.height === height && larger.width === width) return image;
  for (let y = 0; y < larger.height; y++) {
    for (let x = 0; x < larger.width; x++) {
      const from = (Math.min(y, height - 1) * width + Math.min(x, width - 1)) * channels;
      larger.pixels.set(pixels.subarray(from, from + channels), (y * larger.width + x) * channels);
    }
  }
  return larger;
}

// Means over factor × factor pixels of an image that is continued to a multiple of it.
function means(image, factor) {
  const { height, width, channels, pixels } = continued(image, factor);
  const smaller = { height: height / factor, width: width / factor, channels };
  const values = new Float32Array(smaller.height * smaller.width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = (Math.floor(y / factor) * smaller.width + Math.floor(x / factor)) * channels;
      for (let channel = 0; channel < channels; channel++) values[to + channel] += pixels[(y * width + x) * channels + channel];
    }
  }
  return { smaller, values: values.map((sum) => sum / factor ** 2) };
}
