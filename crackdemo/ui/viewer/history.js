/** Steps that can be undone and redone, free of the DOM. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @template T @param {T} first @returns {Steps<T>} */
  function create(first) {
    const steps = [first];
    let present = 0;
    return {
      present: () => steps[present],
      canUndo: () => present > 0,
      canRedo: () => present + 1 < steps.length,
      undo: () => (present = Math.max(0, present - 1)),
      redo: () => (present = Math.min(steps.length - 1, present + 1)),
      push: (next) => steps.splice(++present, Infinity, next),
    };
  }

  crackdemo.history = { create };
})(globalThis);
