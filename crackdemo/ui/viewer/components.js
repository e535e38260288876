/** Runs of a bitmap and their 8-connected components, free of the DOM. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;
  (crackdemo.workerParts ??= []).push(install);

  /** @type {ComponentsPart["find"]} @returns {{runs: Runs, components: Components}} */
  function find(bitmap) {
    const runs = findRuns(bitmap);
    const count = label(runs);
    return { runs, components: describe(runs, count) };
  }

  /** @param {Bitmap} bitmap @returns {Runs} */
  function findRuns({ width, height, stride, words }) {
    const size = countRuns(words, stride);
    const rows = new Int32Array(height + 1);
    const starts = new Int32Array(size);
    const ends = new Int32Array(size);
    let run = 0;
    for (let y = 0; y < height; y++) {
      rows[y] = run;
      let inside = 0;
      for (let i = 0; i < stride; i++) {
        const word = words[y * stride + i];
        let edges = word ^ ((word << 1) | inside);
        while (edges !== 0) {
          const x = i * 32 + 31 - Math.clz32(edges & -edges);
          if (inside === 0) starts[run] = x;
          else ends[run++] = x;
          inside ^= 1;
          edges &= edges - 1;
        }
      }
      if (inside === 1) ends[run++] = width;
    }
    rows[height] = run;
    return { rows, starts, ends, labels: new Int32Array(size) };
  }

  /** @param {Int32Array} words @param {number} stride */
  function countRuns(words, stride) {
    let total = 0;
    for (let i = 0; i < words.length; i++) {
      const before = i % stride === 0 ? 0 : words[i - 1] >>> 31;
      let first = words[i] & ~((words[i] << 1) | before);
      for (; first !== 0; first &= first - 1) total++;
    }
    return total;
  }

  /**
   * Union-find over runs of neighbouring rows; returns the number of components.
   *
   * @param {Runs} runs
   */
  function label({ rows, starts, ends, labels }) {
    const parents = new Int32Array(labels.length);
    for (let run = 0; run < parents.length; run++) parents[run] = run;
    /** @param {number} run */
    const root = (run) => {
      while (parents[run] !== run) run = parents[run] = parents[parents[run]];
      return run;
    };
    for (let y = 1; y + 1 < rows.length; y++) {
      let above = rows[y - 1];
      let below = rows[y];
      while (above < rows[y] && below < rows[y + 1]) {
        if (starts[above] <= ends[below] && starts[below] <= ends[above]) {
          const [a, b] = [root(above), root(below)];
          if (a < b) parents[b] = a;
          else parents[a] = b;
        }
        if (ends[above] < ends[below]) above++;
        else below++;
      }
    }
    let count = 0;
    for (let run = 0; run < labels.length; run++) {
      labels[run] = parents[run] === run ? count++ : labels[root(run)];
    }
    return count;
  }

  /**
   * @param {Runs} runs
   * @param {number} count
   * @returns {Components}
   */
  function describe({ rows, starts, ends, labels }, count) {
    const components = {
      area: new Int32Array(count),
      left: new Int32Array(count).fill(0x7fffffff),
      top: new Int32Array(count).fill(-1),
      right: new Int32Array(count),
      bottom: new Int32Array(count),
    };
    const { area, left, top, right, bottom } = components;
    for (let y = 0; y + 1 < rows.length; y++) {
      for (let run = rows[y]; run < rows[y + 1]; run++) {
        const n = labels[run];
        area[n] += ends[run] - starts[run];
        left[n] = Math.min(left[n], starts[run]);
        right[n] = Math.max(right[n], ends[run]);
        if (top[n] < 0) top[n] = y;
        bottom[n] = y + 1;
      }
    }
    return components;
  }

  /**
   * Only the components that `keep` holds a 1 for, numbered anew in the same order.
   *
   * @param {{runs: Runs, components: Components}} found
   * @param {ArrayLike<number>} keep one entry per component
   * @returns {{runs: Runs, components: Components}}
   */
  function select({ runs, components }, keep) {
    const numbers = new Int32Array(keep.length);
    /** @type {number[]} */
    const kept = [];
    for (let n = 0; n < keep.length; n++) numbers[n] = keep[n] ? kept.push(n) - 1 : -1;
    /** @param {Int32Array} all */
    const pick = (all) => Int32Array.from(kept, (n) => all[n]);
    const { area, left, top, right, bottom } = components;
    const selected = kept.length > 0 ? selectRuns(runs, numbers) : noRuns(runs.rows.length - 1);
    return {
      runs: selected,
      components: {
        area: pick(area),
        left: pick(left),
        top: pick(top),
        right: pick(right),
        bottom: pick(bottom),
      },
    };
  }

  /** @param {number} height @returns {Runs} */
  function noRuns(height) {
    const none = new Int32Array(0);
    return { rows: new Int32Array(height + 1), starts: none, ends: none, labels: none };
  }

  /**
   * @param {Runs} runs
   * @param {Int32Array} numbers new ones by label, -1 for none
   * @returns {Runs}
   */
  function selectRuns({ rows, starts, ends, labels }, numbers) {
    const kept = {
      rows: rows.slice(),
      starts: starts.slice(),
      ends: ends.slice(),
      labels: labels.slice(),
    };
    let size = 0;
    for (let y = 0; y + 1 < rows.length; y++) {
      kept.rows[y] = size;
      for (let run = rows[y]; run < rows[y + 1]; run++) {
        if (numbers[labels[run]] < 0) continue;
        kept.starts[size] = starts[run];
        kept.ends[size] = ends[run];
        kept.labels[size++] = numbers[labels[run]];
      }
    }
    kept.rows[rows.length - 1] = size;
    return {
      rows: kept.rows,
      starts: kept.starts.subarray(0, size),
      ends: kept.ends.subarray(0, size),
      labels: kept.labels.subarray(0, size),
    };
  }

  /** The component at a pixel, -1 for none. @type {ComponentsPart["at"]} */
  function at({ rows, starts, ends, labels }, x, y) {
    for (let run = rows[y]; run < rows[y + 1]; run++) {
      if (starts[run] <= x && x < ends[run]) return labels[run];
    }
    return -1;
  }

  /**
   * The component closest to a pixel, at most `reach` rows and columns away; -1 for none.
   *
   * @type {ComponentsPart["nearest"]}
   */
  function nearest({ rows, starts, ends, labels }, x, y, reach) {
    let found = -1;
    let best = Infinity;
    const last = Math.min(rows.length - 2, Math.floor(y + reach));
    for (let row = Math.max(0, Math.ceil(y - reach)); row <= last; row++) {
      for (let run = rows[row]; run < rows[row + 1]; run++) {
        const aside = Math.max(0, starts[run] - x, x - ends[run] + 1);
        const distance = Math.hypot(aside, row - y);
        if (aside > reach || distance >= best) continue;
        best = distance;
        found = labels[run];
      }
    }
    return found;
  }

  /**
   * @param {Runs} runs
   * @param {number} width
   * @param {number} height
   * @returns {Bitmap} 1 where a run is
   */
  function draw({ rows, starts, ends }, width, height) {
    const drawn = crackdemo.bitmap.blank(width, height);
    for (let y = 0; y < height; y++) {
      for (let run = rows[y]; run < rows[y + 1]; run++) {
        fill(drawn.words, y * drawn.stride, starts[run], ends[run]);
      }
    }
    return drawn;
  }

  /**
   * @param {Int32Array} words
   * @param {number} row
   * @param {number} start
   * @param {number} end
   */
  function fill(words, row, start, end) {
    const [first, last] = [row + (start >>> 5), row + ((end - 1) >>> 5)];
    const head = -1 << (start & 31);
    const tail = -1 >>> (31 - ((end - 1) & 31));
    words[first] |= first === last ? head & tail : head;
    for (let word = first + 1; word < last; word++) words[word] = -1;
    if (first !== last) words[last] |= tail;
  }

  crackdemo.components = { find, select, at, nearest, draw };
})(globalThis);
