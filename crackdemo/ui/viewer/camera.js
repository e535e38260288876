/**
 * Which part of the photo a pane shows, free of the DOM. Cameras are values: every function returns
 * a new one, kept inside the photo.
 */
(function install(scope) {
  "use strict";
  const crackdemo = (scope.crackdemo ??= {});

  /** @typedef {{width: number, height: number}} Size */

  /**
   * @typedef {object} Camera
   * @property {number} scale pane pixels per photo pixel
   * @property {number} left photo column at the pane's left edge
   * @property {number} top photo row at the pane's upper edge
   */

  /** Pane pixels that a photo pixel may at most grow to. */
  const CLOSEST = 40;

  const fitScale = (photo, pane) => Math.min(pane.width / photo.width, pane.height / photo.height);

  /** @returns {Camera} the whole photo, centred */
  function fit(photo, pane) {
    return keep({ scale: fitScale(photo, pane), left: 0, top: 0 }, photo, pane);
  }

  const isFit = (camera, photo, pane) => camera.scale <= fitScale(photo, pane) * 1.0001;

  /** @returns {Camera} `scale` applied so that the photo stays in place under the pane's (x, y) */
  function zoomTo(camera, scale, { x, y }, photo, pane) {
    const least = fitScale(photo, pane);
    const bounded = Math.min(Math.max(scale, least), Math.max(least, CLOSEST));
    const shift = 1 / camera.scale - 1 / bounded;
    const moved = { left: camera.left + x * shift, top: camera.top + y * shift };
    return keep({ scale: bounded, ...moved }, photo, pane);
  }

  /** @returns {Camera} the photo moved by (dx, dy) pane pixels */
  function pan(camera, dx, dy, photo, pane) {
    const { scale, left, top } = camera;
    return keep({ scale, left: left - dx / scale, top: top - dy / scale }, photo, pane);
  }

  /** @returns {Camera} the same centre and scale in a pane of another size */
  function resize(camera, photo, before, after) {
    if (isFit(camera, photo, before)) return fit(photo, after);
    const left = camera.left + (before.width - after.width) / 2 / camera.scale;
    const top = camera.top + (before.height - after.height) / 2 / camera.scale;
    const moved = { scale: camera.scale, left, top };
    return zoomTo(moved, camera.scale, { x: after.width / 2, y: after.height / 2 }, photo, after);
  }

  /** A photo larger than its pane covers it; a smaller one is centred. */
  function keep({ scale, left, top }, photo, pane) {
    const within = (start, length, visible) =>
      length <= visible ? (length - visible) / 2 : Math.min(Math.max(start, 0), length - visible);
    return {
      scale,
      left: within(left, photo.width, pane.width / scale),
      top: within(top, photo.height, pane.height / scale),
    };
  }

  /** The photo's pixel under the pane's (x, y); null beside the photo. */
  function pixelAt(camera, { x, y }, photo) {
    const pixel = {
      x: Math.floor(camera.left + x / camera.scale),
      y: Math.floor(camera.top + y / camera.scale),
    };
    const inside = pixel.x >= 0 && pixel.y >= 0 && pixel.x < photo.width && pixel.y < photo.height;
    return inside ? pixel : null;
  }

  /** The part of the photo that the pane shows, in whole pixels. */
  function visible(camera, photo, pane) {
    const left = Math.max(0, Math.floor(camera.left));
    const top = Math.max(0, Math.floor(camera.top));
    const right = Math.min(photo.width, Math.ceil(camera.left + pane.width / camera.scale));
    const bottom = Math.min(photo.height, Math.ceil(camera.top + pane.height / camera.scale));
    return { left, top, width: right - left, height: bottom - top };
  }

  crackdemo.camera = { fit, isFit, zoomTo, pan, resize, pixelAt, visible };
})(globalThis);
