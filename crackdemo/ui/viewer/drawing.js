/** The bar with which a region of interest, or a line of known length, is drawn on the photo. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @param {DrawingActions} actions @returns {Drawing} */
  function create({ choose, close, clear, widen, scale, done }) {
    const { element } = crackdemo;
    /** @type {[Tool, string][]} */
    const shapes = [
      ["box", "Box"],
      ["polygon", "Polygon"],
    ];
    const tools = shapes.map(([tool, text]) =>
      element("button", { type: "button", "data-tool": tool, onclick: () => choose(tool) }, text),
    );
    const extent = element(
      "select",
      { "aria-label": "Where the region counts", onchange: () => widen(extent.value === "all") },
      element("option", { value: "all" }, "on all photos"),
      element("option", { value: "this" }, "on this photo"),
    );
    /** @param {string} text @param {() => void} onclick */
    const button = (text, onclick) => element("button", { type: "button", onclick }, text);
    const closing = button("Close polygon", close);
    const whole = button("Count whole photo", clear);
    const region = element("div", { class: "row" }, ...tools, extent, closing, whole);

    const length = element("input", {
      type: "number",
      min: 0,
      step: "any",
      "aria-label": "Length of the line in mm",
      placeholder: "mm",
    });
    const hint = element("span", {}, "Drag along something whose length you know.");
    const setting = element("button", { type: "submit" }, "Set scale");
    const form = element("form", { class: "row", novalidate: true }, hint, length, setting);
    const fault = element("p", { class: "fault", role: "alert" });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const mm = Number(length.value);
      const isLength = length.value !== "" && mm > 0 && Number.isFinite(mm);
      fault.textContent = isLength ? "" : "The line's length must be a number above 0, in mm.";
      if (isLength) scale(mm / pixels);
    });
    const root = element(
      "div",
      { class: "drawing", role: "group", "aria-label": "Drawing", hidden: true },
      region,
      form,
      fault,
      button("Done", done),
    );
    /** Of the line that was drawn. */
    let pixels = 0;

    /** @type {Drawing["show"]} */
    function show(tool, { isDrafted, hasRegion, isForAll }) {
      const isNew = root.hidden && tool !== null;
      root.hidden = tool === null;
      region.hidden = tool === "line";
      form.hidden = tool !== "line";
      for (const one of tools) one.setAttribute("aria-pressed", String(one.dataset.tool === tool));
      extent.value = isForAll ? "all" : "this";
      closing.hidden = !isDrafted;
      whole.disabled = !hasRegion;
      if (isNew) root.scrollIntoView({ block: "nearest" });
    }

    /** @type {Drawing["measure"]} */
    function measure(px) {
      pixels = px;
      const isLine = px >= 1;
      hint.textContent = isLine
        ? `${px.toFixed(0)} px are`
        : "Drag along something whose length you know.";
      length.hidden = setting.hidden = !isLine;
      length.value = fault.textContent = "";
      if (isLine) length.focus({ preventScroll: true });
    }

    measure(0);
    return { root, show, measure };
  }

  crackdemo.drawing = { create };
})(globalThis);
