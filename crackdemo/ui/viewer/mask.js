/**
 * Heatmap to crack mask, pixel for pixel as crackdemo/masks/cut.py cuts it; free of the DOM.
 *
 * Threshold, opening, closing, growing, region of interest, then the 8-connected components: the small ones
 * are dropped, and those that a person called false alarms are set aside.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;
  (crackdemo.workerParts ??= []).push(install);

  /** @type {MaskParams} cracks as calibrated, as they are; until the page sets others */
  const PLAIN = { threshold: 0.5, opening: 0, closing: 0, kernel: "ellipse", grow: 0, min_area: 0 };

  /** The smallest heatmap value that is crack, 0..65536. @type {MaskPart["cutValue"]} */
  const cutValue = (threshold) => Math.ceil(threshold * 65536);

  /**
   * The two 8-bit channels of a 16-bit heatmap, high byte red, low byte green, back into one.
   *
   * @type {MaskPart["unpackHeat"]}
   */
  function unpackHeat(rgba, heat = new Uint16Array(rgba.length / 4), offset = 0) {
    for (let i = 0, j = offset; i < rgba.length; i += 4, j++) {
      heat[j] = (rgba[i] << 8) | rgba[i + 1];
    }
    return heat;
  }

  /**
   * @param {Surface} surface
   * @param {MaskParams} params
   * @param {Point[]} dropped each names the component that holds this pixel
   * @returns {Mask}
   */
  function cut({ heatmap, peaks, region, kernels }, params, dropped = []) {
    const { bitmap, components } = crackdemo;
    /** @param {number} size */
    const profile = (size) => bitmap.kernelProfile(kernels[params.kernel][size]);
    let marked = bitmap.threshold(heatmap, cutValue(params.threshold), peaks);
    if (params.opening) marked = bitmap.opening(marked, profile(params.opening));
    if (params.closing) marked = bitmap.closing(marked, profile(params.closing));
    if (params.grow) {
      const disc = bitmap.kernelProfile(kernels.disc[Math.abs(params.grow)]);
      marked = params.grow > 0 ? bitmap.dilate(marked, disc) : bitmap.erode(marked, disc);
    }
    if (region) marked = bitmap.intersect(marked, region);
    const found = components.find(marked);
    const keep = found.components.area.map((area) => Number(area >= params.min_area));
    const { width, height } = heatmap;
    return { width, height, ...setAside(found, keep, dropped) };
  }

  /**
   * Splits components into those to keep and those dropped by hand.
   *
   * @param {Found} found
   * @param {Int32Array} keep
   * @param {Point[]} dropped
   * @returns {Found & { dropped: Found }}
   */
  function setAside(found, keep, dropped) {
    const { components } = crackdemo;
    const taken = new Uint8Array(keep.length);
    for (const { x, y } of dropped) {
      const n = components.at(found.runs, x, y);
      if (n >= 0 && keep[n]) [keep[n], taken[n]] = [0, 1];
    }
    const kept = keep.every(Boolean) ? found : components.select(found, keep);
    return { ...kept, dropped: components.select(found, taken) };
  }

  /**
   * The highest threshold below the present one, in hundredths, at which anything is marked: the
   * lower it is, the more is marked. 0 where nothing is at any, and where it is not the threshold
   * that leaves nothing, but opening or thinning.
   *
   * @type {MaskPart["marksFrom"]}
   */
  function marksFrom(surface, params) {
    /** @param {Partial<MaskParams>} changes */
    const isMarkedWith = (changes) =>
      cut(surface, { ...params, ...changes }).components.area.length > 0;
    if (isMarkedWith({ opening: 0, grow: Math.max(0, params.grow) })) return 0;
    let marks = 0;
    let marksNot = Math.ceil(params.threshold * 100);
    while (marksNot - marks > 1) {
      const threshold = Math.floor((marks + marksNot) / 2) / 100;
      if (isMarkedWith({ threshold })) marks = Math.round(threshold * 100);
      else marksNot = Math.round(threshold * 100);
    }
    return marks / 100;
  }

  /** The mask's pixels: a Uint8Array of 0 and 1, row by row. @type {MaskPart["bytes"]} */
  function bytes({ runs, width, height }) {
    return crackdemo.bitmap.unpack(crackdemo.components.draw(runs, width, height));
  }

  /**
   * The pixel that names component `n`: its hottest, the first of equals. It stays in the mask
   * longer than any other while the threshold rises.
   *
   * @param {Found} found
   * @param {number} n
   * @param {Heatmap} heatmap
   * @returns {Point}
   */
  function hottest({ runs }, n, { width, data }) {
    let best = { x: -1, y: -1 };
    let heat = -1;
    for (let y = 0; y + 1 < runs.rows.length; y++) {
      for (let run = runs.rows[y]; run < runs.rows[y + 1]; run++) {
        if (runs.labels[run] !== n) continue;
        for (let x = runs.starts[run]; x < runs.ends[run]; x++) {
          if (data[y * width + x] > heat) {
            heat = data[y * width + x];
            best = { x, y };
          }
        }
      }
    }
    return best;
  }

  crackdemo.mask = { PLAIN, cut, marksFrom, bytes, cutValue, unpackHeat, hottest };
})(globalThis);
