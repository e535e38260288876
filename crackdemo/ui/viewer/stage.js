/** The stage: four locked views, any one alone, or two under a divider; one viewport for all. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Pane pixels around a click within which a thin crack is still hit. */
  const MOUSE_REACH = 5;
  const TOUCH_REACH = 14;

  /** Pane pixels around a corner within which a hand takes it. */
  const MOUSE_GRIP = 10;
  const TOUCH_GRIP = 24;

  /** Pane pixels between a selected crack and its frame. */
  const BOX_GAP = 4;

  /** @param {StageHandlers} handlers @returns {Stage} */
  function create({ clicked, hovered, grabbed, card, keys }) {
    const { viewport: viewports, element } = crackdemo;
    const panes = crackdemo.panes.create();
    const divider = crackdemo.divider.create(panes.root);
    const notice = element("div", { class: "notice", role: "status", hidden: true });
    const root = element("div", { class: "stage" }, panes.root, card.root, notice);
    panes.root.append(divider.root);

    /** @type {Omit<Scene, "photo" | "layer"> & { photo: Photo | null, layer: Layer | null }} */
    const scene = {
      photo: null,
      layer: null,
      ramp: new Uint32Array(256),
      opacity: 0.5,
      isSelected: () => false,
    };
    /** @type {Box | null} */
    let box = null;
    /** @type {Shapes} */
    let shapes = { tool: null, polygons: [], draft: [] };
    /** Where the hand was last: there the selected crack's card stands. */
    let active = panes.panes[0].root;
    /** Without a meaning before a photo is open. */
    let viewport = { scale: 1, left: 0, top: 0 };
    /** Of a pane; the last one known while the stage is hidden. */
    let size = { width: 0, height: 0 };
    let frame = 0;

    /** @type {Stage["open"]} */
    function open(photo, keepsView) {
      const isOther = !(keepsView && scene.photo?.width === photo.width);
      Object.assign(scene, { photo, layer: null });
      root.style.setProperty("--aspect", String(boundedAspect(photo)));
      size = panes.measure() ?? size;
      if (isOther) viewport = viewports.fit(photo, size);
      drawPictures();
    }

    function close() {
      Object.assign(scene, { photo: null, layer: null });
      update({ box: null });
      panes.clear();
    }

    /**
     * Draws anew what the changes touch: heat colours the pictures, all else the marks.
     *
     * @type {Stage["update"]}
     */
    function update({ box: nextBox = box, ...changes }) {
      Object.assign(scene, changes);
      box = nextBox;
      if ("ramp" in changes) drawPictures();
      drawMarks();
      placeBox();
    }

    /** @type {Stage["sketch"]} */
    function sketch(next) {
      shapes = next;
      root.classList.toggle("sketching", shapes.tool !== null);
      drawSketch();
    }

    function drawSketch() {
      for (const { root: pane, sketch: overlay } of panes.panes) {
        if (pane.classList.contains("shown")) crackdemo.overlay.draw(overlay, shapes, viewport);
      }
    }

    function drawPictures() {
      const { photo, ramp } = scene;
      if (photo) panes.drawPictures({ photo, ramp }, viewport);
    }

    function drawMarks() {
      const { photo, layer } = scene;
      if (photo && layer) panes.drawMarks({ ...scene, photo, layer }, viewport);
    }

    function draw() {
      drawPictures();
      drawMarks();
      drawSketch();
      placeBox();
    }

    function drawSoon() {
      if (frame) return;
      frame = requestAnimationFrame(() => {
        frame = 0;
        draw();
      });
    }

    /** Follows the panes to another size, and looks at the whole photo when first seen. */
    function measure() {
      const before = size;
      size = panes.measure() ?? size;
      if (!scene.photo || size.width === 0) return;
      const isFirst = before.width === 0;
      viewport = isFirst
        ? viewports.fit(scene.photo, size)
        : viewports.resize(viewport, scene.photo, before, size);
      draw();
    }

    /** @param {Photo} photo @param {Viewport} next */
    function look(photo, next) {
      const { scale, left, top } = viewport;
      const hasMoved = next.scale !== scale || next.left !== left || next.top !== top;
      viewport = next;
      root.classList.toggle("zoomed", !viewports.isFit(viewport, photo, size));
      if (hasMoved) drawSoon();
      return hasMoved;
    }

    /** The middle of the selected crack if it is seen, else of the pane. */
    function focus() {
      const middle = { x: size.width / 2, y: size.height / 2 };
      if (!box) return middle;
      const x = ((box.left + box.right) / 2 - viewport.left) * viewport.scale;
      const y = ((box.top + box.bottom) / 2 - viewport.top) * viewport.scale;
      return x >= 0 && y >= 0 && x < size.width && y < size.height ? { x, y } : middle;
    }

    function fit() {
      const { photo } = scene;
      if (photo) look(photo, viewports.fit(photo, size));
    }

    /** @param {number} scale */
    function zoomTo(scale, at = focus()) {
      const { photo } = scene;
      return photo !== null && look(photo, viewports.zoomTo(viewport, scale, at, photo, size));
    }

    /** @type {Stage["zoom"]} */
    const zoom = (factor, at) => zoomTo(viewport.scale * factor, at);

    /** @param {number} dx @param {number} dy */
    function pan(dx, dy) {
      const { photo } = scene;
      if (photo) look(photo, viewports.pan(viewport, dx, dy, photo, size));
    }

    /** @param {Point} at */
    function toggle(at) {
      if (!scene.photo || shapes.tool) return;
      if (viewports.isFit(viewport, scene.photo, size)) zoomTo(Math.max(1, 3 * viewport.scale), at);
      else fit();
    }

    /** @param {Point | null} at @param {HTMLElement | null} pane */
    function hover(at, pane) {
      if (at && pane) active = pane;
      for (const { root: other, cursor } of panes.panes) {
        cursor.hidden = !at || !scene.photo || other === pane;
        if (at) cursor.style.translate = `${at.x}px ${at.y}px`;
      }
      hovered(at && scene.photo ? viewports.pixelAt(viewport, at, scene.photo) : null);
    }

    /** @param {Point} at @param {boolean} isTouch */
    function click(at, isTouch) {
      if (!scene.photo) return;
      const reach = (isTouch ? TOUCH_REACH : MOUSE_REACH) / viewport.scale;
      clicked(viewports.pixelAt(viewport, at, scene.photo), reach);
    }

    /** @type {Meaning["grab"]} */
    function grab(at, isTouch) {
      if (!scene.photo) return null;
      /** @param {Point} place */
      const toPhoto = ({ x, y }) => ({
        x: viewport.left + x / viewport.scale,
        y: viewport.top + y / viewport.scale,
      });
      const grip = grabbed(toPhoto(at), (isTouch ? TOUCH_GRIP : MOUSE_GRIP) / viewport.scale);
      return grip && { ...grip, move: (to) => grip.move(toPhoto(to)) };
    }

    /** Frames the selected part of the photo in every pane, and says in one what it is. */
    function placeBox() {
      for (const { box: frameBox } of panes.panes) {
        frameBox.hidden = !box;
        if (!box) continue;
        const { scale, left, top } = viewport;
        frameBox.style.left = `${(box.left - left) * scale - BOX_GAP}px`;
        frameBox.style.top = `${(box.top - top) * scale - BOX_GAP}px`;
        frameBox.style.width = `${(box.right - box.left) * scale + 2 * BOX_GAP}px`;
        frameBox.style.height = `${(box.bottom - box.top) * scale + 2 * BOX_GAP}px`;
      }
      if (box) placeCard(box);
    }

    /** @param {Box} selected */
    function placeCard(selected) {
      const { scale, left, top } = viewport;
      const { x, y, width, height } = panes.placeOf(active);
      /** @param {number} place @param {number} end */
      const within = (place, end) => Math.min(Math.max(place, 0), end);
      const seen = {
        left: x + within((selected.left - left) * scale, size.width),
        right: x + within((selected.right - left) * scale, size.width),
        top: y + within((selected.top - top) * scale, size.height),
        bottom: y + within((selected.bottom - top) * scale, size.height),
      };
      card.place(seen, { width, height });
    }

    /** Moves a part of the photo to the middle unless all of it is seen. @type {Stage["reveal"]} */
    function reveal({ left, top, right, bottom }) {
      const seen = visible();
      const isSeen =
        left >= seen.left &&
        right <= seen.left + seen.width &&
        top >= seen.top &&
        bottom <= seen.top + seen.height;
      if (isSeen) return;
      const dx = (seen.left + seen.width / 2 - (left + right) / 2) * viewport.scale;
      const dy = (seen.top + seen.height / 2 - (top + bottom) / 2) * viewport.scale;
      pan(dx, dy);
    }

    /**
     * Says what is going on, over the views; an action becomes a button. Without text, nothing.
     *
     * @type {Stage["say"]}
     */
    function say(text, action) {
      notice.hidden = !text;
      const buttons = action ? [element("button", { onclick: action.run }, action.label)] : [];
      notice.replaceChildren(text, ...buttons);
    }

    /** @type {Stage["lay"]} */
    function lay(layout, sides, together) {
      root.dataset.layout = layout;
      for (const { name, root: pane } of panes.panes) {
        const side = layout === "compare" ? ["left", "right"][sides.indexOf(name)] : undefined;
        if (side) pane.dataset.side = side;
        else delete pane.dataset.side;
        const isOfFour = layout === "four" && together.includes(name);
        pane.classList.toggle("shown", isOfFour || layout === name || Boolean(side));
      }
      measure();
      drawSketch();
    }

    for (const pane of panes.panes) {
      const views = { 0: fit, 1: () => zoomTo(1) };
      const more = { keys: { ...views, ...keys } };
      const meaning = { zoom, pan, toggle, click, grab, hover, focus, ...more };
      crackdemo.gestures.listen(pane.root, meaning);
    }
    new ResizeObserver(measure).observe(panes.root);

    /** The part of the photo that is seen; all of it before the stage is first seen. */
    function visible() {
      const { width, height } = scene.photo ?? { width: 0, height: 0 };
      if (!scene.photo || size.width === 0) return { left: 0, top: 0, width, height };
      return viewports.visible(viewport, scene.photo, size);
    }

    return { root, open, close, update, sketch, lay, fit, zoom, zoomTo, reveal, say, visible };
  }

  /** Width over height of a pane: the photo's, within what a page can hold. @param {Size} size */
  const boundedAspect = ({ width, height }) => Math.min(2.4, Math.max(0.7, width / height));

  crackdemo.stage = { create };
})(globalThis);
