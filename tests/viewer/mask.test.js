"use strict";
const test = require("node:test");
const assert = require("node:assert/strict");
const {
  bitmap,
  components,
  mask,
  selection,
  KERNELS,
  picture,
  text,
  randomness,
} = require("./load.js");

const PLAIN = { threshold: 0.5, opening: 0, closing: 0, kernel: "rect", grow: 0, min_area: 0 };

/**
 * A surface whose marked pixels are those of the text.
 *
 * @param {string} drawing
 * @param {Partial<Surface>} [more]
 */
function surface(drawing, more = {}) {
  const drawn = picture(drawing);
  const data = Uint16Array.from(bitmap.unpack(drawn), (bit) => bit * 40000);
  const heatmap = { width: drawn.width, height: drawn.height, data };
  return { heatmap, region: null, kernels: KERNELS, ...more };
}

/** @param {Mask} mask */
const marked = ({ runs, width, height }) => text(components.draw(runs, width, height));

test("the smallest crack value is the threshold's share of 65536, rounded up", () => {
  assert.equal(mask.cutValue(0.5), 32768);
  assert.equal(mask.cutValue(0.3), 19661);
  assert.equal(mask.cutValue(1), 65536);
});

test("a 16-bit heatmap comes back from its two bytes", () => {
  const rgba = Uint8ClampedArray.from([0, 1, 9, 255, 128, 0, 9, 255, 255, 255, 9, 255]);
  assert.deepEqual(mask.unpackHeat(rgba), Uint16Array.from([1, 32768, 65535]));
});

test("components touch over corners and are counted from top to bottom", () => {
  const found = components.find(picture("#...# .#.#. ..... ##..# ...#."));
  assert.deepEqual(Array.from(found.components.area), [2, 2, 2, 2]);
  assert.deepEqual(Array.from(found.components.left), [0, 3, 0, 3]);
  assert.deepEqual(Array.from(found.components.bottom), [2, 2, 4, 5]);
});

test("components of noise equal those of a flood fill", () => {
  const [width, height] = [67, 40];
  for (const share of [0.2, 0.4, 0.6]) {
    const next = randomness(Math.round(100 * share));
    const bytes = Uint8Array.from({ length: width * height }, () => Number(next() < share));
    const found = components.find(bitmap.pack(width, height, bytes));
    const areas = floodAreas(bytes, width);
    assert.deepEqual(Array.from(found.components.area).sort(), areas.sort());
  }
});

/** @param {Uint8Array} bytes @param {number} width */
function floodAreas(bytes, width) {
  const left = new Set([...bytes.keys()].filter((i) => bytes[i]));
  const areas = [];
  for (const start of left) {
    const queue = [start];
    left.delete(start);
    for (const i of queue) {
      for (const dy of [-width, 0, width]) {
        for (const dx of [-1, 0, 1]) {
          const isNextRow = Math.abs((i % width) - ((i + dx + dy + width) % width)) > 1;
          if (!isNextRow && left.delete(i + dx + dy)) queue.push(i + dx + dy);
        }
      }
    }
    areas.push(queue.length);
  }
  return areas;
}

test("components smaller than the smallest crack are dropped, equal ones stay", () => {
  /** @param {number} min_area */
  const cut = (min_area) => marked(mask.cut(surface("##.# ##.. ...#"), { ...PLAIN, min_area }));
  assert.deepEqual(cut(4), ["##..", "##..", "...."]);
  assert.deepEqual(cut(5), ["....", "....", "...."]);
});

test("components are measured inside the region of interest alone", () => {
  const region = picture("##.. ##.. ####");
  const cut = mask.cut(surface("#### .... ..##", { region }), { ...PLAIN, min_area: 3 });
  assert.deepEqual(marked(cut), ["....", "....", "...."]);
});

test("opening comes before closing", () => {
  const params = { ...PLAIN, opening: 3, closing: 3 };
  const cut = mask.cut(surface("###.### ###.### ###.### ....... .#.#..."), params);
  assert.deepEqual(marked(cut), ["#######", "#######", "#######", ".......", "......."]);
});

test("what is dropped by hand leaves the mask and is kept apart", () => {
  const cut = mask.cut(surface("##..# ##..# ....."), PLAIN, [{ x: 4, y: 1 }]);
  assert.deepEqual(marked(cut), ["##...", "##...", "....."]);
  assert.deepEqual(Array.from(cut.components.area), [4]);
  assert.deepEqual(Array.from(cut.dropped.components.area), [2]);
});

test("dropping where nothing is marked changes nothing", () => {
  const drawing = "##..# ##..# .....";
  const dropped = [
    { x: 2, y: 2 },
    { x: 99, y: 0 },
    { x: 0, y: 99 },
  ];
  assert.deepEqual(mask.cut(surface(drawing), PLAIN, dropped), mask.cut(surface(drawing), PLAIN));
});

test("the mask's bytes are its runs after components were dropped", () => {
  const next = randomness(9);
  const data = Uint16Array.from({ length: 101 * 64 }, () => 65536 * next());
  const heatmap = { width: 101, height: 64, data };
  const cut = mask.cut({ heatmap, region: null, kernels: KERNELS }, { ...PLAIN, min_area: 4 });
  const found = components.find(bitmap.pack(101, 64, mask.bytes(cut)));
  assert.deepEqual(found, { runs: cut.runs, components: cut.components });
  assert.ok(Math.min(...found.components.area) >= 4);
});

