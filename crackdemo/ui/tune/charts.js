/** Curves as SVG, with a line to drag and numbers under the pointer. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
  const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [440, 260, 40, 12, 10, 34];
  const SPACE = "http://www.w3.org/2000/svg";

  /**
   * @param {string} tag
   * @param {{ [name: string]: string | number }} attributes
   * @param {string} [text]
   */
  function svg(tag, attributes, text) {
    const built = document.createElementNS(SPACE, tag);
    for (const [name, value] of Object.entries(attributes)) built.setAttribute(name, `${value}`);
    if (text !== undefined) built.textContent = text;
    return built;
  }

  const xOf = (/** @type {number} */ x) => LEFT + x * (WIDTH - LEFT - RIGHT);
  const yOf = (/** @type {number} */ y) => HEIGHT - BOTTOM - y * (HEIGHT - TOP - BOTTOM);

  /** @param {string} xLabel @param {string} yLabel */
  function axes(xLabel, yLabel) {
    const parts = [];
    for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
      parts.push(
        svg("line", { class: "grid", x1: xOf(tick), x2: xOf(tick), y1: yOf(0), y2: yOf(1) }),
        svg("line", { class: "grid", x1: xOf(0), x2: xOf(1), y1: yOf(tick), y2: yOf(tick) }),
        svg("text", { x: xOf(tick), y: HEIGHT - 20, "text-anchor": "middle" }, `${tick}`),
        svg("text", { x: LEFT - 5, y: yOf(tick) + 4, "text-anchor": "end" }, `${tick}`),
      );
    }
    const turned = `rotate(-90 11 ${yOf(0.5)})`;
    const middle = { "text-anchor": "middle" };
    parts.push(svg("text", { ...middle, x: xOf(0.5), y: HEIGHT - 5 }, xLabel));
    parts.push(svg("text", { ...middle, x: 11, y: yOf(0.5), transform: turned }, yLabel));
    return parts;
  }

  /** @type {ChartsPart["lines"]} */
  function lines({ title, xLabel, yLabel, lines: curves, marks = [], moved, released, tell }) {
    const { element } = crackdemo;
    const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    drawing.setAttribute("aria-label", title);
    drawing.append(...axes(xLabel, yLabel));
    for (const { points, colour, dashed, name } of curves) {
      const path = points.map(([x, y]) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(" ");
      const line = svg("polyline", { points: path, stroke: colour, class: "curve" });
      if (dashed) line.setAttribute("stroke-dasharray", "5 3");
      line.append(svg("title", {}, name));
      drawing.append(line);
    }
    const present = svg("g", { class: "present" });
    // labels come last, so that no line crosses them
    const labels = svg("g", {});
    for (const [i, { x, label, colour }] of marks.entries()) {
      const isLeft = x > 0.6;
      drawing.append(
        svg("line", {
          class: "mark",
          x1: xOf(x),
          x2: xOf(x),
          y1: yOf(0),
          y2: yOf(1),
          stroke: colour,
        }),
      );
      labels.append(
        svg(
          "text",
          {
            class: "mark-label",
            x: xOf(x) + (isLeft ? -4 : 4),
            y: TOP + 9 + 13 * i,
            "text-anchor": isLeft ? "end" : "start",
          },
          label,
        ),
      );
    }
    drawing.append(present, labels);
    const said = element("output", { class: "told" });
    const legend = element(
      "p",
      { class: "legend" },
      ...curves.map(({ name, colour, dashed }) =>
        element(
          "span",
          {},
          element("i", { style: `border-top: 3px ${dashed ? "dashed" : "solid"} ${colour}` }),
          name,
        ),
      ),
    );
    const root = element("figure", { class: "tune-chart" }, element("figcaption", {}, title));
    root.append(drawing, legend, said);

    /** @param {PointerEvent} event */
    function place(event) {
      const box = drawing.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * WIDTH;
      return Math.min(1, Math.max(0, (x - LEFT) / (WIDTH - LEFT - RIGHT)));
    }
    drawing.addEventListener("pointermove", (event) => {
      const x = place(event);
      if (tell) said.textContent = tell(x);
      if (moved && event.buttons === 1) moved(x);
    });
    drawing.addEventListener("pointerleave", () => {
      said.textContent = "";
    });
    if (moved) {
      drawing.classList.add("draggable");
      drawing.addEventListener("pointerdown", (event) => {
        drawing.setPointerCapture(event.pointerId);
        moved(place(event));
      });
      drawing.addEventListener("pointerup", () => released?.());
      drawing.addEventListener("pointercancel", () => released?.());
    }

    /** @param {[number, number][]} places */
    function at(places) {
      const parts = places.map(([x, y], i) =>
        svg("circle", { cx: xOf(x), cy: yOf(y), r: 4, fill: COLOURS[i % COLOURS.length] }),
      );
      if (moved && places.length > 0) {
        const [[x]] = places;
        parts.push(svg("line", { class: "now", x1: xOf(x), x2: xOf(x), y1: yOf(0), y2: yOf(1) }));
      }
      present.replaceChildren(...parts);
    }
    return { root, at };
  }

  /** Clean against cracked photos by score. @type {ChartsPart["bars"]} */
  function bars(title, { scores, scoreThreshold }) {
    const bins = 40;
    const counts = [new Array(bins).fill(0), new Array(bins).fill(0)];
    for (const { score, cracked } of scores) {
      counts[cracked ? 1 : 0][Math.min(bins - 1, Math.floor(score * bins))]++;
    }
    const highest = Math.max(1, ...counts.flat());
    const outline = (/** @type {number[]} */ bin) =>
      bin.flatMap((n, i) => [
        /** @type {[number, number]} */ ([i / bins, n / highest]),
        /** @type {[number, number]} */ ([(i + 1) / bins, n / highest]),
      ]);
    return lines({
      title,
      xLabel: "score",
      yLabel: `photos, up to ${highest}`,
      lines: ["clean", "cracked"].map((name, i) => ({
        name,
        colour: COLOURS[i],
        points: outline(counts[i]),
      })),
      marks: [{ x: scoreThreshold, label: "cracked from here on", colour: "#666666" }],
    }).root;
  }

  crackdemo.charts = { COLOURS, lines, bars };
})(globalThis);
