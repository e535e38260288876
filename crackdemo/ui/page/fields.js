/**
 * The knobs' fields: what cannot be is said beside them and never changed behind somebody's back,
 * kernels have odd sizes, and the arrows go back to the weights' own settings.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** By the id of its widget: the knob's name in Python, and what to call it. */
  const KNOBS = /** @type {{ [id: string]: { name: keyof Settings, title: string } }} */ ({
    threshold: { name: "threshold", title: "The threshold" },
    opening: { name: "opening", title: "The opening" },
    closing: { name: "closing", title: "The closing" },
    grow: { name: "grow", title: "Growing" },
    "min-area": { name: "min_area", title: "The smallest crack" },
    opacity: { name: "opacity", title: "The opacity" },
    scale: { name: "mm_per_px", title: "The scale" },
  });
  const ODD = ["opening", "closing"];
  const FIELDS = Object.keys(KNOBS)
    .map((id) => `#${id} input`)
    .join(", ");

  /** What is in force. @type {Partial<Settings>} */
  let present = {};
  /** What the arrows go back to. @type {Partial<Settings>} */
  let own = { opacity: 0.5 };

  /**
   * Writes into a gradio widget as a hand would.
   *
   * @type {FieldsPart["write"]}
   */
  function write(selector, value) {
    /** @type {HTMLInputElement | HTMLTextAreaElement | null} */
    const field = document.querySelector(selector);
    if (!field || field.value === value) return;
    put(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** @param {HTMLInputElement | HTMLTextAreaElement} field @param {string} value */
  function put(field, value) {
    const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value")?.set?.call(field, value);
  }

  /** @param {EventTarget | null} target @returns {string} the widget's id, or nothing */
  function idOf(target) {
    if (!(target instanceof HTMLInputElement) || !target.matches(FIELDS)) return "";
    return (
      target.closest(
        Object.keys(KNOBS)
          .map((id) => `#${id}`)
          .join(", "),
      )?.id ?? ""
    );
  }

  /** Why a field's text cannot be; nothing where it can. @param {HTMLInputElement} field */
  function faultOf(field, id = idOf(field)) {
    const { name, title } = KNOBS[id];
    const kept = `${present[name] ?? "the number before"} stays in force`;
    const { valueAsNumber: value } = field;
    if (Number.isNaN(value)) return `${title} needs a number: ${kept}.`;
    if (id === "scale") {
      return value < 0 ? `A scale cannot be below 0 (0: not known): ${kept}.` : "";
    }
    /** @type {HTMLInputElement | null} */
    const range = document.querySelector(`#${id} input[type=range]`);
    const [least, most] = [Number(range?.min), Number(range?.max)];
    if (value < least || value > most)
      return `${title} lies between ${least} and ${most}: ${kept}.`;
    if (ODD.includes(id) && value > 1 && value % 2 === 0) {
      return `${title} must be odd, or 0 for none: ${kept}.`;
    }
    const isWhole = id !== "threshold" && id !== "opacity";
    return isWhole && value % 1 ? `${title} must be a whole number: ${kept}.` : "";
  }

  /** @param {string} id @param {string} fault */
  function say(id, fault) {
    const block = document.getElementById(id);
    /** @type {HTMLElement | null} */
    let place = block?.querySelector(".field-fault") ?? null;
    if (!place && fault) {
      place = crackdemo.element("p", { class: "field-fault", role: "alert", id: `${id}-fault` });
      block?.append(place);
    }
    if (place) place.textContent = fault;
    const field = block?.querySelector("input[type=number]");
    if (fault) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }

  /** A slider over kernels skips the even sizes, onward in the direction of the hand. */
  const direction = { last: /** @type {{ [id: string]: number }} */ ({}) };

  /** @param {HTMLInputElement} slider @param {string} id */
  function makeOdd(slider, id) {
    const value = Number(slider.value);
    const before = direction.last[id] ?? Number(present[KNOBS[id].name] ?? 0);
    const odd = value > 0 && value % 2 === 0 ? value + (value > before ? 1 : -1) : value;
    if (odd !== value) put(slider, String(odd));
    direction.last[id] = odd;
  }

  document.addEventListener(
    "input",
    (event) => {
      const id = idOf(event.target);
      if (!id) return;
      const field = /** @type {HTMLInputElement} */ (event.target);
      if (field.type === "range") {
        if (ODD.includes(id)) makeOdd(field, id);
        say(id, "");
        return;
      }
      const fault = faultOf(field, id);
      if (fault) event.stopImmediatePropagation();
      say(id, fault);
    },
    true,
  );

  document.addEventListener(
    "click",
    (event) => {
      if (!(event.target instanceof Element)) return;
      const arrow = event.target.closest("button.reset-button");
      const id = arrow?.closest(
        Object.keys(KNOBS)
          .map((one) => `#${one}`)
          .join(", "),
      )?.id;
      const value = id && own[KNOBS[id].name];
      if (!id || value === undefined) return;
      event.stopImmediatePropagation();
      event.preventDefault();
      mend();
      write(`#${id} input[type=number]`, String(value));
    },
    true,
  );

  /**
   * What could not be gives way to what is in force.
   *
   * @type {FieldsPart["mend"]}
   */
  function mend(first) {
    for (const [id, { name }] of Object.entries(KNOBS)) {
      /** @type {HTMLInputElement | null} */
      const field = document.querySelector(`#${id} input[aria-invalid]`);
      if (field && present[name] !== undefined) put(field, String(present[name]));
      say(id, "");
    }
    return first;
  }

  /** @type {FieldsPart["inForce"]} */
  function inForce(settings) {
    present = settings;
    direction.last = {};
  }

  /** @type {FieldsPart["setOwn"]} */
  const setOwn = (mask) => {
    own = { opacity: 0.5, ...mask };
  };

  crackdemo.fields = { write, mend, inForce, setOwn };
})(globalThis);
