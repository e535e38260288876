/** The line and figures below the views: hint or cursor, numbers, result. */
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

  /** @returns {Facts} */
  function create() {
    const { element, wording } = crackdemo;
    const cursor = element("p", { class: "readout" });
    const cells = FIGURES.map(([name, title]) => ({
      name,
      title: element("dt", {}, title),
      cell: element("dd"),
    }));
    const figures = element(
      "dl",
      { class: "figures", "aria-label": "Figures of the mask" },
      ...cells.map(({ name, title, cell }) => element("div", { "data-figure": name }, title, cell)),
    );
    const result = element("p", { class: "result", role: "status" });

    /**
     * @param {State} state
     * @param {Verdict | undefined} verdict
     * @param {number} mmPerPx
     */
    function show(state, verdict, mmPerPx) {
      for (const { name, title, cell } of cells) {
        if (name === "crackPercent") write(title, crackdemo.verdict.word("crack"));
        write(cell, figure(name, state[name], mmPerPx));
      }
      if (state.lengthPx === null) return;
      const said = wording.result(state, verdict, mmPerPx);
      if (!said) return;
      const word = said.state ? `${crackdemo.verdict.word(said.state)}: ` : "";
      write(result, word + said.text);
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
      showPixel("");
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

    /** @param {string} text about the pixel under the cursor */
    const showPixel = (text) => write(cursor, text || HINT);

    clear();
    return { cursor, figures, result, show, showPixel, clear };
  }

  crackdemo.facts = { create };
})(globalThis);
