/** Wheel, drag, pinch, double-click and keys on the panes, as calls that say what was meant. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const WHEEL_SPEED = 0.0015;
  const KEY_ZOOM = 1.25;
  const KEY_PAN = 60;
  const CLICK_SLACK = 4;

  /**
   * @typedef {object} Meaning
   * @property {(factor: number, at: {x: number, y: number}) => boolean} zoom false if it cannot
   * @property {(dx: number, dy: number) => void} pan
   * @property {(at: {x: number, y: number}) => void} toggle between the whole photo and 1 : 1
   * @property {(at: {x: number, y: number}, isTouch: boolean) => void} click
   * @property {(at: {x: number, y: number} | null, pane: HTMLElement | null) => void} hover
   *   pane: where the hand itself points, null for the keyboard
   * @property {() => {x: number, y: number}} focus where the keyboard zooms and reads
   * @property {Object<string, () => void>} keys by name, after any "Ctrl+" and "Shift+"
   */

  /**
   * @param {HTMLElement} pane
   * @param {Meaning} meaning
   */
  function listen(pane, meaning) {
    const place = (event) => {
      const box = pane.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    listenToWheel(pane, meaning, place);
    listenToPointers(pane, meaning, place);
    listenToKeys(pane, meaning);
    pane.addEventListener("dblclick", (event) => meaning.toggle(place(event)));
  }

  function listenToWheel(pane, meaning, place) {
    const turned = (event) => {
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      const factor = Math.exp(-event.deltaY * lines * WHEEL_SPEED * (event.ctrlKey ? 6 : 1));
      if (meaning.zoom(factor, place(event)) || event.ctrlKey) event.preventDefault();
    };
    pane.addEventListener("wheel", turned, { passive: false });
  }

  function listenToPointers(pane, meaning, place) {
    const pointers = new Map();
    let start = null;
    pane.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      pane.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, place(event));
      start = pointers.size === 1 ? place(event) : null;
    });
    pane.addEventListener("pointermove", (event) => {
      const now = place(event);
      const before = pointers.get(event.pointerId);
      meaning.hover(now, pane);
      if (!before) return;
      if (start && distance(start, now) > CLICK_SLACK) start = null;
      if (start) return;
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) pinch(meaning, other, before, now);
      else meaning.pan(now.x - before.x, now.y - before.y);
      pointers.set(event.pointerId, now);
    });
    const end = (event) => {
      if (!pointers.delete(event.pointerId)) return;
      const isTouch = event.pointerType !== "mouse";
      if (start && event.type === "pointerup") meaning.click(start, isTouch);
      start = null;
    };
    for (const type of ["pointerup", "pointercancel"]) pane.addEventListener(type, end);
    for (const type of ["pointerleave", "blur"]) {
      pane.addEventListener(type, () => meaning.hover(null, pane));
    }
  }

  const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

  /** One of two fingers has moved: the photo follows their middle and their distance. */
  function pinch(meaning, other, before, now) {
    const factor = distance(other, now) / Math.max(1, distance(other, before));
    meaning.zoom(factor, { x: (other.x + now.x) / 2, y: (other.y + now.y) / 2 });
    meaning.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  function listenToKeys(pane, meaning) {
    const keys = {
      ArrowLeft: () => meaning.pan(KEY_PAN, 0),
      ArrowRight: () => meaning.pan(-KEY_PAN, 0),
      ArrowUp: () => meaning.pan(0, KEY_PAN),
      ArrowDown: () => meaning.pan(0, -KEY_PAN),
      "+": () => meaning.zoom(KEY_ZOOM, meaning.focus()),
      "=": () => meaning.zoom(KEY_ZOOM, meaning.focus()),
      "-": () => meaning.zoom(1 / KEY_ZOOM, meaning.focus()),
      ...meaning.keys,
    };
    pane.addEventListener("keydown", (event) => {
      const modifier = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
      const shift = modifier && event.shiftKey ? "Shift+" : "";
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const action = keys[modifier + shift + key];
      if (!action) return;
      event.preventDefault();
      action();
      meaning.hover(meaning.focus(), null);
    });
  }

  crackdemo.gestures = { listen };
})(globalThis);
