"use strict";
/** The viewer's files that are free of the DOM, as they are in the page. */
const path = require("node:path");

const FILES = [
  "bitmap",
  "colours",
  "components",
  "histogram",
  "history",
  "inspection",
  "mask",
  "measure",
  "painting",
  "preview",
  "quantiles",
  "selection",
  "sketch",
  "verdict",
  "viewport",
  "wording",
];
const folder = path.join(__dirname, "..", "..", "crackdemo", "ui", "viewer");
globalThis.crackdemo = /** @type {Crackdemo} */ ({});
for (const file of FILES) require(path.join(folder, `${file}.js`));

/** A kernel or mask from rows of text, "#" for 1. @param {string} text */
const rows = (text) =>
  text
    .trim()
    .split(/\s+/)
    .map((row) => Array.from(row, (c) => Number(c === "#")));

/** A bitmap from the same text. @param {string} text */
function picture(text) {
  const cells = rows(text);
  return globalThis.crackdemo.bitmap.pack(
    cells[0].length,
    cells.length,
    Uint8Array.from(cells.flat()),
  );
}

/** A bitmap as such text. @param {Bitmap} bitmap */
function text(bitmap) {
  const bytes = globalThis.crackdemo.bitmap.unpack(bitmap);
  /** @param {number} y */
  const row = (y) => Array.from(bytes.subarray(y * bitmap.width, (y + 1) * bitmap.width));
  return Array.from({ length: bitmap.height }, (_, y) =>
    row(y)
      .map((bit) => ".#"[bit])
      .join(""),
  );
}

/** Repeatable numbers 0 <= n < 1. @param {number} seed */
function randomness(seed) {
  let state = seed;
  return () => (state = (state * 48271 + 11) % 2147483647) / 2147483647;
}

/** @type {Kernels} */
const KERNELS = {
  rect: { 3: rows("### ### ###"), 15: Array.from({ length: 15 }, () => Array(15).fill(1)) },
  cross: { 3: rows(".#. ### .#."), 5: rows("..#.. ..#.. ##### ..#.. ..#..") },
  disc: { 1: rows(".#. ### .#."), 2: rows("..#.. .###. ##### .###. ..#..") },
  ellipse: { 3: rows(".#. ### .#."), 5: rows("..#.. ##### ##### ##### ..#..") },
};

module.exports = { ...globalThis.crackdemo, KERNELS, rows, picture, text, randomness };
