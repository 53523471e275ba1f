// A pad to draw on with mouse, pen or finger: white strokes on black, as thick as handwritten digits of the data sets.
"use strict";

const FINER = 8; // the pad's pixels to one of the image
const STROKE = 0.1; // of the image's side
const THINNEST = 1.2; // pixels of the image

// `changed` is called after every stroke, also while it grows, with the image.
function drawable(pad, [height, width], changed) {
  pad.height = height * FINER;
  pad.width = width * FINER;
  const context = pad.getContext("2d", { willReadFrequently: true });
  let from = null;

  function clear() {
    context.fillStyle = "#000";
    context.fillRect(0, 0, pad.width, pad.height);
  }

  function place({ clientX, clientY }) {
    const { left, top, width: wide, height: high } = pad.getBoundingClientRect();
    return [((clientX - left) / wide) * pad.width, ((clientY - top) / high) * pad.height];
  }

  function stroke(event) {
    context.strokeStyle = "#fff";
    context.lineWidth = Math.max(THINNEST, STROKE * Math.min(height, width)) * FINER;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...from);
    for (const each of event.getCoalescedEvents?.() ?? []) context.lineTo(...place(each));
    from = place(event);
    context.lineTo(...from);
    context.stroke();
    changed(drawn());
  }

  // Each pixel of the image is the mean of those that it covers.
  function drawn() {
    const { data } = context.getImageData(0, 0, pad.width, pad.height);
    const fine = { height: pad.height, width: pad.width, channels: 1, pixels: data.filter((_, index) => index % 4 === 0) };
    const { smaller, values } = means(fine, FINER);
    return { ...smaller, pixels: Uint8Array.from(values, rounded) };
  }

  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pad.setPointerCapture(event.pointerId);
    from = place(event);
    stroke(event);
  });
  pad.addEventListener("pointermove", (event) => { if (from) stroke(event); });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { from = null; });
  clear();
  return { clear: () => { clear(); changed(drawn()); } };
}
