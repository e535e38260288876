/** The views as panes of canvases that one viewport looks through. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @type {[name: ViewName, title: string][]} */
  const VIEWS = [
    ["photo", "Photo with mask"],
    ["bare", "Photo alone"],
    ["reconstruction", "Reconstruction"],
    ["heatmap", "Heatmap"],
    ["mask", "Mask"],
    ["residual", "Raw residual × 4"],
  ];

  /** Views that stand side by side. @type {ViewName[]} */
  const FOUR = ["photo", "reconstruction", "heatmap", "mask"];

  /** Views that need a reconstruction. @type {ViewName[]} */
  const REBUILT = ["reconstruction", "residual"];

  /** @type {CanvasRenderingContext2DSettings} */
  const READ = { willReadFrequently: true };

  /** @param {ViewName} name @param {string} title @returns {Pane} */
  function createPane(name, title) {
    const { element } = crackdemo;
    const picture = element("canvas", { class: "picture" });
    const marks = name === "photo" ? element("canvas", { class: "marks" }) : null;
    const cursor = element("span", { class: "cursor", hidden: true });
    const box = element("span", { class: "box", hidden: true });
    const caption = element("figcaption", {}, title);
    const sketch = crackdemo.overlay.create();
    const canvases = marks ? [picture, marks] : [picture];
    const root = element(
      "figure",
      {
        class: "pane",
        "data-view": name,
        tabindex: 0,
        role: "application",
        "aria-roledescription": "zoomable view",
        "aria-label": title,
        "aria-describedby": "crackdemo-keys",
      },
      ...canvases,
      sketch,
      box,
      cursor,
      caption,
    );
    return { name, root, picture, marks, sketch, cursor, box };
  }

  /** @returns {Panes} */
  function create() {
    const panes = VIEWS.map(([name, title]) => createPane(name, title));
    const root = crackdemo.element("div", { class: "panes" }, ...panes.map((pane) => pane.root));
    /** @type {Pane[]} */
    let visible = [];
    let size = { width: 0, height: 0 };
    /** Places of the panes that are seen, and the size of all of them together. */
    let places = new Map();
    let whole = { width: 0, height: 0 };
    let plot = crackdemo.painting.blankPlot(0, 0);
    /** @type {Map<HTMLCanvasElement, { image: ImageData, words: Uint32Array }>} */
    const pixels = new Map();

    /**
     * Asks the browser for the panes' size, which is costly between two drawings.
     *
     * @returns {Size | null} null while all are hidden
     */
    function measure() {
      visible = panes.filter((pane) => pane.root.clientWidth > 0);
      if (visible.length === 0) return null;
      const { clientWidth: width, clientHeight: height } = visible[0].root;
      size = { width, height };
      places = new Map(visible.map(({ root: pane }) => [pane, [pane.offsetLeft, pane.offsetTop]]));
      whole = { width: root.clientWidth, height: root.clientHeight };
      return size;
    }

    /** @type {Panes["placeOf"]} */
    function placeOf(pane) {
      const [x, y] = places.get(pane) ?? places.values().next().value ?? [0, 0];
      return { x, y, ...whole };
    }

    /**
     * Draws pictures and heatmap, which change only with photo, viewport and colours.
     *
     * @type {Panes["drawPictures"]}
     */
    function drawPictures(scene, viewport) {
      const view = deviceView(viewport, size);
      for (const pane of visible) {
        if (pane.name === "mask") continue;
        if (pane.name === "heatmap") drawHeat(pane.picture, scene, view);
        else drawPicture(pane, scene.photo, view);
      }
    }

    /** Draws what changes with every move of a slider. @type {Panes["drawMarks"]} */
    function drawMarks(scene, viewport) {
      const view = deviceView(viewport, size);
      const shown = visible.filter((pane) => pane.name === "photo" || pane.name === "mask");
      if (shown.length === 0) return;
      if (plot.width !== view.width || plot.height !== view.height) {
        plot = crackdemo.painting.blankPlot(view.width, view.height);
      }
      crackdemo.painting.plotLayer(plot, scene.layer, view.viewport, scene.isSelected);
      for (const pane of shown) {
        if (pane.marks) drawOverlay(pane.marks, scene.opacity);
        else drawMask(pane.picture, scene.photo, view.viewport);
      }
    }

    /** @param {HTMLCanvasElement} canvas @param {number} opacity */
    function drawOverlay(canvas, opacity) {
      paint(canvas, plot, (words) => crackdemo.painting.paintMarks(words, plot, opacity));
    }

    /**
     * @param {HTMLCanvasElement} canvas
     * @param {Photo} photo
     * @param {Viewport} viewport
     */
    function drawMask(canvas, photo, viewport) {
      paint(canvas, plot, (words) => crackdemo.painting.paintMask(words, plot, photo, viewport));
    }

    /**
     * @param {HTMLCanvasElement} canvas
     * @param {Pick<Scene, "photo" | "ramp">} scene
     * @param {View} view
     */
    function drawHeat(canvas, { photo, ramp }, view) {
      const { levels } = photo;
      const level = levels.findLast(({ step }) => step * view.viewport.scale <= 1) ?? levels[0];
      paint(canvas, view, (words) =>
        crackdemo.painting.paintHeat(words, view, level, photo, view.viewport, ramp),
      );
    }

    /**
     * Lets `fill` set a canvas's pixels; their memory is kept from frame to frame.
     *
     * @param {HTMLCanvasElement} canvas
     * @param {Size} size
     * @param {(words: Uint32Array) => void} fill
     */
    function paint(canvas, { width, height }, fill) {
      let memory = pixels.get(canvas);
      if (canvas.width !== width || canvas.height !== height || !memory) {
        Object.assign(canvas, { width, height });
        const image = new ImageData(width, height);
        memory = { image, words: new Uint32Array(image.data.buffer) };
        pixels.set(canvas, memory);
      }
      fill(memory.words);
      canvas.getContext("2d", READ)?.putImageData(memory.image, 0, 0);
    }

    function clear() {
      for (const { picture, marks } of panes) {
        // biome-ignore lint/correctness/noSelfAssign: setting its width empties a canvas
        for (const canvas of [picture, marks]) if (canvas) canvas.width = canvas.width;
      }
    }

    return { root, panes, measure, placeOf, drawPictures, drawMarks, clear };
  }

  /**
   * The viewport in device pixels, and the pane's size in them.
   *
   * @param {Viewport} viewport
   * @param {Size} size
   * @returns {View}
   */
  function deviceView(viewport, { width, height }) {
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
    return {
      width: Math.round(width * ratio),
      height: Math.round(height * ratio),
      viewport: { ...viewport, scale: viewport.scale * ratio },
    };
  }

  /**
   * The photo is darkened outside the region of interest; the residual is brightened.
   *
   * @param {Pane} pane
   * @param {Photo} photo
   * @param {View} view
   */
  function drawPicture({ name, picture: canvas }, { pictures, ...photo }, view) {
    const { width, height, viewport } = view;
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    if (!context) return;
    const shown = { width: photo.width * viewport.scale, height: photo.height * viewport.scale };
    /** @param {Picture} picture */
    const draw = (picture) => {
      const image = picture.findLast((one) => one.width >= shown.width) ?? picture[0];
      const [x, y] = [-viewport.left * viewport.scale, -viewport.top * viewport.scale];
      if (image) context.drawImage(image, x, y, shown.width, shown.height);
    };
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = viewport.scale < 2;
    const isPhoto = name === "photo" || name === "bare";
    draw(isPhoto ? pictures.photo : pictures.reconstruction);
    context.save();
    if (name === "photo") {
      Object.assign(context, { globalCompositeOperation: "multiply", globalAlpha: 0.6 });
      draw(pictures.region);
    } else if (name === "residual") {
      context.globalCompositeOperation = "difference";
      draw(pictures.photo);
      context.globalCompositeOperation = "lighter";
      for (const _ of ["twice", "four times"]) context.drawImage(canvas, 0, 0);
    }
    context.restore();
  }

  crackdemo.panes = { create, VIEWS, FOUR, REBUILT };
})(globalThis);
