/**
 * One photo under inspection: its mask for the present settings, cut at every move or, where the
 * photo is too large for that, previewed and cut by the worker. Free of the DOM.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Milliseconds without a change after which the hand rests and cracks are measured. */
  const REST = 150;

  /** Counts the changes of all photos, so that an answer tells which one it belongs to. */
  let turns = 0;

  /** @param {InspectionOptions} options @returns {Inspection} */
  function create({ photo, isCalled, dropped, visible, order, changed }) {
    const { surface, levels } = photo;
    const area = surface.region
      ? crackdemo.bitmap.count(surface.region)
      : photo.width * photo.height;
    const isLive = crackdemo.preview.isLive(surface.heatmap);
    let points = dropped;
    const firstTurn = turns + 1;
    let turn = firstTurn;
    let params = crackdemo.mask.PLAIN;
    /** @type {Mask | null} */
    let exact = null;
    /** @type {Layer | null} */
    let layer = null;
    /** @type {Pick<Figures, "crackPercent" | "components">} */
    let figures = { crackPercent: null, components: null };
    /** @type {Measured | null} */
    let measures = null;
    /** @type {number | null} */
    let marksFrom = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let resting;

    /** Cuts the mask anew, by other settings or, without any, after cracks were dropped. */
    function cut(next = params) {
      params = next;
      turn = ++turns;
      measures = marksFrom = null;
      clearTimeout(resting);
      if (isLive) {
        accept(crackdemo.mask.cut(surface, params, points));
      } else {
        exact = null;
        layer = crackdemo.preview.cut(levels, surface, params, points, visible());
        ask("mask");
      }
      changed();
    }

    /** @param {Mask} mask */
    function accept(mask) {
      exact = mask;
      layer = { mask, left: 0, top: 0, step: 1 };
      figures = figuresOf(mask);
      resting = setTimeout(() => ask("measures"), REST);
    }

    /** @param {Mask} mask */
    function figuresOf({ components }) {
      const pixels = components.area.reduce((sum, one) => sum + one, 0);
      return {
        crackPercent: (100 * pixels) / Math.max(1, area),
        components: components.area.length,
      };
    }

    /** @param {Order["task"]} task */
    const ask = (task) => order({ turn, task, params, dropped: points, isCalled });

    /**
     * A late mask of this photo still tells the figures while the hand moves on.
     *
     * @param {Answer} answer
     * @throws {Error} with a sentence for the person
     */
    function answered({ turn: answeredTurn, mask, measures: measured, marksFrom: from, error }) {
      if (answeredTurn < firstTurn) return;
      const isLate = answeredTurn !== turn;
      if (error) throw new Error(`The mask could not be made in this browser (${error}).`);
      if (mask && isLate) figures = figuresOf(mask);
      else if (mask) accept(mask);
      else if (!isLate) [measures, marksFrom] = [measured ?? null, from ?? null];
      changed();
    }

    /** @type {Inspection["drop"]} */
    function drop(next) {
      points = next;
      cut();
    }

    return {
      photo,
      cut,
      answered,
      exact: () => exact,
      layer: () => layer,
      measures: () => measures,
      figures: () => ({
        exact: exact !== null,
        ...figures,
        marksFrom,
        lengthPx: measures?.total.lengthPx ?? null,
        meanWidthPx: measures?.total.meanWidthPx ?? null,
        maxWidthPx: measures?.total.maxWidthPx ?? null,
      }),
      dropped: () => points,
      drop,
      close: () => {
        clearTimeout(resting);
        photo.close();
      },
    };
  }

  crackdemo.inspection = { create };
})(globalThis);
