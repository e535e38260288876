/** The views as panes of canvases that one viewport looks through. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const VIEWS = {
    photo: "Photo with mask",
    reconstruction: "Reconstruction",
    heatmap: "Heatmap",
    mask: "Mask",
    residual: "Raw residual × 4",
  };

  const READ = { willReadFrequently: true };

  /**
   * What the panes draw.
   *
   * @typedef {object} Scene
   * @property {Photo} photo
   * @property {Layer} layer
   * @property {number} opacity
   * @property {Uint32Array} ramp colours of the heatmap
   * @property {(component: number) => boolean} isSelected
   */

  function createPane(name) {
    const { element } = crackdemo;
    const picture = element("canvas", { class: "picture" });
    const marks = name === "photo" && element("canvas", { class: "marks" });
    const cursor = element("span", { class: "cursor", hidden: true });
    const box = element("span", { class: "box", hidden: true });
    const title = element("figcaption", {}, VIEWS[name]);
    const canvases = marks ? [picture, marks] : [picture];
    const root = element(
      "figure",
      {
        class: "pane",
        "data-view": name,
        tabindex: 0,
        role: "application",
        "aria-roledescription": "zoomable view",
        "aria-label": VIEWS[name],
        "aria-describedby": "crackdemo-keys",
      },
      ...canvases,
      box,
      cursor,
      title,
    );
    return { name, root, picture, marks, cursor, box };
  }

  function create() {
    const panes = Object.keys(VIEWS).map(createPane);
    const root = crackdemo.element("div", { class: "panes" }, ...panes.map((pane) => pane.root));
    let visible = [];
    let size = { width: 0, height: 0 };
    let plot = crackdemo.painting.blankPlot(0, 0);
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
      return size;
    }

    /** Draws pictures and heatmap, which change only with photo, viewport and colours. */
    function drawPictures(scene, viewport) {
      const view = deviceView(viewport, size);
      for (const pane of visible) {
        if (pane.name === "mask") continue;
        if (pane.name === "heatmap") drawHeat(pane.picture, scene, view);
        else drawPicture(pane, scene.photo, view);
      }
    }

    /** Draws what changes with every move of a slider. */
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

    function drawOverlay(canvas, opacity) {
      paint(canvas, plot, (words) => crackdemo.painting.paintMarks(words, plot, opacity));
    }

    function drawMask(canvas, photo, viewport) {
      paint(canvas, plot, (words) => crackdemo.painting.paintMask(words, plot, photo, viewport));
    }

    function drawHeat(canvas, { photo, ramp }, view) {
      const { levels } = photo;
      const level = levels.findLast(({ step }) => step * view.viewport.scale <= 1) ?? levels[0];
      paint(canvas, view, (words) =>
        crackdemo.painting.paintHeat(words, view, level, photo, view.viewport, ramp),
      );
    }

    /** Lets `fill` set a canvas's pixels; their memory is kept from frame to frame. */
    function paint(canvas, { width, height }, fill) {
      if (canvas.width !== width || canvas.height !== height || !pixels.has(canvas)) {
        Object.assign(canvas, { width, height });
        const image = new ImageData(width, height);
        pixels.set(canvas, { image, words: new Uint32Array(image.data.buffer) });
      }
      const { image, words } = pixels.get(canvas);
      fill(words);
      canvas.getContext("2d", READ).putImageData(image, 0, 0);
    }

    function clear() {
      for (const { picture, marks } of panes) {
        for (const canvas of [picture, marks]) if (canvas) canvas.width = canvas.width;
      }
    }

    return { root, panes, measure, drawPictures, drawMarks, clear };
  }

  /** The viewport in device pixels, and the pane's size in them. */
  function deviceView(viewport, { width, height }) {
    const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
    return {
      width: Math.round(width * ratio),
      height: Math.round(height * ratio),
      viewport: { ...viewport, scale: viewport.scale * ratio },
    };
  }

  /** The photo is darkened outside the region of interest; the residual is brightened. */
  function drawPicture({ name, picture: canvas }, { pictures, ...photo }, view) {
    const { width, height, viewport } = view;
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const shown = { width: photo.width * viewport.scale, height: photo.height * viewport.scale };
    const draw = (picture) => {
      const image = picture.findLast((one) => one.width >= shown.width) ?? picture[0];
      const [x, y] = [-viewport.left * viewport.scale, -viewport.top * viewport.scale];
      if (image) context.drawImage(image, x, y, shown.width, shown.height);
    };
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = viewport.scale < 2;
    draw(pictures[name] ?? pictures.reconstruction);
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

  crackdemo.panes = { create, VIEWS };
})(globalThis);
