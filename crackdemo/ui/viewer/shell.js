/** The viewer's parts, put together: toolbar, stage, readouts, histogram and figures. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const KEYS =
    "Arrow keys move, plus and minus zoom, 0 shows the whole photo, 1 full size. N and P select " +
    "the next and previous crack, Delete drops it, Ctrl+Z undoes, Ctrl+Shift+Z redoes, Escape " +
    "deselects.";

  /** @param {ShellActions} actions @returns {Shell} */
  function create(actions) {
    const { element } = crackdemo;
    const { undo, redo, drop, restore } = actions;
    const stage = crackdemo.stage.create({
      clicked: actions.click,
      hovered: actions.hover,
      keys: {
        n: () => actions.step(1),
        p: () => actions.step(-1),
        Delete: drop,
        Backspace: drop,
        Escape: actions.deselect,
        "Ctrl+z": undo,
        "Ctrl+Shift+z": redo,
        "Ctrl+y": redo,
      },
    });
    const toolbar = crackdemo.toolbar.create({
      lay: stage.lay,
      zoom: stage.zoom,
      fit: stage.fit,
      actual: () => stage.zoomTo(1),
      undo,
      redo,
    });
    const histogram = crackdemo.histogram.create(actions.move);
    const facts = crackdemo.facts.create({ drop, restore });
    const root = element(
      "section",
      { class: "crack-viewer empty", "aria-label": "Photo viewer" },
      toolbar.root,
      stage.root,
      element("div", { class: "lines" }, facts.selected, facts.cursor),
      element("div", { class: "lower" }, histogram.root, facts.figures),
      facts.result,
      element("p", { id: "crackdemo-keys", hidden: true }, KEYS),
    );
    toolbar.choose("four");
    return { root, stage, toolbar, histogram, facts };
  }

  crackdemo.shell = { create };
})(globalThis);
