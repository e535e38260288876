/** Length and widths of cracks as crackdemo/masks/measure.py defines them, free of the DOM. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;
  (crackdemo.workerParts ??= []).push(install);

  /** @typedef {{length: number, width: number, widest: number, pixels: number}} Sum over a skeleton */

  /** @param {Size & Found} mask @returns {Measured} */
  function measure({ width, height, runs, components }) {
    const skeleton = thin(crackdemo.mask.bytes({ width, height, runs }), width, height);
    const sums = Array.from(components.area, () => ({ length: 0, width: 0, widest: 0, pixels: 0 }));
    const pitch = width + 2;
    for (let y = 0; y < height; y++) {
      for (let run = runs.rows[y]; run < runs.rows[y + 1]; run++) {
        const sum = sums[runs.labels[run]];
        for (let x = runs.starts[run]; x < runs.ends[run]; x++) {
          const pixel = (y + 1) * pitch + x + 1;
          if (skeleton[pixel]) addPixel(sum, runs, x, y, diagonalSteps(skeleton, pixel, pitch));
        }
      }
    }
    return { total: summary(sums), components: sums.map((sum) => summary([sum])) };
  }

  /**
   * @param {Sum} sum
   * @param {Runs} runs
   * @param {number} x
   * @param {number} y
   * @param {number} diagonals
   */
  function addPixel(sum, runs, x, y, diagonals) {
    const width = 2 * Math.sqrt(squaredDistance(runs, x, y));
    sum.pixels++;
    sum.length += 1 + (Math.SQRT2 - 1) * diagonals;
    sum.width += width;
    sum.widest = Math.max(sum.widest, width);
  }

  /** @param {Sum[]} sums @returns {Measures} */
  function summary(sums) {
    /** @param {keyof Sum} name */
    const total = (name) => sums.reduce((all, sum) => all + sum[name], 0);
    return {
      lengthPx: total("length"),
      meanWidthPx: total("width") / Math.max(1, total("pixels")),
      maxWidthPx: sums.reduce((widest, sum) => Math.max(widest, sum.widest), 0),
    };
  }

  /**
   * Diagonal steps down from a pixel that no straight neighbour shortens: 0, 1 or 2.
   *
   * @param {Uint8Array} skeleton
   * @param {number} pixel
   * @param {number} pitch
   */
  function diagonalSteps(skeleton, pixel, pitch) {
    const below = pixel + pitch;
    if (skeleton[below]) return 0;
    const left = skeleton[below - 1] && !skeleton[pixel - 1];
    const right = skeleton[below + 1] && !skeleton[pixel + 1];
    return Number(left) + Number(right);
  }

  /**
   * From a pixel of the mask to the nearest pixel outside; beyond the border is outside.
   *
   * @param {Runs} runs
   * @param {number} x
   * @param {number} y
   */
  function squaredDistance(runs, x, y) {
    let best = Infinity;
    for (let dy = 0; dy * dy < best; dy++) {
      for (const row of dy === 0 ? [y] : [y - dy, y + dy]) {
        const dx = distanceInRow(runs, x, row);
        best = Math.min(best, dx * dx + dy * dy);
      }
    }
    return best;
  }

  /**
   * @param {Runs} runs
   * @param {number} x
   * @param {number} row
   */
  function distanceInRow({ rows, starts, ends }, x, row) {
    if (row < 0 || row + 1 >= rows.length) return 0;
    let low = rows[row];
    let high = rows[row + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] <= x) low = middle + 1;
      else high = middle;
    }
    if (low === rows[row + 1] || starts[low] > x) return 0;
    return Math.min(x - starts[low] + 1, ends[low] - x);
  }

  const FIRST = 1;
  const SECOND = 2;

  /**
   * The skeleton after Zhang and Suen, "A fast parallel algorithm for thinning digital patterns",
   * Communications of the ACM 27(3), 1984. A pixel is looked at again only after one of its
   * neighbours has gone, so that the time grows with the area and not with the width.
   *
   * @param {Uint8Array} bytes 0 or 1
   * @param {number} width
   * @param {number} height
   * @returns {Uint8Array} 0 or 1, with a border of one pixel of 0: (height + 2) rows of width + 2
   */
  function thin(bytes, width, height) {
    const pitch = width + 2;
    const ring = [-pitch - 1, -pitch, 1 - pitch, 1, pitch + 1, pitch, pitch - 1, -1];
    const pixels = pad(bytes, width, height);
    const queued = new Uint8Array(pixels.length);
    /** @type {number[]} */
    let older = [];
    let newer = border(pixels, pitch);
    for (let pass = FIRST; older.length + newer.length > 0; pass ^= FIRST | SECOND) {
      const gone = [older, newer].flatMap((list) => deletable(list, pixels, ring, pass));
      for (const pixel of gone) pixels[pixel] = 0;
      older = newer;
      newer = neighbours(gone, pixels, ring, queued);
    }
    return pixels;
  }

  /**
   * @param {Uint8Array} bytes
   * @param {number} width
   * @param {number} height
   */
  function pad(bytes, width, height) {
    const pixels = new Uint8Array((width + 2) * (height + 2));
    for (let y = 0; y < height; y++) {
      pixels.set(bytes.subarray(y * width, (y + 1) * width), (y + 1) * (width + 2) + 1);
    }
    return pixels;
  }

  /** @param {Uint8Array} pixels @param {number} pitch */
  function border(pixels, pitch) {
    const found = [];
    for (let i = pitch + 1; i < pixels.length - pitch; i++) {
      if (!pixels[i]) continue;
      const above = pixels[i - pitch - 1] & pixels[i - pitch] & pixels[i - pitch + 1];
      const below = pixels[i + pitch - 1] & pixels[i + pitch] & pixels[i + pitch + 1];
      if (!(above & below & pixels[i - 1] & pixels[i + 1])) found.push(i);
    }
    return found;
  }

  /**
   * @param {number[]} list
   * @param {Uint8Array} pixels
   * @param {number[]} ring
   * @param {number} pass
   */
  function deletable(list, pixels, ring, pass) {
    return list.filter((pixel) => {
      if (!pixels[pixel]) return false;
      let pattern = 0;
      for (let i = 0; i < 8; i++) pattern |= pixels[pixel + ring[i]] << i;
      return (RULES[pattern] & pass) !== 0;
    });
  }

  /**
   * @param {number[]} gone
   * @param {Uint8Array} pixels
   * @param {number[]} ring
   * @param {Uint8Array} queued
   */
  function neighbours(gone, pixels, ring, queued) {
    const found = [];
    for (const pixel of gone) {
      for (const offset of ring) {
        const next = pixel + offset;
        if (!pixels[next] || queued[next]) continue;
        queued[next] = 1;
        found.push(next);
      }
    }
    for (const pixel of found) queued[pixel] = 0;
    return found;
  }

  /**
   * For each pattern of the eight neighbours, clockwise from north-west, the passes that delete: by
   * the paper's conditions, but for the patterns where scikit-image's skeletonize differs.
   */
  const RULES = Uint8Array.from({ length: 256 }, (_, pattern) => {
    /** @param {number} i */
    const at = (i) => (pattern >> (i & 7)) & 1;
    const around = [0, 1, 2, 3, 4, 5, 6, 7];
    const set = around.filter(at).length;
    const rises = around.filter((i) => !at(i) && at(i + 1)).length;
    if (set < 2 || set > 6 || rises !== 1) return 0;
    const [north, east, south, west] = [at(1), at(3), at(5), at(7)];
    const first = !(north && east && south) && !(east && south && west);
    const second = !(north && east && west) && !(north && south && west);
    return (first ? FIRST : 0) | (second ? SECOND : 0);
  });
  for (const pattern of [48, 129]) RULES[pattern] = 0;
  for (const pattern of [3, 6, 11, 12, 14, 131, 134, 161, 194, 198]) RULES[pattern] = FIRST;
  for (const pattern of [24, 26, 56, 96, 104, 108, 176, 192, 224]) RULES[pattern] = SECOND;
  for (const pattern of [10, 40, 130, 160]) RULES[pattern] = FIRST | SECOND;

  crackdemo.measure = measure;
})(globalThis);
