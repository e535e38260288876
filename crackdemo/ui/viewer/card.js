/** The selected crack's measures and what can be done with it, on the crack itself. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Pixels between the crack's frame and the card. */
  const GAP = 10;

  /** @param {{drop: () => void, restore: () => void}} actions for the selected component */
  function create({ drop, restore }) {
    const { element, wording } = crackdemo;
    const title = element("strong");
    const facts = element("dl");
    // one button for good: were it replaced while it is pressed, the click would be lost
    const button = element("button", {
      type: "button",
      title: "Delete",
      onclick: () => (isDropped ? restore() : drop()),
    });
    const root = element("div", { class: "selection", hidden: true }, title, facts, button);
    let isDropped = false;
    let size = { width: 0, height: 0 };
    /** What stands in the card. */
    let said = "";

    /** @type {Card["show"]} */
    function show(selection, mmPerPx) {
      root.hidden = !selection;
      if (!selection) return;
      isDropped = selection.isDropped;
      const { name, facts: pairs } = wording.selection(selection, mmPerPx);
      const text = [name, ...pairs.flat()].join("|");
      if (text === said) return;
      said = text;
      title.textContent = name;
      button.textContent = isDropped ? "Restore" : "Drop as false alarm";
      facts.replaceChildren(
        ...pairs.map(([fact, value]) =>
          element("div", {}, element("dt", {}, `${fact} `), element("dd", {}, value)),
        ),
      );
      size = { width: root.offsetWidth, height: root.offsetHeight };
    }

    /**
     * Beside the crack where there is room; it stays under a hand that is on it.
     *
     * @type {Card["place"]}
     */
    function place(box, stage) {
      if (root.hidden || root.matches(":hover")) return;
      if (size.width === 0) size = { width: root.offsetWidth, height: root.offsetHeight };
      const { width, height } = size;
      /** @param {number} start @param {number} length @param {number} whole */
      const within = (start, length, whole) => Math.max(GAP, Math.min(start, whole - length - GAP));
      const x = within((box.left + box.right - width) / 2, width, stage.width);
      const y = within((box.top + box.bottom - height) / 2, height, stage.height);
      const places = [
        { x: box.right + GAP, y },
        { x: box.left - GAP - width, y },
        { x, y: box.bottom + GAP },
        { x, y: box.top - GAP - height },
      ];
      const free = places.find(
        (at) =>
          at.x >= 0 && at.y >= 0 && at.x + width <= stage.width && at.y + height <= stage.height,
      );
      const corner = { x: stage.width - width - GAP, y: stage.height - height - GAP };
      const { x: left, y: top } = free ?? corner;
      root.style.translate = `${Math.round(left)}px ${Math.round(top)}px`;
    }

    return { root, show, place };
  }

  crackdemo.card = { create };
})(globalThis);
