/** What was done, one deed after the other, to undo and redo; free of the DOM. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @returns {Deeds} */
  function create() {
    /** @type {Deed[]} */
    const deeds = [];
    let count = 0;
    return {
      canUndo: () => count > 0,
      canRedo: () => count < deeds.length,
      undo: () => count > 0 && deeds[--count].undo(),
      redo: () => count < deeds.length && deeds[count++].redo(),
      did: (deed) => deeds.splice(count++, Infinity, deed),
    };
  }

  crackdemo.history = { create };
})(globalThis);
