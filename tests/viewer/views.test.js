"use strict";
const test = require("node:test");
const assert = require("node:assert/strict");
const {
  colours,
  histogram,
  history,
  inspection,
  mask,
  painting,
  preview,
  quantiles,
  sketch,
  viewport,
  wording,
  KERNELS,
  components,
  picture,
} = require("./load.js");

const PHOTO = { width: 400, height: 300 };
const PANE = { width: 800, height: 300 };

test("the whole photo is centred in its pane", () => {
  assert.deepEqual(viewport.fit(PHOTO, PANE), { scale: 1, left: -200, top: 0 });
});

test("zooming keeps the pixel under the cursor", () => {
  const at = { x: 450, y: 120 };
  const before = viewport.pixelAt(viewport.fit(PHOTO, PANE), at, PHOTO);
  const near = viewport.zoomTo(viewport.fit(PHOTO, PANE), 5, at, PHOTO, PANE);
  assert.deepEqual(viewport.pixelAt(near, at, PHOTO), before);
});

test("a photo never leaves its pane", () => {
  const near = viewport.zoomTo(viewport.fit(PHOTO, PANE), 4, { x: 400, y: 150 }, PHOTO, PANE);
  assert.deepEqual(viewport.pan(near, 1e6, 1e6, PHOTO, PANE), { scale: 4, left: 0, top: 0 });
  assert.deepEqual(viewport.pan(near, -1e6, -1e6, PHOTO, PANE), { scale: 4, left: 200, top: 225 });
  const far = viewport.zoomTo(near, 0.01, { x: 9, y: 9 }, PHOTO, PANE);
  assert.deepEqual(far, viewport.fit(PHOTO, PANE));
});

test("a pane of another size keeps the centre, and a whole photo stays whole", () => {
  const small = { width: 400, height: 150 };
  assert.deepEqual(
    viewport.resize(viewport.fit(PHOTO, PANE), PHOTO, PANE, small),
    viewport.fit(PHOTO, small),
  );
  const near = viewport.zoomTo(viewport.fit(PHOTO, PANE), 8, { x: 400, y: 150 }, PHOTO, PANE);
  const resized = viewport.resize(near, PHOTO, PANE, small);
  assert.equal(resized.left + small.width / 16, near.left + PANE.width / 16);
});

test("beside the photo there is no pixel", () => {
  assert.equal(viewport.pixelAt(viewport.fit(PHOTO, PANE), { x: 100, y: 10 }, PHOTO), null);
});

test("heat is compared with clean pavement along straight lines", () => {
  /** @type {Quantiles} */
  const known = [
    [0, 0],
    [0.5, 1000],
    [0.99, 20000],
  ];
  assert.equal(quantiles.shareBelow(known, 500), 0.25);
  assert.equal(quantiles.shareBelow(known, 20000), 0.99);
  assert.equal(quantiles.shareBelow(known, 20001), 1);
  assert.equal(quantiles.heatAt(known, 0.25), 500);
  assert.equal(quantiles.heatAt(known, 0.999), null);
  assert.equal(quantiles.shareBelow([], 5), null);
});

test("a threshold of 1 flags no clean pavement, one of 0 all", () => {
  /** @type {Quantiles} */
  const known = [
    [0, 1],
    [1, 65535],
  ];
  assert.equal(quantiles.shareFlagged(known, 1), 0);
  assert.equal(quantiles.shareFlagged(known, 0), 1);
});

test("the histogram counts every pixel of the region once", () => {
  const heatmap = { width: 3, height: 2, data: Uint16Array.from([0, 255, 256, 65535, 511, 0]) };
  const whole = histogram.count({ heatmap, region: null });
  assert.deepEqual([whole[0], whole[1], whole[255]], [3, 2, 1]);
  const part = histogram.count({ heatmap, region: picture("##. ...") });
  assert.deepEqual([part[0], part[1], part[255]], [2, 0, 0]);
});

test("labels of clean quantiles do not overlap", () => {
  /** @param {Quantiles} known */
  const shares = (known) => histogram.marks(known).map(({ share }) => share);
  assert.deepEqual(
    shares([
      [0.5, 1000],
      [0.9, 20000],
      [0.99, 40000],
      [0.999, 60000],
    ]),
    [0.5, 0.9, 0.99, 0.999],
  );
  assert.deepEqual(
    shares([
      [0.5, 10],
      [0.9, 20],
      [0.99, 30],
      [0.999, 40],
    ]),
    [0.999],
  );
  assert.deepEqual(shares([]), []);
});

test("figures are written for people", () => {
  const { percent, length, pixel } = wording;
  assert.deepEqual([null, 0, 0.004, 1.234, 12.34, 100].map(percent), [
    "–",
    "0 %",
    "< 0.01 %",
    "1.23 %",
    "12.3 %",
    "100 %",
  ]);
  assert.deepEqual(
    [length(null), length(3.14), length(1234.5), length(10, 0), length(10, 0.25)],
    ["–", "3.1 px", "1,235 px", "10.0 px", "2.5 mm"],
  );
  assert.match(pixel({ x: 1, y: 2 }, 32768, 0.99999), /heat 0\.500 .* 99\.99 %/);
});

