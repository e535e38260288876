"use strict";
const assert = require("node:assert/strict");
const path = require("node:path");
const test = require("node:test");

const folder = path.join(__dirname, "..", "..", "crackdemo", "ui", "page");
globalThis.crackdemo = /** @type {Crackdemo} */ ({});
require(path.join(folder, "badges.js"));
require(path.join(folder, "settings.js"));
const { badges, settings } = globalThis.crackdemo;

const NAMES = ["a", "b"];
const MARKING = { weights: "w@1", only: "marking", what: "marking" };
const CRACK = { weights: "w@1", only: "crack", what: "crack" };

/** A strip of two photos of which nothing is known yet. @param {Basis} basis */
function strip(basis) {
  const made = badges.create();
  made.rest(basis);
  made.setSettings("s");
  return made;
}

/** @param {VerdictState} state @returns {{ [name: string]: Judged }} */
const both = (state) =>
  Object.fromEntries(NAMES.map((name) => [name, { state, score: 0.5, mask: state }]));

/** @param {Badges} one */
const states = (one) => NAMES.map((name) => one.of(name)?.state);

/** @param {Badges} one */
const stale = (one) => NAMES.filter((name) => one.isStale(name));

test("another class, other words or other weights know no verdict yet, and ask for all", () => {
  for (const next of [CRACK, { what: "defect" }, { weights: "w@2" }]) {
    const one = strip(MARKING);
    const { number } = one.question(NAMES, "s");
    assert.ok(one.judge({ ...MARKING, number, settings: "s", photos: both("crack") }));
    assert.deepEqual(stale(one), []);
    assert.equal(one.rest({ ...MARKING }), false);
    assert.deepEqual(states(one), ["crack", "crack"]);
    assert.equal(one.rest(next), true);
    assert.deepEqual(states(one), [undefined, undefined]);
    assert.deepEqual(one.question(NAMES, "s").names, NAMES);
  }
});

test("what comes late of another class or other weights is not taken for the new one's", () => {
  for (const next of [CRACK, { weights: "w@2" }]) {
    const one = strip(MARKING);
    const { number } = one.question(NAMES, "s");
    one.rest(next);
    one.judge({ ...MARKING, number, settings: "s", photos: both("crack") });
    assert.equal(one.live("a", MARKING, "crack", 0.5), false);
    assert.deepEqual(states(one), [undefined, undefined]);
    assert.deepEqual(stale(one), NAMES);
  }
});

test("a late answer of other settings stays out of date, or out", () => {
  const one = strip(CRACK);
  const { number } = one.question(NAMES, "s");
  one.setSettings("t");
  one.live("a", CRACK, "no_crack", 0.1);
  assert.equal(
    one.judge({ ...CRACK, number, settings: "s", photos: both("crack") }),
    false,
    "the last question was of settings that no longer count",
  );
  assert.deepEqual(states(one), ["no_crack", "crack"]);
  assert.deepEqual(stale(one), ["b"]);
  const next = one.question(NAMES, "t");
  assert.deepEqual(next.names, ["b"]);
  const { b } = both("check");
  assert.ok(one.judge({ ...CRACK, ...next, photos: { b } }));
  assert.deepEqual(states(one), ["no_crack", "check"]);
  assert.deepEqual(stale(one), []);
});

test("what was asked before a region or a drop changed a photo does not settle it", () => {
  const one = strip(CRACK);
  const before = one.question(NAMES, "s");
  one.forget("a");
  assert.ok(one.judge({ ...CRACK, ...before, photos: both("crack") }));
  assert.deepEqual(stale(one), ["a"]);
  one.judge({ ...CRACK, ...one.question(NAMES, "s"), photos: both("no_crack") });
  assert.deepEqual(states(one), ["no_crack", "no_crack"]);
  assert.deepEqual(stale(one), []);
});

test("the viewer's word on the photo on show outlasts an answer to an older question", () => {
  const one = strip(CRACK);
  const { number } = one.question(NAMES, "s");
  assert.equal(one.live("a", CRACK, "no_crack", 0.4), true);
  assert.equal(one.live("a", CRACK, "no_crack", 0.4), false);
  one.judge({ ...CRACK, number, settings: "s", photos: both("crack") });
  assert.deepEqual(states(one), ["no_crack", "crack"]);
});

test("of photos that are gone nothing is known", () => {
  const one = strip(CRACK);
  one.live("a", CRACK, "crack", 0.9);
  one.keep(new Set(["b"]));
  assert.equal(one.of("a"), undefined);
});

test("settings are compared by what a mask is cut by", () => {
  const values = /** @type {WidgetValues} */ ({
    ...{ threshold: 0.5, opening: 1, closing: 3, kernel: "disc", grow: null, min_area: 4.6 },
    ...{ opacity: 0.5, mm_per_px: null, colours: "gray" },
  });
  const filled = settings.filled(values);
  assert.deepEqual(
    [filled.opening, filled.closing, filled.grow, filled.min_area, filled.mm_per_px],
    [0, 3, 0, 5, 0],
  );
  assert.equal(settings.cut(filled), settings.cut({ ...filled, opacity: 1, colours: "viridis" }));
  assert.notEqual(settings.cut(filled), settings.cut({ ...filled, grow: 1 }));
});
