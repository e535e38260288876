"use strict";
const assert = require("node:assert/strict");
const path = require("node:path");
const test = require("node:test");

const folder = path.join(__dirname, "..", "..", "crackdemo", "ui", "page");
globalThis.crackdemo = /** @type {Crackdemo} */ ({});
require(path.join(folder, "fields.js"));
const { fault } = globalThis.crackdemo.fields;
const KERNEL = { min: 0, max: 15 };

test("what cannot be is said in one sentence, and what can be is not", () => {
  for (const size of [0, 1, 3, 15]) assert.equal(fault("tune-opening", size, KERNEL), "");
  for (const size of [2, 4]) assert.match(fault("tune-closing", size, KERNEL), /must be odd/);
  for (const size of [99, -2]) assert.match(fault("tune-opening", size, KERNEL), /0 and 15/);
  assert.match(fault("tune-grow", 1.5, { min: -7, max: 7 }), /whole number/);
  assert.equal(fault("tune-grow", -6, { min: -7, max: 7 }), "");
  assert.match(fault("scale", -1, { min: 0, max: 0 }, "2"), /below 0 .*: 2 stays in force/);
  assert.equal(fault("scale", 40.5, { min: 0, max: 0 }), "");
  assert.equal(fault("tune-threshold", 0.431, { min: 0, max: 1 }), "");
  assert.match(fault("tune-threshold", Number.NaN, { min: 0, max: 1 }), /needs a number/);
});