test("where mask and score disagree the result says so", () => {
  /** @type {Told} */
  const state = {
    exact: true,
    components: 3,
    crackPercent: 1.5,
    marksFrom: null,
    lengthPx: 90,
    meanWidthPx: 2,
    maxWidthPx: 4,
    droppedRegions: 0,
  };
  const long = " 90.0 px long, 2.0 px wide on average, 4.0 px at most.";
  assert.deepEqual(wording.result(state, { crack: false }), {
    state: "check",
    text: `3 regions marked (1.50 %), but the photo's score stays below its limit.${long}`,
  });
  assert.deepEqual(wording.result(state, { crack: true }), {
    state: "crack",
    text: `3 regions marked (1.50 %).${long}`,
  });
  assert.deepEqual(wording.result(state, { crack: true, hasRegion: true }), {
    state: "crack",
    text: `3 regions marked in the region of interest (1.50 % of it).${long}`,
  });
  const none = { ...state, components: 0, lengthPx: 0 };
  assert.deepEqual(wording.result(none, undefined), { state: null, text: "Nothing marked." });
  assert.equal(wording.result(none, { crack: true })?.state, "check");
  assert.match(
    wording.result(none, { crack: true })?.text ?? "",
    /says crack: lower the threshold\.$/,
  );
  const said = (/** @type {number} */ marksFrom) =>
    wording.result({ ...none, marksFrom }, { crack: true })?.text ?? "";
  assert.match(said(0.4), /says crack: lower the threshold to 0\.40\.$/);
  assert.match(said(0), /says crack: opening, thinning or the smallest crack drop all of it\.$/);
  const dropped = { ...none, droppedRegions: 2 };
  assert.deepEqual(wording.result(dropped, { crack: true }), {
    state: "no_crack",
    text: "Nothing marked. 2 regions dropped by hand as false alarms.",
  });
  assert.equal(wording.result({ ...state, exact: false }, { crack: true }), null);
});

test("a new deed after an undo forgets what was undone", () => {
  /** @type {string[]} */
  const done = [];
  const deeds = history.create();
  /** @param {string} name @returns {Deed} */
  const deed = (name) => ({
    undo: () => done.push(`-${name}`),
    redo: () => done.push(`+${name}`),
  });
  deeds.did(deed("a"));
  deeds.undo();
  deeds.redo();
  deeds.undo();
  assert.deepEqual(done, ["-a", "+a", "-a"]);
  deeds.did(deed("b"));
  assert.deepEqual([deeds.canUndo(), deeds.canRedo()], [true, false]);
  deeds.undo();
  deeds.undo();
  assert.deepEqual(done, ["-a", "+a", "-a", "-b"]);
  assert.equal(deeds.canUndo(), false);
});

/** A sketch on a photo of 400 x 300 and what it tells. */
function sketching() {
  /** @type {Point[][][]} */
  const drawn = [];
  /** @type {number[]} */
  const lines = [];
  const handlers = {
    changed() {},
    drawn: (/** @type {Point[][]} */ polygons) => drawn.push(polygons),
    measured: (/** @type {number} */ px) => lines.push(px),
  };
  const made = sketch.create(handlers);
  made.open({ width: 400, height: 300 }, []);
  /** @param {...Point} path */
  const drag = (...path) => {
    const grip = made.grab(path[0], 10);
    for (const point of path.slice(1)) grip?.move(point);
    grip?.end();
  };
  return { made, drawn, lines, drag };
}

/** @param {number} x @param {number} y */
const at = (x, y) => ({ x, y });

test("a box is dragged, never beyond the photo, and its corners are moved", () => {
  const { made, drawn, drag } = sketching();
  drag(at(10, 10), at(500, 200));
  assert.deepEqual(drawn, []);
  made.setTool("box");
  drag(at(100, 200), at(60, 150), at(500, -5));
  assert.deepEqual(drawn[0], [[at(100, 0), at(400, 0), at(400, 200), at(100, 200)]]);
  drag(at(103, 197), at(50, 250));
  assert.deepEqual(drawn[1][0][3], at(50, 250));
  drag(at(200, 100), at(201, 101));
  assert.equal(drawn.length, 2);
});

test("a polygon is set corner by corner, taken back, and closed on its first corner", () => {
  const { made, drawn, drag } = sketching();
  made.setTool("polygon");
  for (const corner of [at(10, 10), at(200, 10), at(300, 300)]) drag(corner);
  assert.equal(made.undo(), true);
  drag(at(200, 200));
  drag(at(12, 11));
  assert.deepEqual(drawn, [[[at(10, 10), at(200, 10), at(200, 200)]]]);
  assert.equal(made.undo(), false);
});

