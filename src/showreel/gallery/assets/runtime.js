// The network in ONNX Runtime. Both come as scripts: a page from the disk may load nothing else.
"use strict";

const BYTE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);
const received = {};

function receiveRuntime(content) { Object.assign(received, content); }
function receiveNetwork(content) { received.network = content; }

const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

function load(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${address} is missing`));
    document.head.append(script);
  });
}

// What a browser must have, or the sentence that says what it lacks. `BYTE` is the smallest program with vectors.
function lacking() {
  if (typeof WebAssembly !== "object") return "This browser has no WebAssembly, or it is switched off, so the network cannot run here.";
  if (!WebAssembly.validate(BYTE)) return "This browser's WebAssembly has no vectors (SIMD), so the network cannot run here.";
  if (typeof DecompressionStream !== "function") return "This browser is too old to unpack the network's runtime.";
  return "";
}

async function unpacked(text) {
  const stream = new Blob([bytes(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

// Load everything and run the network once: `tell` is given what is being done.
async function opened({ root, multiple, scale, channels, tell }) {
  const problem = lacking();
  if (problem) throw new Error(problem);
  tell("Loading the network (5 MB) …");
  await Promise.all([load(`${root}ort.wasm.min.js`), load(`${root}ort.runtime.js`), load("network.js")]);
  tell("Unpacking the network …");
  ort.env.wasm.wasmBinary = await unpacked(received.binary);
  ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(new Blob([bytes(received.glue)], { type: "text/javascript" })) };
  ort.env.wasm.numThreads = 1; // several need a server that isolates the page
  ort.env.logLevel = "error";
  tell("Starting the network …");
  try {
    const session = await ort.InferenceSession.create(bytes(received.network), { executionProviders: ["wasm"] });
    const network = { session, multiple, scale, channels };
    await answer(network, blank(multiple, multiple, channels)); // the first run is slower
    return network;
  } catch (error) {
    throw new Error(`The network cannot be started: ${error.message}`);
  }
}

// The network's answer to an image: `values` in [0, 1], `pixels` rounded, and the milliseconds that it took.
async function answer({ session, multiple, scale, channels }, image) {
  const given = continued(image, multiple);
  const start = performance.now();
  const { restored } = await session.run({ degraded: new ort.Tensor("uint8", given.pixels, [1, given.height, given.width, channels]) });
  const milliseconds = performance.now() - start;
  const [height, width] = [image.height * scale, image.width * scale];
  const values = new Float32Array(height * width * channels);
  const row = width * channels;
  for (let y = 0; y < height; y++) {
    const from = y * given.width * scale * channels;
    values.set(restored.data.subarray(from, from + row), y * row);
  }
  const pixels = Uint8Array.from(values, (value) => rounded(255 * Math.min(1, Math.max(0, value))));
  return { height, width, channels, values, pixels, milliseconds };
}
