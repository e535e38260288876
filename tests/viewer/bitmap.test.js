"use strict";
const test = require("node:test");
const assert = require("node:assert/strict");
const { bitmap, KERNELS, rows, picture, text, randomness } = require("./load.js");

/**
 * @param {number} width
 * @param {number} height
 * @param {number} share
 * @param {number} seed
 */
function noise(width, height, share, seed) {
  const next = randomness(seed);
  return Uint8Array.from({ length: width * height }, () => Number(next() < share));
}

/**
 * Every pixel looks at its neighbours one by one.
 *
 * @param {Uint8Array} bytes
 * @param {number} width
 * @param {number} height
 * @param {number[][]} kernel
 * @param {(...seen: number[]) => number} take
 */
function slowly(bytes, width, height, kernel, take) {
  const centre = kernel.length >> 1;
  const result = new Uint8Array(bytes.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      /** @type {number[]} */
      const seen = [];
      for (const [j, row] of kernel.entries()) {
        for (const [i, cell] of row.entries()) {
          const [u, v] = [x + i - centre, y + j - centre];
          if (cell && u >= 0 && v >= 0 && u < width && v < height) seen.push(bytes[v * width + u]);
        }
      }
      result[y * width + x] = take(...seen);
    }
  }
  return result;
}

const SIZES = [
  [1, 1],
  [1, 9],
  [9, 1],
  [31, 5],
  [32, 8],
  [33, 7],
  [64, 20],
  [70, 21],
];
const SHAPES = Object.entries(KERNELS).flatMap(([name, sizes]) =>
  Object.entries(sizes).map(([size, kernel]) => ({ name: `${name} ${size}`, kernel })),
);

for (const { name, kernel } of SHAPES) {
  test(`dilation and erosion with ${name} equal the definition at every size and border`, () => {
    SIZES.forEach(([width, height], seed) => {
      for (const share of [0.02, 0.3, 0.95]) {
        const bytes = noise(width, height, share, seed + 1);
        const packed = bitmap.pack(width, height, bytes);
        const profile = bitmap.kernelProfile(kernel);
        const dilated = bitmap.unpack(bitmap.dilate(packed, profile));
        const eroded = bitmap.unpack(bitmap.erode(packed, profile));
        assert.deepEqual(dilated, slowly(bytes, width, height, kernel, Math.max));
        assert.deepEqual(eroded, slowly(bytes, width, height, kernel, Math.min));
      }
    });
  });
}

test("opening removes what the kernel does not fit into and keeps the rest", () => {
  const marked = picture("....... .###..# .###... .###... .......");
  const opened = bitmap.opening(marked, bitmap.kernelProfile(KERNELS.rect[3]));
  assert.deepEqual(text(opened), [".......", ".###...", ".###...", ".###...", "......."]);
});

test("closing bridges a gap, also beside the border", () => {
  const marked = picture("##.## ##.## ##.##");
  const closed = bitmap.closing(marked, bitmap.kernelProfile(KERNELS.rect[3]));
  assert.deepEqual(text(closed), ["#####", "#####", "#####"]);
});

test("a kernel that is not convex around its centre is refused", () => {
  for (const kernel of ["#.# ### #.#", ".## .## .##", "### .#. ###"]) {
    assert.throws(() => bitmap.kernelProfile(rows(kernel)), RangeError);
  }
});

test("the threshold is inclusive and peaks do not change what it marks", () => {
  const next = randomness(3);
  const data = Uint16Array.from({ length: 70 * 9 }, () => Math.floor(65536 * next() ** 6));
  const heatmap = { width: 70, height: 9, data };
  const peaks = bitmap.peaksOf(heatmap);
  for (const level of [0, 1, 300, 40000, data[5], 65535, 65536]) {
    const marked = Uint8Array.from(data, (heat) => Number(heat >= level));
    assert.deepEqual(bitmap.unpack(bitmap.threshold(heatmap, level)), marked);
    assert.deepEqual(bitmap.unpack(bitmap.threshold(heatmap, level, peaks)), marked);
  }
});

test("packing, unpacking, counting and reading single pixels agree", () => {
  const bytes = noise(77, 13, 0.4, 5);
  const packed = bitmap.pack(77, 13, bytes);
  assert.deepEqual(bitmap.unpack(packed), bytes);
  assert.equal(
    bitmap.count(packed),
    bytes.reduce((sum, bit) => sum + bit),
  );
  assert.equal(bitmap.get(packed, 40, 7), bytes[7 * 77 + 40]);
});
