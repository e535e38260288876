/** Builds elements of the page. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** @type {BuildElement} */
  function element(tag, attributes = {}, ...children) {
    const built = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") built.addEventListener(name.slice(2), value);
      else if (value !== false) built.setAttribute(name, value === true ? "" : String(value));
    }
    built.append(...children);
    return built;
  }

  crackdemo.element = element;
})(globalThis);
