/** Which component of a mask a point names, kept or dropped by hand; free of the DOM. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /**
   * The component within `reach` of a clicked pixel; kept ones first.
   *
   * @param {Mask} mask
   * @param {Heatmap} heatmap
   * @param {Point} pixel
   * @param {number} reach
   * @returns {Point | null}
   */
  function pick(mask, heatmap, { x, y }, reach) {
    for (const found of [mask, mask.dropped]) {
      const n = crackdemo.components.nearest(found.runs, x, y, reach);
      if (n >= 0) return crackdemo.mask.hottest(found, n, heatmap);
    }
    return null;
  }

  /**
   * @param {Mask} mask
   * @param {Point} point
   * @param {Measured | null} measures
   * @returns {Selected | null} null if the mask holds nothing at the point
   */
  function describe(mask, point, measures) {
    for (const found of [mask, mask.dropped]) {
      const n = crackdemo.components.at(found.runs, point.x, point.y);
      if (n < 0) continue;
      const { area, left, top, right, bottom } = found.components;
      return {
        point,
        component: n,
        isDropped: found !== mask,
        box: { left: left[n], top: top[n], right: right[n], bottom: bottom[n] },
        areaPx: area[n],
        measures: found === mask && measures ? measures.components[n] : null,
        holds: ({ x, y }) => crackdemo.components.at(found.runs, x, y) === n,
      };
    }
    return null;
  }

  /**
   * The point of the next component by size, from the largest on.
   *
   * @param {Mask} mask
   * @param {Heatmap} heatmap
   * @param {Selected | null} present
   * @param {number} step
   * @returns {Point | null}
   */
  function next(mask, heatmap, present, step) {
    const { area } = mask.components;
    const order = [...area.keys()].sort((a, b) => area[b] - area[a]);
    if (order.length === 0) return null;
    const from = present ? placeOf(present, order, area) : step > 0 ? -1 : 0;
    const to = step > 0 ? Math.floor(from + step) : Math.ceil(from + step);
    const n = order[((to % order.length) + order.length) % order.length];
    return crackdemo.mask.hottest(mask, n, heatmap);
  }

  /**
   * Where the selected component stands among the kept ones, from the largest on; one that was
   * dropped stands between those that are larger and the others.
   *
   * @param {Selected} present
   * @param {number[]} order
   * @param {ArrayLike<number>} area
   */
  function placeOf(present, order, area) {
    if (!present.isDropped) return order.indexOf(present.component);
    return order.filter((n) => area[n] > present.areaPx).length - 0.5;
  }

  /**
   * Whether a component of a drawn layer, perhaps a preview, is the selected one.
   *
   * @type {SelectionPart["inLayer"]}
   */
  function inLayer({ mask, left, top, step }, point) {
    if (!point) return () => false;
    const { runs } = mask;
    const [x, y] = [Math.floor((point.x - left) / step), Math.floor((point.y - top) / step)];
    if (x < 0 || y < 0 || y + 1 >= runs.rows.length) return () => false;
    const selected = crackdemo.components.at(runs, x, y);
    return (component) => component === selected;
  }

  crackdemo.selection = { pick, describe, next, inLayer };
})(globalThis);
