/**
 * The worker that cuts the exact mask of large photos and measures the cracks of all of them, and
 * its owner in the page. The worker runs the files that registered in `workerParts`.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Runs in the worker: keeps one surface, and its last mask for a measurement that follows. */
  function serve() {
    let surface = null;
    let last = { turn: -1, mask: null };
    globalThis.onmessage = ({ data }) => {
      if (data.surface) {
        surface = data.surface;
        return;
      }
      const { turn, params, dropped, task } = data;
      const { mask, measure } = globalThis.crackdemo;
      try {
        if (last.turn !== turn) last = { turn, mask: mask.cut(surface, params, dropped) };
        if (task === "mask") postMessage({ turn, mask: last.mask });
        else postMessage({ turn, measures: measure(last.mask) });
      } catch (error) {
        postMessage({ turn, error: String(error) });
      }
    };
  }

  /**
   * @typedef {object} Order
   * @property {number} turn comes back with the answer
   * @property {"mask" | "measures"} task
   * @property {MaskParams} params
   * @property {Point[]} dropped
   */

  /**
   * @typedef {object} Answer a mask, measures or what went wrong
   * @property {number} turn
   * @property {Mask} [mask]
   * @property {{total: Measures, components: Measures[]}} [measures]
   * @property {string} [error]
   */

  /**
   * Starts the worker. It does one order at a time; of those that wait only the newest is kept.
   *
   * @param {(answer: Answer) => void} answered
   * @returns {{open: (surface: Surface) => void, order: (order: Order) => void}}
   */
  function start(answered) {
    const parts = [...(crackdemo.workerParts ?? []), serve].map((part) => `(${part})(globalThis);\n`);
    const source = ["globalThis.crackdemo = {};\n", ...parts];
    const url = URL.createObjectURL(new Blob(source, { type: "text/javascript" }));
    const worker = new Worker(url);
    let busy = false;
    let waiting = null;
    const order = (next) => {
      if (busy) {
        waiting = next;
        return;
      }
      busy = true;
      worker.postMessage(next);
    };
    worker.onmessage = ({ data }) => {
      busy = false;
      if (waiting) order(waiting);
      waiting = null;
      answered(data);
    };
    const open = (surface) => {
      waiting = null;
      worker.postMessage({ surface });
    };
    return { open, order };
  }

  crackdemo.startWorker = start;
})(globalThis);
