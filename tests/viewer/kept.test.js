"use strict";
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const vm = require("node:vm");

const SOURCE = readFileSync(
  path.join(__dirname, "..", "..", "crackdemo", "ui", "page", "kept.js"),
  "utf8",
);
const KEY = "crackdemo.secret";

/**
 * A page that is opened in a tab.
 *
 * @param {Map<string, string>} storage the tab's own
 * @param {unknown} locks the browser's
 * @returns {KeptPart}
 */
function opened(storage, locks) {
  const page = {
    crackdemo: /** @type {{ kept?: KeptPart }} */ ({}),
    sessionStorage: {
      getItem: (/** @type {string} */ key) => storage.get(key) ?? null,
      setItem: (/** @type {string} */ key, /** @type {string} */ value) => storage.set(key, value),
    },
    navigator: { locks },
    crypto: globalThis.crypto,
    AbortController,
    // whoever waits for a lock has waited long enough
    setTimeout: (/** @type {() => void} */ late) => setImmediate(late),
  };
  vm.runInNewContext(SOURCE, page);
  return /** @type {KeptPart} */ (page.crackdemo.kept);
}

/** Locks that all tabs of a browser share; none is ever let go. */
function browser() {
  /** @type {Set<string>} */
  const held = new Set();
  return {
    /** @param {string} name @param {{ signal: AbortSignal }} options @param {() => unknown} take */
    request: (name, { signal }, take) => {
      if (!held.has(name)) {
        held.add(name);
        return Promise.resolve(take());
      }
      return new Promise((_, refuse) => {
        signal.addEventListener("abort", () => refuse(new Error("waited too long")));
      });
    },
  };
}

test("a tab keeps by the secret by which it finds", async () => {
  const storage = new Map();
  const tab = opened(storage, browser());
  assert.match(tab.secret(), /^[0-9a-f]{48}$/);
  assert.equal(await tab.own(), tab.secret());
  assert.equal(storage.get(KEY), tab.secret());
});

test("a duplicated tab finds by the other's secret, and keeps by its own", async () => {
  const [storage, locks] = [new Map(), browser()];
  const tab = opened(storage, locks);
  const copied = new Map(storage);
  const copy = opened(copied, locks);
  assert.equal(copy.secret(), tab.secret());
  await new Promise((later) => setImmediate(() => setImmediate(later)));
  // loaded anew before anything was kept, it still finds what the other had
  assert.equal(copied.get(KEY), tab.secret());
  const own = await copy.own();
  assert.match(own, /^[0-9a-f]{48}$/);
  assert.notEqual(own, tab.secret());
  assert.equal(copied.get(KEY), own);
  assert.equal(storage.get(KEY), tab.secret());
  const second = opened(new Map(copied), locks);
  assert.notEqual(await second.own(), own);
});

test("a browser that knows no locks, or fails at them, keeps as before", async () => {
  const failing = {
    request: () => {
      throw new Error("no locks here");
    },
  };
  for (const locks of [undefined, failing]) {
    const tab = opened(new Map(), locks);
    assert.equal(await tab.own(), tab.secret());
  }
});
