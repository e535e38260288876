"use strict";
const test = require("node:test");
const assert = require("node:assert/strict");
const { components, measure, picture } = require("./load.js");

/** @param {string} drawing */
function measured(drawing) {
  const bitmap = picture(drawing);
  return measure({ ...bitmap, ...components.find(bitmap) });
}

test("nothing has no length", () => {
  const { total } = measured("... ...");
  assert.deepEqual(total, { lengthPx: 0, meanWidthPx: 0, maxWidthPx: 0 });
});

test("a straight line of pixels is as long as it has pixels", () => {
  assert.equal(measured("....... .#####. .......").total.lengthPx, 5);
});

test("diagonal steps count the root of 2", () => {
  const { total } = measured("#... .#.. ..#. ...#");
  assert.ok(Math.abs(total.lengthPx - (1 + 3 * Math.SQRT2)) < 1e-9);
});

test("the width is twice the distance to the background, centre to centre", () => {
  const { total } = measured("......... .#######. .#######. .#######. .........");
  assert.equal(total.maxWidthPx, 4);
});

test("beyond the border is background", () => {
  assert.equal(measured("#####").total.maxWidthPx, 2);
});

test("every component has its own measures", () => {
  const { components: each } = measured("####.. ...... ......  .....# .....#");
  assert.deepEqual(
    each.map(({ lengthPx }) => lengthPx),
    [4, 2],
  );
});
