/** The photo's heat as a histogram, with a threshold line to drag. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const BINS = 256;
  const MARKED_SHARES = [0.5, 0.9, 0.99, 0.999];
  /** Heats closer than this would write their labels over each other. */
  const LABEL_HEAT = 5500;
  const STEP = 0.005;
  const STRIDE = 0.05;

  /**
   * @param {Pick<Surface, "heatmap" | "region">} surface
   * @returns {Uint32Array} pixels per high byte of the heatmap, inside the region of interest
   */
  function count({ heatmap, region }) {
    const counts = new Uint32Array(BINS);
    const { width, height, data } = heatmap;
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (!region || crackdemo.bitmap.get(region, x, y)) counts[data[i] >> 8]++;
      }
    }
    return counts;
  }

  /**
   * The outline of log counts in a box of 256 x 100, as an SVG path.
   *
   * @param {Uint32Array} counts
   */
  function outline(counts) {
    const highest = Math.log1p(Math.max(1, ...counts));
    /** @param {number} n */
    const level = (n) => (100 - (96 * Math.log1p(n)) / highest).toFixed(1);
    const steps = Array.from(counts, (n, i) => `L${i} ${level(n)}L${i + 1} ${level(n)}`);
    return `M0 100${steps.join("")}L${BINS} 100Z`;
  }

  /**
   * Shares of clean pavement and their heats; of two labels too close the higher one stays.
   *
   * @type {HistogramPart["marks"]}
   */
  function marks(quantiles) {
    const known = MARKED_SHARES.flatMap((share) => {
      const heat = crackdemo.quantiles.heatAt(quantiles, share);
      return heat === null ? [] : [{ share, heat }];
    });
    return known.filter(({ heat }, i) => !(known[i + 1]?.heat - heat < LABEL_HEAT));
  }

  /**
   * @param {(threshold: number) => void} moved called while a hand moves the line
   * @returns {Histogram}
   */
  function create(moved) {
    const { element } = crackdemo;
    /** @param {string} name @param {...(Node | string)} children */
    const decoration = (name, ...children) =>
      element("div", { class: name, "aria-hidden": "true" }, ...children);
    const curve = decoration("curve");
    const quantiles = decoration("quantiles");
    const label = element("span");
    const line = createLine(label);
    const plot = element("div", { class: "plot" }, curve, quantiles, line);
    const strip = decoration("strip");
    const ticks = ["0", "0.5 · as calibrated", "1"].map((text) => element("span", {}, text));
    const legend = "log count · dashed: share of clean pavement below";
    const head = element(
      "header",
      {},
      element("h3", {}, "Heat of this photo"),
      element("small", {}, legend),
    );
    const root = element(
      "section",
      { class: "histogram" },
      head,
      plot,
      strip,
      decoration("axis", ...ticks),
    );
    /** @param {number} value */
    const move = (value) => moved(Math.round(1000 * Math.min(1, Math.max(0, value))) / 1000);
    listenToPointer(plot, line, move);
    listenToKeys(line, move);

    /** @param {Surface} surface @param {Quantiles} known */
    function showPhoto(surface, known) {
      const path = outline(count(surface));
      const shapes = ["below", "above"].map((name) => `<path class="${name}" d="${path}"/>`);
      curve.innerHTML = shapes
        .map((shape) => `<svg viewBox="0 0 256 100" preserveAspectRatio="none">${shape}</svg>`)
        .join("");
      quantiles.replaceChildren(
        ...marks(known).map(({ share, heat }) =>
          element("i", { style: `left: ${heat / 655.36}%` }, `${+(100 * share).toFixed(1)} %`),
        ),
      );
    }

    /** @type {Histogram["showThreshold"]} */
    function showThreshold(value, meaning) {
      plot.style.setProperty("--threshold", `${100 * value}%`);
      label.textContent = value.toFixed(3);
      line.setAttribute("aria-valuenow", String(value));
      line.setAttribute("aria-valuetext", `${value.toFixed(3)}${meaning}`);
    }

    /** @param {Colour[]} ramp */
    function showColours(ramp) {
      const stops = ramp.filter((_, i) => i % 15 === 0).map(crackdemo.colours.css);
      strip.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    }

    return { root, showPhoto, showThreshold, showColours };
  }

  /** @param {HTMLElement} label */
  function createLine(label) {
    const attributes = {
      class: "threshold",
      role: "slider",
      tabindex: 0,
      "aria-label": "Threshold",
      "aria-valuemin": 0,
      "aria-valuemax": 1,
    };
    return crackdemo.element("div", attributes, label);
  }

  /**
   * @param {HTMLElement} plot
   * @param {HTMLElement} line
   * @param {(value: number) => void} move
   */
  function listenToPointer(plot, line, move) {
    /** @param {MouseEvent} event */
    const follow = ({ clientX }) => {
      const { left, width } = plot.getBoundingClientRect();
      move((clientX - left) / width);
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      plot.setPointerCapture(event.pointerId);
      line.focus({ preventScroll: true });
      follow(event);
    });
    plot.addEventListener("pointermove", (event) => {
      if (plot.hasPointerCapture(event.pointerId)) follow(event);
    });
  }

  /** @param {HTMLElement} line @param {(value: number) => void} move */
  function listenToKeys(line, move) {
    line.addEventListener("keydown", (event) => {
      const now = Number(line.getAttribute("aria-valuenow"));
      const step = event.shiftKey ? STRIDE : STEP;
      const target = {
        ArrowLeft: now - step,
        ArrowDown: now - step,
        ArrowRight: now + step,
        ArrowUp: now + step,
        PageDown: now - STRIDE,
        PageUp: now + STRIDE,
        Home: 0,
        End: 1,
      }[event.key];
      if (target === undefined) return;
      event.preventDefault();
      move(target);
    });
  }

  crackdemo.histogram = { create, count, marks };
})(globalThis);
