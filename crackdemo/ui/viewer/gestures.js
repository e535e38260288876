/** Wheel, drag, pinch, double-click and keys on the panes, as calls that say what was meant. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const WHEEL_SPEED = 0.0015;
  const KEY_ZOOM = 1.25;
  const KEY_PAN = 60;
  const CLICK_SLACK = 4;

  /**
   * @param {HTMLElement} pane
   * @param {Meaning} meaning
   */
  function listen(pane, meaning) {
    /** @param {MouseEvent} event */
    const place = (event) => {
      const box = pane.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    listenToWheel(pane, meaning, place);
    listenToPointers(pane, meaning, place);
    listenToKeys(pane, meaning);
    pane.addEventListener("dblclick", (event) => meaning.toggle(place(event)));
  }

  /**
   * @param {HTMLElement} pane
   * @param {Meaning} meaning
   * @param {(event: MouseEvent) => Point} place
   */
  function listenToWheel(pane, meaning, place) {
    /** @param {WheelEvent} event */
    const turned = (event) => {
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      const factor = Math.exp(-event.deltaY * lines * WHEEL_SPEED * (event.ctrlKey ? 6 : 1));
      if (meaning.zoom(factor, place(event)) || event.ctrlKey) event.preventDefault();
    };
    pane.addEventListener("wheel", turned, { passive: false });
  }

  /**
   * @param {HTMLElement} pane
   * @param {Meaning} meaning
   * @param {(event: MouseEvent) => Point} place
   */
  function listenToPointers(pane, meaning, place) {
    /** @type {Map<number, Point>} */
    const pointers = new Map();
    /** @type {Point | null} */
    let start = null;
    /** Something that is drawn or moved on the photo. @type {Grip | null} */
    let held = null;
    pane.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      pane.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, place(event));
      start = pointers.size === 1 ? place(event) : null;
      held?.cancel();
      held = start && meaning.grab(start, event.pointerType !== "mouse");
    });
    pane.addEventListener("pointermove", (event) => {
      const now = place(event);
      const before = pointers.get(event.pointerId);
      meaning.hover(now, pane);
      if (!before) return;
      if (held) {
        held.move(now);
        return;
      }
      if (start && distance(start, now) > CLICK_SLACK) start = null;
      if (start) return;
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) pinch(meaning, other, before, now);
      else meaning.pan(now.x - before.x, now.y - before.y);
      pointers.set(event.pointerId, now);
    });
    /** @param {PointerEvent} event */
    const end = (event) => {
      if (!pointers.delete(event.pointerId)) return;
      const isTouch = event.pointerType !== "mouse";
      if (held) {
        if (event.type === "pointerup") held.end();
        else held.cancel();
        held = start = null;
      }
      if (start && event.type === "pointerup") meaning.click(start, isTouch);
      start = null;
    };
    pane.addEventListener("pointerup", end);
    pane.addEventListener("pointercancel", end);
    for (const type of ["pointerleave", "blur"]) {
      pane.addEventListener(type, () => meaning.hover(null, pane));
    }
  }

  /** @param {Point} a @param {Point} b */
  const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

  /**
   * One of two fingers has moved: the photo follows their middle and their distance.
   *
   * @param {Meaning} meaning
   * @param {Point} other
   * @param {Point} before
   * @param {Point} now
   */
  function pinch(meaning, other, before, now) {
    const factor = distance(other, now) / Math.max(1, distance(other, before));
    meaning.zoom(factor, { x: (other.x + now.x) / 2, y: (other.y + now.y) / 2 });
    meaning.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  /** @param {HTMLElement} pane @param {Meaning} meaning */
  function listenToKeys(pane, meaning) {
    /** @type {Keys} */
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
      const action = keys[nameOf(event)];
      if (!action) return;
      event.preventDefault();
      action();
      meaning.hover(meaning.focus(), null);
    });
  }

  /** A key with its modifiers, as `Keys` has it. @type {GesturesPart["nameOf"]} */
  function nameOf(event) {
    const modifier = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
    const shift = modifier && event.shiftKey ? "Shift+" : "";
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    return modifier + shift + key;
  }

  crackdemo.gestures = { listen, nameOf };
})(globalThis);
