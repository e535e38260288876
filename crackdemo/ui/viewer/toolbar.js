/** The bar above the views: which views, zoom, undo and redo. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const ICONS = {
    out: "M4 10h12",
    in: "M4 10h12M10 4v12",
    fit: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4",
    undo: "M7 4 3 8l4 4M3 8h9a5 5 0 0 1 0 10H8",
    redo: "M13 4l4 4-4 4M17 8H8a5 5 0 0 0 0 10h4",
    region: "M4 6h12v9H4ZM2 6a2 2 0 1 0 4 0a2 2 0 1 0-4 0M14 15a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
    scale: "M2 13 13 2l5 5L7 18ZM6 9l2 2M9 6l2 2",
  };

  /** What the buttons call some views. @type {{ [name: string]: string }} */
  const SHORT = { photo: "With mask", bare: "Photo", residual: "Residual" };

  /** From one layout to the next. @type {Object<string, number>} */
  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

  /**
   * @param {keyof typeof ICONS} icon
   * @param {string} label
   * @param {() => void} onclick
   */
  function iconButton(icon, label, onclick, kind = "") {
    const button = crackdemo.element("button", {
      type: "button",
      class: `icon ${kind}`,
      "aria-label": label,
      title: label,
      onclick,
    });
    const path = `<path d="${ICONS[icon]}"/>`;
    button.innerHTML = `<svg viewBox="0 0 20 20" aria-hidden="true">${path}</svg>`;
    return button;
  }

  /**
   * @param {ToolbarActions} actions
   * @returns {Toolbar}
   */
  function create({ lay, zoom, fit, actual, undo, redo, draw }) {
    const { element } = crackdemo;
    const { VIEWS, FOUR, REBUILT } = crackdemo.panes;
    /** Views that the photo on show has. */
    let offered = VIEWS.map(([name]) => name);
    /** @type {[name: Layout, title: string][]} */
    const layouts = [["four", "All four"], ["compare", "Compare"], ...VIEWS];
    const sides = ["photo", "reconstruction"].map((chosen, i) => side(chosen, i));
    const comparison = element(
      "div",
      { class: "comparison", hidden: true },
      sides[0],
      element("span", {}, "with"),
      sides[1],
    );
    const tabs = layouts.map(([name, title]) => {
      const attributes = {
        type: "button",
        role: "radio",
        "data-layout": name,
        "aria-label": title,
      };
      const text = SHORT[name] ?? title;
      return element("button", { ...attributes, onclick: () => choose(name) }, text);
    });
    const bar = element(
      "div",
      { class: "layouts", role: "radiogroup", "aria-label": "Views" },
      ...tabs,
    );
    /** @type {Layout} */
    let layout = "four";

    /** @param {string} chosen @param {number} i */
    function side(chosen, i) {
      const options = VIEWS.map(([name, title]) =>
        element("option", { value: name, selected: name === chosen }, title),
      );
      const label = i === 0 ? "Left view" : "Right view";
      return element("select", { "aria-label": label, onchange: () => chooseSide(i) }, ...options);
    }

    /**
     * A view cannot be compared with itself: the other side takes the view that was left.
     *
     * @param {number} i
     */
    function chooseSide(i) {
      const other = sides[1 - i];
      if (other.value === sides[i].value) {
        [other.value] = offered.filter((name) => name !== sides[i].value);
      }
      choose("compare");
    }

    /** @param {Layout} name */
    function choose(name) {
      layout = name;
      for (const tab of tabs) {
        const isChosen = tab.dataset.layout === name;
        tab.setAttribute("aria-checked", String(isChosen));
        tab.tabIndex = isChosen ? 0 : -1;
      }
      comparison.hidden = name !== "compare";
      reveal();
      lay(
        name,
        sides.map((select) => select.value),
        FOUR.filter((view) => offered.includes(view)),
      );
    }

    /**
     * Views of what there is not are out of sight, and others take their place.
     *
     * @type {Toolbar["offer"]}
     */
    function offer(isRebuilt) {
      const names = VIEWS.map(([name]) => name).filter((n) => isRebuilt || !REBUILT.includes(n));
      if (names.length === offered.length) return;
      offered = names;
      for (const tab of tabs) {
        const name = /** @type {Layout} */ (tab.dataset.layout);
        if (name === "four") tab.textContent = isRebuilt ? "All four" : "All three";
        tab.hidden = isMissing(name);
      }
      for (const [i, select] of sides.entries()) {
        for (const option of select.options) {
          option.hidden = option.disabled = isMissing(/** @type {Layout} */ (option.value));
        }
        if (select.selectedOptions[0]?.hidden) {
          select.value = sides[1 - i].value === "heatmap" ? "photo" : "heatmap";
        }
      }
      choose(isMissing(layout) ? "photo" : layout);
    }

    /** @param {Layout} name */
    function isMissing(name) {
      return VIEWS.some(([view]) => view === name) && !offered.some((view) => view === name);
    }

    /** The chosen one is in sight where not all have room. */
    function reveal() {
      const chosen = tabs.find((tab) => tab.tabIndex === 0);
      if (chosen) bar.scrollLeft = chosen.offsetLeft - bar.offsetLeft - 8;
    }

    new ResizeObserver(reveal).observe(bar);
    bar.addEventListener("keydown", ({ key }) => {
      const step = STEPS[key];
      if (!step) return;
      const names = layouts.map(([name]) => name).filter((name) => !isMissing(name));
      choose(names[(names.indexOf(layout) + step + names.length) % names.length]);
      tabs.find((tab) => tab.tabIndex === 0)?.focus();
    });

    const undoButton = iconButton("undo", "Undo (Ctrl+Z)", undo);
    const redoButton = iconButton("redo", "Redo (Ctrl+Shift+Z)", redo);
    const region = iconButton("region", "Region of interest", () => draw("box"));
    const scale = iconButton("scale", "Scale by a line of known length", () => draw("line"));
    const tools = element(
      "div",
      { class: "tools" },
      region,
      scale,
      undoButton,
      redoButton,
      iconButton("out", "Zoom out (−)", () => zoom(1 / 1.5), "zoom"),
      element(
        "button",
        { type: "button", class: "zoom", title: "Full size (1)", onclick: actual },
        "1:1",
      ),
      iconButton("in", "Zoom in (+)", () => zoom(1.5), "zoom"),
      iconButton("fit", "Whole photo (0)", fit),
    );
    const root = element("div", { class: "toolbar" }, bar, comparison, tools);

    /** @param {boolean} canUndo @param {boolean} canRedo */
    function showHistory(canUndo, canRedo) {
      undoButton.disabled = !canUndo;
      redoButton.disabled = !canRedo;
    }
    /** @type {Toolbar["showTool"]} */
    function showTool(tool) {
      region.setAttribute("aria-pressed", String(tool === "box" || tool === "polygon"));
      scale.setAttribute("aria-pressed", String(tool === "line"));
    }
    showHistory(false, false);
    showTool(null);
    return { root, choose, offer, showHistory, showTool };
  }

  crackdemo.toolbar = { create };
})(globalThis);
