/** The divider between two compared views: drag it, or move it with the arrow keys. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const STEP = 2;

  /** @param {HTMLElement} panes carries the place of the divider as the property --divide */
  function create(panes) {
    const root = crackdemo.element("div", {
      class: "divider",
      role: "slider",
      tabindex: 0,
      "aria-label": "Divider between the two views",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    });
    let percent = 50;

    /** @param {number} next */
    function move(next) {
      percent = Math.min(100, Math.max(0, next));
      panes.style.setProperty("--divide", `${percent}%`);
      root.setAttribute("aria-valuenow", String(Math.round(percent)));
    }

    root.addEventListener("pointerdown", (event) => {
      root.setPointerCapture(event.pointerId);
      event.stopPropagation();
    });
    root.addEventListener("pointermove", (event) => {
      if (!root.hasPointerCapture(event.pointerId)) return;
      const box = panes.getBoundingClientRect();
      move((100 * (event.clientX - box.left)) / box.width);
    });
    root.addEventListener("keydown", (event) => {
      /** @type {Object<string, number>} */
      const moves = { ArrowLeft: -STEP, ArrowRight: STEP, Home: -100, End: 100 };
      if (!(event.key in moves)) return;
      event.preventDefault();
      move(percent + moves[event.key]);
    });
    move(percent);
    return { root };
  }

  crackdemo.divider = { create };
})(globalThis);
