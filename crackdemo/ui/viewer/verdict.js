/**
 * What score and mask say of a photo together, by the rule of `Verdict.state` in
 * crackdemo/inspection/verdict.py; free of the DOM.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Each state's icon in a box of 20 x 20. @type {VerdictPart["ICONS"]} */
  const ICONS = {
    crack: "M10 2 19 18H1Z M10 8v4 M10 14.5v.5",
    check: "M10 2a8 8 0 1 1 0 16a8 8 0 0 1 0-16Z M7.5 8a2.5 2.5 0 1 1 2.5 2.6V12 M10 14v.5",
    no_crack: "M10 2a8 8 0 1 1 0 16a8 8 0 0 1 0-16Z M6.5 10.2 9 12.8l4.5-5.4",
  };
  /** What is looked for. */
  let what = "crack";

  /** @type {VerdictPart["lookFor"]} */
  function lookFor(next) {
    what = next;
  }

  /** @type {VerdictPart["word"]} */
  function word(state, of = what) {
    if (state === "check") return "Check";
    return state === "crack" ? of[0].toUpperCase() + of.slice(1) : `No ${of}`;
  }

  /**
   * A person who dropped all that was marked has the last word.
   *
   * @type {VerdictPart["stateOf"]}
   */
  function stateOf(crack, isMarked, hasDropped) {
    if (hasDropped && !isMarked) return "no_crack";
    if (crack !== isMarked) return "check";
    return crack ? "crack" : "no_crack";
  }

  crackdemo.verdict = { ICONS, lookFor, word, stateOf };
})(globalThis);
