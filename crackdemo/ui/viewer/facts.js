/** The lines and figures below the views: cursor, selected crack, numbers, result. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @type {[name: FigureName, title: string][]} */
  const FIGURES = [
    ["crackPercent", "Crack"],
    ["components", "Regions"],
    ["cleanFlaggedPercent", "Clean pavement flagged"],
    ["lengthPx", "Length"],
    ["meanWidthPx", "Mean width"],
    ["maxWidthPx", "Max width"],
  ];

  const HINT = "Click a crack to measure it; drag, pinch or turn the wheel to look closer.";

  /** @param {{drop: () => void, restore: () => void}} actions for the selected component */
  function create({ drop, restore }) {
    const { element, wording } = crackdemo;
    const cursor = element("p", { class: "readout" });
    const selected = element("div", { class: "selection" });
    const cells = FIGURES.map(([name, title]) => ({ name, title, cell: element("dd") }));
    const figures = element(
      "dl",
      { class: "figures", "aria-label": "Figures of the mask" },
      ...cells.map(({ name, title, cell }) =>
        element("div", { "data-figure": name }, element("dt", {}, title), cell),
      ),
    );
    const result = element("p", { class: "result", role: "status" });

    /** @type {Selected | null | undefined} */
    let shown;

    /**
     * @param {State} state
     * @param {Verdict | undefined} verdict
     * @param {number} mmPerPx
     */
    function show(state, verdict, mmPerPx) {
      for (const { name, cell } of cells) write(cell, figure(name, state[name], mmPerPx));
      showSelection(state.selected, mmPerPx);
      if (state.lengthPx === null) return;
      write(result, wording.result(state, verdict, mmPerPx));
    }

    /**
     * Leaves equal text alone: a screen reader would say it again.
     *
     * @param {HTMLElement} place
     * @param {string} text
     */
    function write(place, text) {
      if (place.textContent !== text) place.textContent = text;
    }

    function clear() {
      for (const { cell } of cells) cell.textContent = "–";
      showSelection(null, 0);
      cursor.textContent = "";
      result.textContent = "";
    }

    /**
     * @param {FigureName} name
     * @param {number | null} value
     * @param {number} mmPerPx
     */
    function figure(name, value, mmPerPx) {
      if (name === "components") return value === null ? "–" : String(value);
      return name.endsWith("Percent") ? wording.percent(value) : wording.length(value, mmPerPx);
    }

    /** @param {Selected | null} selection @param {number} mmPerPx */
    function showSelection(selection, mmPerPx) {
      if (selection === shown) return;
      shown = selection;
      if (!selection) {
        selected.replaceChildren(element("span", { class: "hint" }, HINT));
        return;
      }
      const hadFocus = selected.contains(document.activeElement);
      const { name, facts } = wording.selection(selection, mmPerPx);
      const label = selection.isDropped ? "Restore" : "Drop as false alarm";
      const onclick = selection.isDropped ? restore : drop;
      const button = element("button", { type: "button", title: "Delete", onclick }, label);
      const spans = facts.map(([title, value]) =>
        element("span", {}, element("small", {}, title), ` ${value}`),
      );
      selected.replaceChildren(element("strong", {}, name), ...spans, button);
      if (hadFocus) button.focus();
    }

    /** @param {string} text about the pixel under the cursor */
    const showPixel = (text) => (cursor.textContent = text);

    clear();
    return { cursor, selected, figures, result, show, showPixel, clear };
  }

  crackdemo.facts = { create };
})(globalThis);
