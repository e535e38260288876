/** The viewer's parts, put together: toolbar, stage, readouts, histogram and figures. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const KEYS =
    "Arrow keys move, plus and minus zoom, 0 shows the whole photo, 1 full size. N and P select " +
    "the next and previous crack, Delete drops it, Ctrl+Z undoes, Ctrl+Shift+Z redoes, Escape " +
    "deselects.";

  /** What takes keys for itself. */
  const FIELDS = "input, select, textarea, [role=slider]";

  /** @param {ShellActions} actions @returns {Shell} */
  function create(actions) {
    const { element } = crackdemo;
    const { undo, redo, drop, restore } = actions;
    const card = crackdemo.card.create({ drop, restore });
    const drawing = crackdemo.drawing.create({
      choose: actions.draw,
      close: actions.closePolygon,
      clear: actions.clearRegion,
      widen: actions.widenRegion,
      scale: actions.scale,
      done: () => actions.draw(null),
    });
    /** @type {Keys} */
    const keys = {
      n: () => actions.step(1),
      p: () => actions.step(-1),
      Delete: drop,
      Backspace: drop,
      Escape: actions.escape,
      Enter: actions.closePolygon,
    };
    const stage = crackdemo.stage.create({
      clicked: actions.click,
      hovered: actions.hover,
      grabbed: actions.grab,
      card,
      keys,
    });
    const toolbar = crackdemo.toolbar.create({
      lay: stage.lay,
      zoom: stage.zoom,
      fit: stage.fit,
      actual: () => stage.zoomTo(1),
      undo,
      redo,
      draw: actions.toggleDrawing,
    });
    const histogram = crackdemo.histogram.create(actions.move);
    const facts = crackdemo.facts.create();
    const root = element(
      "section",
      { class: "crack-viewer empty", "aria-label": "Photo viewer" },
      toolbar.root,
      stage.root,
      drawing.root,
      element("div", { class: "lines" }, facts.cursor),
      element("div", { class: "lower" }, histogram.root, facts.figures),
      facts.result,
      element("p", { id: "crackdemo-keys", hidden: true }, KEYS),
    );
    root.addEventListener("keydown", (event) => {
      const isOfField = event.target instanceof Element && event.target.matches(FIELDS);
      const { [crackdemo.gestures.nameOf(event)]: action, Enter } = keys;
      if (!action || action === Enter || isOfField || event.defaultPrevented) return;
      event.preventDefault();
      action();
    });
    listenToUndo(undo, redo);
    toolbar.choose(globalThis.innerWidth > 700 ? "four" : "photo");
    return { root, stage, toolbar, histogram, facts, card, drawing };
  }

  /**
   * Anywhere on the page but where somebody writes, who then undoes what was written.
   *
   * @param {() => void} undo
   * @param {() => void} redo
   */
  function listenToUndo(undo, redo) {
    /** @type {Keys} */
    const keys = { "Ctrl+z": undo, "Ctrl+Shift+z": redo, "Ctrl+y": redo };
    document.addEventListener("keydown", (event) => {
      const { target } = event;
      const isWritten =
        target instanceof HTMLTextAreaElement ||
        (target instanceof HTMLInputElement &&
          !["range", "checkbox", "radio"].includes(target.type));
      const action = keys[crackdemo.gestures.nameOf(event)];
      if (!action || isWritten) return;
      event.preventDefault();
      action();
    });
  }

  crackdemo.shell = { create };
})(globalThis);
