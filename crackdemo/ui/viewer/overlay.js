/** Outlines and corners of what is drawn by hand, over a pane. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const SVG = "http://www.w3.org/2000/svg";

  /** @returns {SVGSVGElement} */
  function create() {
    const root = document.createElementNS(SVG, "svg");
    root.setAttribute("class", "sketch");
    root.setAttribute("aria-hidden", "true");
    return root;
  }

  /**
   * @param {SVGSVGElement} root
   * @param {Shapes} shapes
   * @param {Viewport} viewport
   */
  function draw(root, { tool, polygons, draft }, { scale, left, top }) {
    /** @param {Point} point @returns {Point} */
    const place = ({ x, y }) => ({ x: (x - left) * scale, y: (y - top) * scale });
    /** @param {string} name @param {Point[]} corners @param {string} kind */
    const shape = (name, corners, kind) => {
      const points = corners.map((corner) => {
        const { x, y } = place(corner);
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      });
      return node(name, { points: points.join(" "), class: kind });
    };
    /** @param {Point} corner */
    const dot = (corner) => {
      const { x, y } = place(corner);
      return node("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 5 });
    };
    const isOpen = tool === "polygon" || tool === "line";
    const outlines = polygons.map((polygon) => shape("polygon", polygon, "region"));
    const corners = tool && tool !== "line" ? polygons.flat().map(dot) : [];
    const drawn = draft.length > 0 ? [shape(isOpen ? "polyline" : "polygon", draft, "draft")] : [];
    const ends = isOpen && draft.length > 0 ? [draft[0], draft[draft.length - 1]].map(dot) : [];
    root.replaceChildren(...outlines, ...drawn, ...corners, ...ends);
  }

  /** @param {string} name @param {{ [name: string]: string | number }} attributes */
  function node(name, attributes) {
    const built = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) built.setAttribute(key, String(value));
    return built;
  }

  crackdemo.overlay = { create, draw };
})(globalThis);