test("a mask is widened and thinned by a disc after closing; the border does not thin it", () => {
  const dot = surface("..... ..... ..#.. ..... .....");
  const grown = mask.cut(dot, { ...PLAIN, grow: 2 });
  assert.deepEqual(marked(grown), "..#.. .###. ##### .###. ..#..".split(" "));
  const gap = surface("##### ##.## #####");
  const thinned = mask.cut(gap, { ...PLAIN, closing: 3, grow: -1 });
  assert.deepEqual(marked(thinned), "##### ##### #####".split(" "));
  assert.deepEqual(marked(mask.cut(gap, { ...PLAIN, grow: -1 })), "##.## #...# ##.##".split(" "));
});

test("where nothing is marked it is told from which threshold on anything would be", () => {
  const next = randomness(5);
  const data = Uint16Array.from({ length: 60 * 40 }, () => 40000 * next());
  const blurred = Uint16Array.from(data, (heat, i) => (heat + (data[i + 1] ?? 0)) / 2);
  const heatmap = { width: 60, height: 40, data: blurred };
  const photo = { heatmap, peaks: bitmap.peaksOf(heatmap), region: null, kernels: KERNELS };
  for (const min_area of [0, 30, 300]) {
    const params = { ...PLAIN, threshold: 0.65, closing: 3, min_area };
    /** @param {number} threshold */
    const regions = (threshold) => mask.cut(photo, { ...params, threshold }).components.area.length;
    const from = mask.marksFrom(photo, params);
    assert.ok(from > 0 && regions(from) > 0, `${min_area}: ${from}`);
    assert.equal(regions((Math.round(from * 100) + 1) / 100), 0);
  }
  assert.equal(mask.marksFrom(photo, { ...PLAIN, threshold: 0.65, min_area: 2401 }), 0);
  for (const other of [{ opening: 15, kernel: /** @type {const} */ ("rect") }, { grow: -2 }]) {
    assert.equal(mask.marksFrom(photo, { ...PLAIN, threshold: 0.5, ...other }), 0);
  }
});

test("a component is named by its hottest pixel", () => {
  const here = surface("##..# ##..# .....");
  here.heatmap.data[6] = 50000;
  const cut = mask.cut(here, PLAIN);
  assert.deepEqual(selection.pick(cut, here.heatmap, { x: 0, y: 0 }, 1), { x: 1, y: 1 });
  assert.deepEqual(selection.pick(cut, here.heatmap, { x: 3, y: 2 }, 2), { x: 4, y: 0 });
  assert.equal(selection.pick(cut, here.heatmap, { x: 2, y: 2 }, 0.5), null);
});

test("what is selected knows its own pixels, kept or dropped by hand", () => {
  const cut = mask.cut(surface("##..# ##..# ....."), PLAIN, [{ x: 4, y: 1 }]);
  const kept = selection.describe(cut, { x: 0, y: 1 }, null);
  const dropped = selection.describe(cut, { x: 4, y: 0 }, null);
  assert.deepEqual([kept?.isDropped, dropped?.isDropped], [false, true]);
  assert.deepEqual([kept?.holds({ x: 1, y: 0 }), kept?.holds({ x: 4, y: 1 })], [true, false]);
  assert.deepEqual([dropped?.holds({ x: 4, y: 1 }), dropped?.holds({ x: 1, y: 0 })], [true, false]);
});

test("cracks follow each other from the largest to the smallest and round again", () => {
  const here = surface("#..###..##");
  const cut = mask.cut(here, PLAIN);
  /** @param {Point | null} point @param {1 | -1} direction */
  const step = (point, direction) => {
    const present = point && selection.describe(cut, point, null);
    return selection.next(cut, here.heatmap, present, direction);
  };
  assert.deepEqual(step(null, 1), { x: 3, y: 0 });
  assert.deepEqual(step({ x: 3, y: 0 }, 1), { x: 8, y: 0 });
  assert.deepEqual(step({ x: 0, y: 0 }, 1), { x: 3, y: 0 });
  assert.deepEqual(step(null, -1), { x: 0, y: 0 });
  assert.deepEqual(step({ x: 3, y: 0 }, -1), { x: 0, y: 0 });
});

test("after a crack was dropped its neighbours by size follow", () => {
  const here = surface("#..###..##...####");
  const cut = mask.cut(here, PLAIN, [{ x: 3, y: 0 }]);
  const dropped = selection.describe(cut, { x: 4, y: 0 }, null);
  assert.equal(dropped?.isDropped, true);
  assert.deepEqual(selection.next(cut, here.heatmap, dropped, 1), { x: 8, y: 0 });
  assert.deepEqual(selection.next(cut, here.heatmap, dropped, -1), { x: 13, y: 0 });
  const all = mask.cut(here, PLAIN, [{ x: 13, y: 0 }]);
  const largest = selection.describe(all, { x: 13, y: 0 }, null);
  assert.deepEqual(selection.next(all, here.heatmap, largest, 1), { x: 3, y: 0 });
});
