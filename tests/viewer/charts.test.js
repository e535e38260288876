"use strict";
const assert = require("node:assert/strict");
const path = require("node:path");
const test = require("node:test");

globalThis.crackdemo = /** @type {Crackdemo} */ ({});
require(path.join(__dirname, "..", "..", "crackdemo", "ui", "tune", "charts.js"));
const { rows } = globalThis.crackdemo.charts;

/** As in charts.js: shares of the width. */
const LABEL = 0.27;

test("no mark's line crosses another one's label, and no label leaves the drawing", () => {
  for (let a = 0; a <= 1; a += 0.01) {
    for (let b = 0; b <= 1; b += 0.01) {
      const places = [a, b];
      const found = rows(places);
      assert.deepEqual(found.map(({ row }) => row).sort(), [0, 1]);
      const spans = places.map((x, i) => (found[i].isLeft ? [x - LABEL, x] : [x, x + LABEL]));
      // beyond 1 there is a margin
      for (const [from, to] of spans) assert.ok(from >= -1e-9 && to <= 1.03 + 1e-9, `${places}`);
      const upper = found.findIndex(({ row }) => row === 0);
      const [from, to] = spans[1 - upper];
      assert.ok(places[upper] <= from || places[upper] >= to, `${places}`);
    }
  }
});

test("one mark's label stands right above its line", () => {
  assert.deepEqual(rows([0.5]), [{ row: 0, isLeft: false }]);
  assert.deepEqual(rows([0.95]), [{ row: 0, isLeft: true }]);
});
