/**
 * Which part of the photo a pane shows, free of the DOM. Viewports are values: every function
 * returns a new one, kept inside the photo.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Pane pixels that a photo pixel may at most grow to. */
  const CLOSEST = 40;

  /** @param {Size} photo @param {Size} pane */
  const fitScale = (photo, pane) => Math.min(pane.width / photo.width, pane.height / photo.height);

  /**
   * @param {Size} photo
   * @param {Size} pane
   * @returns {Viewport} the whole photo, centred
   */
  function fit(photo, pane) {
    return keep({ scale: fitScale(photo, pane), left: 0, top: 0 }, photo, pane);
  }

  /** @type {ViewportPart["isFit"]} */
  const isFit = (viewport, photo, pane) => viewport.scale <= fitScale(photo, pane) * 1.0001;

  /**
   * @param {Viewport} viewport
   * @param {number} scale
   * @param {Point} at
   * @param {Size} photo
   * @param {Size} pane
   * @returns {Viewport} `scale` applied so that the photo stays under the pane's (x, y)
   */
  function zoomTo(viewport, scale, { x, y }, photo, pane) {
    const least = fitScale(photo, pane);
    const bounded = Math.min(Math.max(scale, least), Math.max(least, CLOSEST));
    const shift = 1 / viewport.scale - 1 / bounded;
    const moved = { left: viewport.left + x * shift, top: viewport.top + y * shift };
    return keep({ scale: bounded, ...moved }, photo, pane);
  }

  /**
   * @param {Viewport} viewport
   * @param {number} dx
   * @param {number} dy
   * @param {Size} photo
   * @param {Size} pane
   * @returns {Viewport} the photo moved by (dx, dy) pane pixels
   */
  function pan(viewport, dx, dy, photo, pane) {
    const { scale, left, top } = viewport;
    return keep({ scale, left: left - dx / scale, top: top - dy / scale }, photo, pane);
  }

  /**
   * @param {Viewport} viewport
   * @param {Size} photo
   * @param {Size} before
   * @param {Size} after
   * @returns {Viewport} the same centre and scale in a pane of another size
   */
  function resize(viewport, photo, before, after) {
    if (isFit(viewport, photo, before)) return fit(photo, after);
    const left = viewport.left + (before.width - after.width) / 2 / viewport.scale;
    const top = viewport.top + (before.height - after.height) / 2 / viewport.scale;
    const moved = { scale: viewport.scale, left, top };
    return zoomTo(moved, viewport.scale, { x: after.width / 2, y: after.height / 2 }, photo, after);
  }

  /**
   * A photo larger than its pane covers it; a smaller one is centred.
   *
   * @param {Viewport} viewport
   * @param {Size} photo
   * @param {Size} pane
   * @returns {Viewport}
   */
  function keep({ scale, left, top }, photo, pane) {
    /**
     * @param {number} start
     * @param {number} length
     * @param {number} visible
     */
    const within = (start, length, visible) =>
      length <= visible ? (length - visible) / 2 : Math.min(Math.max(start, 0), length - visible);
    return {
      scale,
      left: within(left, photo.width, pane.width / scale),
      top: within(top, photo.height, pane.height / scale),
    };
  }

  /**
   * The photo's pixel under the pane's (x, y); null beside the photo.
   *
   * @type {ViewportPart["pixelAt"]}
   */
  function pixelAt(viewport, { x, y }, photo) {
    const pixel = {
      x: Math.floor(viewport.left + x / viewport.scale),
      y: Math.floor(viewport.top + y / viewport.scale),
    };
    const inside = pixel.x >= 0 && pixel.y >= 0 && pixel.x < photo.width && pixel.y < photo.height;
    return inside ? pixel : null;
  }

  /** The part of the photo that the pane shows, in whole pixels. @type {ViewportPart["visible"]} */
  function visible(viewport, photo, pane) {
    const left = Math.max(0, Math.floor(viewport.left));
    const top = Math.max(0, Math.floor(viewport.top));
    const right = Math.min(photo.width, Math.ceil(viewport.left + pane.width / viewport.scale));
    const bottom = Math.min(photo.height, Math.ceil(viewport.top + pane.height / viewport.scale));
    return { left, top, width: right - left, height: bottom - top };
  }

  crackdemo.viewport = { fit, isFit, zoomTo, pan, resize, pixelAt, visible };
})(globalThis);