test("an outline that is drawn along keeps its corners alone", () => {
  const { made, drawn, drag } = sketching();
  made.setTool("polygon");
  const side = (/** @type {number} */ x) =>
    Array.from({ length: 19 }, (_, i) => at(x, 10 + 10 * i));
  drag(...side(20), at(200, 190), ...side(200).reverse());
  assert.deepEqual(drawn, [[[at(20, 10), at(20, 190), at(200, 190), at(200, 10)]]]);
});

test("a line tells how long it is", () => {
  const { made, lines, drag } = sketching();
  made.setTool("line");
  drag(at(10, 10), at(40, 50));
  assert.deepEqual(lines, [50]);
});

test("a hairline survives in a view of any size", () => {
  const found = components.find(picture(`${".".repeat(64)} ${"#".repeat(64)} ${".".repeat(64)}`));
  const none = components.find(picture("."));
  const layer = {
    mask: { width: 64, height: 3, ...found, dropped: none },
    left: 0,
    top: 0,
    step: 1,
  };
  for (const scale of [0.1, 0.37, 1, 2.5]) {
    const plot = painting.blankPlot(Math.round(64 * scale), Math.ceil(3 * scale));
    painting.plotLayer(plot, layer, { scale, left: 0, top: 0 }, () => false);
    const columns = new Set();
    for (let i = 0; i < plot.codes.length; i++) if (plot.codes[i]) columns.add(i % plot.pitch);
    assert.equal(columns.size, plot.width);
  }
});

test("colour ramps run through 256 colours from their first to their last stop", () => {
  for (const name of ["inferno", "viridis", "gray"]) {
    assert.equal(colours.ramp(name).length, 256);
  }
  assert.deepEqual(colours.ramp("gray")[255], [255, 255, 255]);
  assert.equal(colours.heatPixels("inferno")[0], 0xff040000);
});

/** A heatmap too large to be cut at every move, with one wide and one thin crack. */
function largeHeatmap() {
  const [width, height] = [1601, 1203];
  const data = new Uint16Array(width * height);
  for (let x = 100; x < 1500; x++) {
    for (let y = 600; y < 624; y++) data[y * width + x] = 50000;
    data[200 * width + x] = 45000;
  }
  return { width, height, data };
}

test("smaller levels keep the hottest pixel, at odd sizes too", () => {
  const levels = preview.levels(largeHeatmap());
  assert.deepEqual(
    levels.map(({ step }) => step),
    [1, 2],
  );
  const { heatmap } = levels[1];
  assert.deepEqual([heatmap.width, heatmap.height], [801, 602]);
  assert.equal(heatmap.data[100 * 801 + 300], 45000);
});

test("a preview of a small part is exact, one of the whole is close", () => {
  const heatmap = largeHeatmap();
  const surface = { heatmap, region: null, kernels: KERNELS };
  const params = { threshold: 0.6, opening: 3, closing: 0, kernel: "rect", grow: 0, min_area: 10 };
  const exact = mask.cut(surface, params);
  const box = { left: 300, top: 560, width: 400, height: 100 };
  const part = preview.cut(preview.levels(heatmap), surface, params, [], box);
  assert.equal(part.step, 1);
  const height = part.mask.components.bottom[0] - part.mask.components.top[0];
  assert.equal(height, exact.components.bottom[0] - exact.components.top[0]);
  assert.equal(part.top + part.mask.components.top[0], exact.components.top[0]);
  const all = { left: 0, top: 0, width: heatmap.width, height: heatmap.height };
  const whole = preview.cut(preview.levels(heatmap), surface, params, [], all);
  assert.equal(whole.step, 2);
  assert.ok(
    Math.abs(whole.mask.components.area[0] * 4 - exact.components.area[0]) <
      0.1 * exact.components.area[0],
  );
});

test("answers that come late tell figures of their photo and never replace the mask", () => {
  const heatmap = largeHeatmap();
  const surface = { heatmap, region: null, kernels: KERNELS };
  const photo = {
    width: heatmap.width,
    height: heatmap.height,
    surface,
    levels: preview.levels(heatmap),
    close() {},
  };
  /** @type {Order[]} */
  const orders = [];
  const visible = () => ({ left: 0, top: 0, width: heatmap.width, height: heatmap.height });
  const open = () =>
    inspection.create({
      photo,
      isCalled: false,
      dropped: [],
      visible,
      order: (order) => orders.push(order),
      changed() {},
    });
  /** @param {Order} order @returns {Answer} */
  const answer = ({ turn, params }) => ({ turn, mask: mask.cut(surface, params) });
  const params = { threshold: 0.6, opening: 0, closing: 0, kernel: "rect", grow: 0, min_area: 0 };

  const first = open();
  first.cut(params);
  first.cut({ ...params, threshold: 0.7 });
  first.answered(answer(orders[0]));
  assert.equal(first.exact(), null);
  assert.equal(first.figures().components, 2);
  first.answered(answer(orders[1]));
  assert.equal(first.exact()?.components.area.length, 1);
  first.close();

  const second = open();
  second.cut(params);
  second.answered(answer(orders[1]));
  assert.equal(second.exact(), null);
  assert.equal(second.figures().components, null);
  second.close();
});
