/**
 * Photos too large to cut anew at every move: what the panes show is cut from a smaller heatmap or
 * from the visible part alone, until the worker's exact mask arrives. Free of the DOM.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Pixels that can be cut within a frame. */
  const LIVE_PIXELS = 1.5e6;

  /** How far the largest opening, closing and growing reach together. */
  const MARGIN = 35;

  /** @param {Size} size */
  const pixels = ({ width, height }) => width * height;

  /**
   * A heatmap at full, half, quarter... size, until it can be cut within a frame. Every pixel keeps
   * the highest of the pixels it stands for, so that no hairline gets lost.
   *
   * @param {Heatmap} heatmap
   * @returns {Level[]}
   */
  function levels(heatmap) {
    let last = { heatmap, step: 1 };
    const all = [last];
    while (pixels(last.heatmap) > LIVE_PIXELS) {
      last = { heatmap: halve(last.heatmap), step: 2 * last.step };
      all.push(last);
    }
    return all;
  }

  /** @param {Heatmap} heatmap @returns {Heatmap} */
  function halve({ width, height, data }) {
    const half = { width: (width + 1) >> 1, height: (height + 1) >> 1 };
    const smaller = new Uint16Array(half.width * half.height);
    for (let y = 0; y < half.height; y++) {
      const upper = 2 * y * width;
      const lower = 2 * y + 1 < height ? upper + width : upper;
      for (let x = 0; x < half.width; x++) {
        const left = 2 * x;
        const right = left + 1 < width ? left + 1 : left;
        smaller[y * half.width + x] = Math.max(
          data[upper + left],
          data[upper + right],
          data[lower + left],
          data[lower + right],
        );
      }
    }
    return { ...half, data: smaller };
  }

  /**
   * @param {Heatmap} heatmap
   * @returns {boolean} whether the mask itself can be cut at every move
   */
  const isLive = (heatmap) => pixels(heatmap) <= LIVE_PIXELS;

  /**
   * The visible part's mask at the finest level that can be cut within a frame.
   *
   * @type {PreviewPart["cut"]}
   */
  function cut(levels, surface, params, dropped, box) {
    const areas = levels.map((level) => areaOf(level, box));
    const n = areas.findIndex((area) => pixels(area) <= LIVE_PIXELS);
    const { heatmap, step } = levels[n];
    const area = areas[n];
    const part = {
      heatmap: crop(heatmap, area),
      region: surface.region && cropRegion(surface.region, area, step),
      kernels: surface.kernels,
    };
    const local = dropped.map(({ x, y }) => ({
      x: Math.floor(x / step) - area.left,
      y: Math.floor(y / step) - area.top,
    }));
    /** @param {Point} point */
    const inside = ({ x, y }) => x >= 0 && y >= 0 && x < area.width && y < area.height;
    const mask = crackdemo.mask.cut(part, scaled(params, step), local.filter(inside));
    return { mask, left: area.left * step, top: area.top * step, step };
  }

  /**
   * @param {Level} level
   * @param {Area} box
   * @returns {Area}
   */
  function areaOf({ heatmap, step }, box) {
    const left = Math.max(0, Math.floor(box.left / step) - MARGIN);
    const top = Math.max(0, Math.floor(box.top / step) - MARGIN);
    const right = Math.ceil((box.left + box.width) / step) + MARGIN;
    const bottom = Math.ceil((box.top + box.height) / step) + MARGIN;
    return {
      left,
      top,
      width: Math.min(heatmap.width, right) - left,
      height: Math.min(heatmap.height, bottom) - top,
    };
  }

  /**
   * @param {Heatmap} heatmap
   * @param {Area} area
   * @returns {Heatmap}
   */
  function crop({ width, data }, area) {
    const part = new Uint16Array(pixels(area));
    for (let y = 0; y < area.height; y++) {
      const start = (area.top + y) * width + area.left;
      part.set(data.subarray(start, start + area.width), y * area.width);
    }
    return { width: area.width, height: area.height, data: part };
  }

  /**
   * @param {Bitmap} region
   * @param {Area} area
   * @param {number} step
   */
  function cropRegion(region, area, step) {
    const { bitmap } = crackdemo;
    const bytes = new Uint8Array(pixels(area));
    for (let y = 0, i = 0; y < area.height; y++) {
      for (let x = 0; x < area.width; x++, i++) {
        bytes[i] = bitmap.get(region, (area.left + x) * step, (area.top + y) * step);
      }
    }
    return bitmap.pack(area.width, area.height, bytes);
  }

  /**
   * Settings for a smaller heatmap: kernels, growing and smallest component shrink with it.
   *
   * @param {MaskParams} params
   * @param {number} step
   * @returns {MaskParams}
   */
  function scaled(params, step) {
    /** @param {number} size */
    const kernel = (size) => {
      const radius = Math.round((size - 1) / 2 / step);
      return radius > 0 ? 2 * radius + 1 : 0;
    };
    return {
      ...params,
      opening: kernel(params.opening),
      closing: kernel(params.closing),
      grow: Math.round(params.grow / step),
      min_area: params.min_area / (step * step),
    };
  }

  crackdemo.preview = { levels, isLive, cut };
})(globalThis);
