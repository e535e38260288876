/** Builds elements of the page. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /**
   * @param {string} tag
   * @param {Object<string, string | number | boolean | Function>} attributes an `on...` function
   *   listens; true sets an empty attribute, false none
   * @param {...(Node | string)} children
   * @returns {HTMLElement}
   */
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
