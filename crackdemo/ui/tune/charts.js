/** Curves as SVG, with a line to drag and numbers under the pointer. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];
  const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [440, 282, 40, 12, 32, 34];
  /** Of a row of labels above the curves: two have room. */
  const ROW = 13;
  /** What the longest label takes of the width. */
  const LABEL = 0.27;
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

  /** @param {string} xLabel @param {string} yLabel @param {number} highest what the upper end of y is */
  function axes(xLabel, yLabel, highest) {
    const parts = [];
    for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
      parts.push(
        svg("line", { class: "grid", x1: xOf(tick), x2: xOf(tick), y1: yOf(0), y2: yOf(1) }),
        svg("line", { class: "grid", x1: xOf(0), x2: xOf(1), y1: yOf(tick), y2: yOf(tick) }),
        svg("text", { x: xOf(tick), y: HEIGHT - 20, "text-anchor": "middle" }, `${tick}`),
        svg("text", { x: LEFT - 5, y: yOf(tick) + 4, "text-anchor": "end" }, `${tick * highest}`),
      );
    }
    const turned = `rotate(-90 11 ${yOf(0.5)})`;
    const middle = { "text-anchor": "middle" };
    parts.push(svg("text", { ...middle, x: xOf(0.5), y: HEIGHT - 5 }, xLabel));
    parts.push(svg("text", { ...middle, x: 11, y: yOf(0.5), transform: turned }, yLabel));
    return parts;
  }

  /**
   * Rows, from above, and sides of marks' labels. Those are above the curves, where the threshold's
   * line does not come, and each at its own line's end: of labels that lie to the right of their
   * lines the leftmost is on top, else the rightmost, so that no line crosses another one's label.
   *
   * @type {ChartsPart["rows"]}
   */
  function rows(places) {
    const [least, most] = [Math.min(...places), Math.max(...places)];
    const fitsRight = most <= 1 - LABEL;
    const isLeft = (/** @type {number} */ x) => !fitsRight && (least >= LABEL || x > 0.5);
    const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
    if (!fitsRight) order.reverse();
    return places.map((x, i) => ({ row: order.indexOf(i), isLeft: isLeft(x) }));
  }

  /** @type {ChartsPart["lines"]} */
  function lines(options) {
    const { title, xLabel, yLabel, highest = 1, lines: curves, marks = [] } = options;
    const { moved, released, tell } = options;
    const { element } = crackdemo;
    const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
    drawing.setAttribute("aria-label", title);
    drawing.append(...axes(xLabel, yLabel, highest));
    for (const { points, colour, dashed, name } of curves) {
      const path = points.map(([x, y]) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(" ");
      const line = svg("polyline", { points: path, stroke: colour, class: "curve" });
      if (dashed) line.setAttribute("stroke-dasharray", "5 3");
      line.append(svg("title", {}, name));
      drawing.append(line);
    }
    const present = svg("g", { class: "present" });
    const places = rows(marks.map(({ x }) => x));
    for (const [i, { x, label, colour }] of marks.entries()) {
      const { row, isLeft } = places[i];
      const top = TOP - ROW * (marks.length - row);
      drawing.append(
        svg("line", {
          class: "mark",
          x1: xOf(x),
          x2: xOf(x),
          y1: yOf(0),
          y2: top,
          stroke: colour,
        }),
        svg(
          "text",
          {
            class: "mark-label",
            x: xOf(x) + (isLeft ? -4 : 4),
            y: top + 9,
            "text-anchor": isLeft ? "end" : "start",
          },
          label,
        ),
      );
    }
    drawing.append(present);
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
    const highest = 4 * Math.ceil(Math.max(1, ...counts.flat()) / 4); // whole photos at each tick
    const outline = (/** @type {number[]} */ bin) =>
      bin.flatMap((n, i) => [
        /** @type {[number, number]} */ ([i / bins, n / highest]),
        /** @type {[number, number]} */ ([(i + 1) / bins, n / highest]),
      ]);
    return lines({
      title,
      xLabel: "score",
      yLabel: "photos",
      highest,
      lines: ["clean", "cracked"].map((name, i) => ({
        name,
        colour: COLOURS[i],
        points: outline(counts[i]),
      })),
      marks: [{ x: scoreThreshold, label: "cracked from here on", colour: "#666666" }],
    }).root;
  }

  crackdemo.charts = { COLOURS, lines, bars, rows };
})(globalThis);
