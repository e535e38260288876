/**
 * The knobs' fields: what cannot be is said beside them and never changed behind somebody's back,
 * kernels have odd sizes, the arrows go back to the weights' own settings, and the viewer follows a
 * slider at once.
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
  const KERNELS = ["opening", "closing"];
  /** The Tune tab has a mask's knobs too, with ids that begin so. */
  const TUNE = "tune-";

  /** @param {string[]} ids @param {string} [inside] */
  const selector = (ids, inside = "") => ids.map((id) => `#${id}${inside}`).join(", ");
  const HERE = Object.keys(KNOBS);
  const EVERYWHERE = [...HERE, ...HERE.map((id) => TUNE + id)];

  /**
   * Milliseconds without a move after which gradio hears of a slider that a hand still holds. What it
   * does with each move takes as long as the mask.
   */
  const REST = 120;

  /** What is in force. @type {Partial<Settings>} */
  let present = {};
  /** What the arrows go back to, by the prefix of the ids. @type {{ [prefix: string]: Partial<Settings> }} */
  const own = { "": { opacity: 0.5 }, [TUNE]: {} };
  /** Takes a slider's value, where it can. @type {(name: keyof Settings, value: number) => boolean} */
  let moved = () => false;
  /** The slider of which gradio has not heard yet. @type {HTMLInputElement | null} */
  let behind = null;
  let isHeard = false;
  /** Where a slider was when a finger came down on it. */
  let touched = /** @type {{ slider: HTMLInputElement, value: string } | null} */ (null);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;

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

  /** The knob's widget in which a field is. @param {EventTarget | null} field */
  function blockOf(field) {
    return field instanceof HTMLInputElement ? field.closest(selector(EVERYWHERE)) : null;
  }

  /** @type {FieldsPart["fault"]} */
  function fault(id, value, { min, max }, kept = "the number before") {
    const knob = id.replace(TUNE, "");
    const { title } = KNOBS[knob];
    const stays = `${kept} stays in force`;
    if (Number.isNaN(value)) return `${title} needs a number: ${stays}.`;
    if (knob === "scale") {
      return value < 0 ? `A scale cannot be below 0 (0: not known): ${stays}.` : "";
    }
    if (value < min || value > max) return `${title} lies between ${min} and ${max}: ${stays}.`;
    if (KERNELS.includes(knob) && value > 1 && value % 2 === 0) {
      return `${title} must be odd, or 0 for none: ${stays}.`;
    }
    const isWhole = knob !== "threshold" && knob !== "opacity";
    return isWhole && value % 1 ? `${title} must be a whole number: ${stays}.` : "";
  }

  /** Why a field's text cannot be; nothing where it can. @param {HTMLInputElement} field */
  function faultOf(field, id = blockOf(field)?.id ?? "") {
    /** @type {HTMLInputElement | null} */
    const range = document.querySelector(`#${id} input[type=range]`);
    const ends = { min: Number(range?.min), max: Number(range?.max) };
    const known = id in KNOBS ? present[KNOBS[id].name] : undefined;
    return fault(id, field.valueAsNumber, ends, known?.toString());
  }

  /** @param {string} id @param {string} words */
  function say(id, words) {
    const block = document.getElementById(id);
    /** @type {HTMLElement | null} */
    let place = block?.querySelector(".field-fault") ?? null;
    if (!place && words) {
      place = crackdemo.element("p", { class: "field-fault", role: "alert", id: `${id}-fault` });
      block?.append(place);
    }
    if (place) place.textContent = words;
    const field = block?.querySelector("input[type=number]");
    if (words) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }

  /**
   * A slider over kernels skips the sizes that none has, onward in the direction of the hand: its
   * number is still the one before.
   *
   * @param {HTMLInputElement} slider @param {Element} block
   */
  function makeOdd(slider, block) {
    if (!KERNELS.includes(block.id.replace(TUNE, ""))) return;
    /** @type {HTMLInputElement | null} */
    const number = block.querySelector("input[type=number]");
    const value = Number(slider.value);
    if (!number || value === 0 || (value > 1 && value % 2 === 1)) return;
    const isUp = value > number.valueAsNumber;
    if (value < 3) put(slider, isUp ? "3" : "0");
    else put(slider, String(value + (isUp ? 1 : -1)));
  }

  /** @type {FieldsPart["onmove"]} */
  function onmove(callback) {
    moved = callback;
  }

  /**
   * A slider's move goes to the viewer, past gradio, which hears of it when the hand lets go or
   * rests. What gradio draws of a slider is drawn here until then.
   *
   * @param {Event} event @param {HTMLInputElement} slider @param {Element} block
   */
  function follow(event, slider, block) {
    const knob = KNOBS[block.id];
    if (isHeard || !knob || !moved(knob.name, slider.valueAsNumber)) return;
    event.stopImmediatePropagation();
    const number = block.querySelector("input[type=number]");
    if (number instanceof HTMLInputElement) put(number, slider.value);
    const [min, max] = [Number(slider.min), Number(slider.max)];
    const share = (100 * (slider.valueAsNumber - min)) / (max - min);
    slider.style.setProperty("--range_progress", `${share}%`);
    if (behind !== slider) hear();
    behind = slider;
    clearTimeout(resting);
    resting = setTimeout(hear, REST);
  }

  /** Gradio hears of the slider that it has not heard of yet. */
  function hear() {
    const slider = behind;
    behind = null;
    clearTimeout(resting);
    if (!slider?.isConnected) return;
    isHeard = true;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    isHeard = false;
  }

  /** @param {PointerEvent} event */
  function touch({ target, pointerType }) {
    const slider = target instanceof HTMLInputElement && target.type === "range" ? target : null;
    touched = slider && pointerType === "touch" ? { slider, value: slider.value } : null;
  }

  /** A finger that came down on a slider scrolls: it did not mean the slider. */
  function letGo() {
    if (!touched || !blockOf(touched.slider)) return;
    const { slider, value } = touched;
    touched = null;
    if (slider.value === value) return;
    put(slider, value);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    hear();
  }

  /** @type {FieldsPart["unheard"]} */
  function unheard() {
    const knob = behind && blockOf(behind)?.id;
    return behind && knob ? { [KNOBS[knob].name]: behind.valueAsNumber } : {};
  }

  /** @param {Event} event */
  function check(event) {
    const block = blockOf(event.target);
    if (!block) return;
    const field = /** @type {HTMLInputElement} */ (event.target);
    if (field.type === "range") {
      makeOdd(field, block);
      follow(event, field, block);
    }
    const words = field.type === "range" ? "" : faultOf(field);
    if (words) event.stopImmediatePropagation();
    say(block.id, words);
  }

  /** An arrow goes back to the weights' own. @param {Event} event */
  function goBack(event) {
    if (!(event.target instanceof Element)) return;
    const id = event.target.closest("button.reset-button")?.closest(selector(EVERYWHERE))?.id;
    const prefix = id?.startsWith(TUNE) ? TUNE : "";
    const value = id && own[prefix][KNOBS[id.replace(TUNE, "")].name];
    if (!id || value === undefined) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    if (prefix) say(id, "");
    else mend();
    const field = `#${id} input[type=number]`;
    write(field, String(value));
    document.querySelector(field)?.dispatchEvent(new Event("change", { bubbles: true }));
  }

  if (typeof document !== "undefined") {
    document.addEventListener("input", check, true);
    document.addEventListener("change", hear, true);
    document.addEventListener("pointerdown", touch, true);
    document.addEventListener("pointercancel", letGo, true);
    document.addEventListener("click", goBack, true);
  }

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
  }

  /** @type {FieldsPart["setOwn"]} */
  const setOwn = (mask, prefix = "") => {
    own[prefix] = { opacity: 0.5, ...mask };
  };

  crackdemo.fields = { write, fault, mend, inForce, setOwn, onmove, unheard };
})(globalThis);
