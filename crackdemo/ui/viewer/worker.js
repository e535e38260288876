/**
 * The worker that cuts the exact mask of large photos and measures the cracks of all of them, and
 * its owner in the page. The worker runs the files that registered in `workerParts`.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Runs in the worker: keeps one surface, and its last mask for a measurement that follows. */
  function serve() {
    /** @type {Surface} */
    let surface;
    /** @type {{ turn: number, mask: Mask } | null} */
    let last = null;
    /**
     * Of an empty mask where the score says crack. What was dropped may join other parts at a lower
     * threshold, and take them along: then there is no telling.
     *
     * @param {Mask} cut
     * @param {Order} order
     */
    const marksFrom = (cut, { params, dropped, isCalled }) =>
      isCalled && cut.components.area.length + dropped.length === 0
        ? globalThis.crackdemo.mask.marksFrom(surface, params)
        : null;
    /** @param {MessageEvent<Order | { surface: Surface }>} event */
    globalThis.onmessage = ({ data }) => {
      if ("surface" in data) {
        surface = data.surface;
        return;
      }
      const { turn, params, dropped, task } = data;
      const { mask, measure } = globalThis.crackdemo;
      try {
        const cut = last?.turn === turn ? last.mask : mask.cut(surface, params, dropped);
        last = { turn, mask: cut };
        if (task === "mask") postMessage({ turn, mask: cut });
        else postMessage({ turn, measures: measure(cut), marksFrom: marksFrom(cut, data) });
      } catch (error) {
        postMessage({ turn, error: String(error) });
      }
    };
  }

  /**
   * Starts the worker. It does one order at a time; of those that wait only the newest is kept.
   *
   * @param {(answer: Answer) => void} answered
   * @returns {WorkerOwner}
   */
  function start(answered) {
    const parts = [...(crackdemo.workerParts ?? []), serve].map(
      (part) => `(${part})(globalThis);\n`,
    );
    const source = ["globalThis.crackdemo = {};\n", ...parts];
    const url = URL.createObjectURL(new Blob(source, { type: "text/javascript" }));
    const worker = new Worker(url);
    let busy = false;
    /** @type {Order | null} */
    let waiting = null;
    /** @param {Order} next */
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
    /** @param {Surface} surface */
    const open = (surface) => {
      waiting = null;
      worker.postMessage({ surface });
    };
    return { open, order };
  }

  crackdemo.startWorker = start;
})(globalThis);
