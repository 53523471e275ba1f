// Random numbers with a fixed start.
"use strict";

// Uniform in [0, 1), by mulberry32: the same numbers at every visit.
function generator(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// Normal, with mean 0 and standard deviation 1 (Box and Muller 1958): so many of them.
function normal(count, seed) {
  const random = generator(seed);
  const drawn = new Float32Array(count + (count % 2));
  for (let index = 0; index < count; index += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    drawn[index] = radius * Math.cos(angle);
    drawn[index + 1] = radius * Math.sin(angle);
  }
  return drawn;
}
