/** The line above the views: the photo's verdict in a word, what is marked, and why on demand. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  const ICON = (/** @type {string} */ path) =>
    `<svg viewBox="0 0 20 20" aria-hidden="true"><path d="${path}"/></svg>`;

  /** @type {LinePart["badge"]} */
  function badge(state, word = crackdemo.verdict.word(state)) {
    const { ICONS } = crackdemo.verdict;
    const built = crackdemo.element("strong", { class: "state", "data-state": state });
    built.innerHTML = ICON(ICONS[state]);
    built.append(word);
    return built;
  }

  /** What is shown: nothing is drawn anew that has not changed. */
  let shown = "";
  let isOpen = false;
  /** The photo whose verdict it is. @type {string | undefined} */
  let of;

  /** @type {LinePart["show"]} */
  function show(said) {
    const place = document.querySelector("#verdict .verdict-place");
    if (!place) return;
    const text = JSON.stringify(said);
    // of another photo nobody has asked
    if (said?.name !== of) isOpen = false;
    of = said?.name;
    if (text === shown && place.hasChildNodes() === Boolean(said)) return;
    shown = text;
    if (!said) {
      place.replaceChildren();
      place.removeAttribute("data-state");
      return;
    }
    const { element } = crackdemo;
    const { state, text: sentence, name, why } = said;
    // the line itself may be cut off
    const whole = [element("strong", {}, sentence), element("br", {}), why];
    const details = element("p", { class: "why", id: "verdict-why", hidden: !isOpen }, ...whole);
    const button = element(
      "button",
      {
        type: "button",
        "aria-expanded": String(isOpen),
        "aria-controls": "verdict-why",
        onclick: () => {
          isOpen = !isOpen;
          const now = place.querySelector(".why");
          if (now instanceof HTMLElement) now.hidden = !isOpen;
          place.querySelector("button")?.setAttribute("aria-expanded", String(isOpen));
        },
      },
      "Why?",
    );
    const parts = [
      ...(state ? [badge(state)] : []),
      element("span", { class: "said", title: sentence }, sentence),
      element("span", { class: "name", title: name }, name),
      ...(why ? [button, details] : []),
    ];
    const hadFocus = place.contains(document.activeElement);
    place.setAttribute("data-state", state ?? "");
    place.replaceChildren(...parts);
    if (hadFocus) button.focus({ preventScroll: true });
  }

  document.addEventListener("keydown", ({ key }) => {
    const button = document.querySelector("#verdict button[aria-expanded=true]");
    if (key === "Escape" && button instanceof HTMLElement) button.click();
  });

  crackdemo.line = { show, badge };
})(globalThis);
