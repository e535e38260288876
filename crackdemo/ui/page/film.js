/**
 * The film strip: every scored photo with its verdict as a badge, filtered by it, in the order of
 * the uploads or by score. The photo on show is judged in the page; the others by the server, as
 * soon as the hand rests.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Milliseconds without a change after which the others are judged anew. */
  const REST = 500;
  /** @type {Filter[]} */
  const FILTERS = ["all", "crack", "check", "no_crack"];

  /** @type {FilmEntry[]} */
  let entries = [];
  /** Addresses of thumbnails by the photos' hashes. @type {Map<string, string>} */
  const thumbnails = new Map();
  const badges = crackdemo.badges.create();
  /** Whether the page has heard what the sliders are set to. */
  let isSet = false;
  /** Name of the photo on show. */
  let present = "";
  /** Name of the one that was chosen, until it is on show. */
  let wanted = "";
  /** @type {Filter} */
  let filter = "all";
  let isSorted = false;
  /** @type {Map<string, Cell>} */
  const cells = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let resting;
  let clicks = 0;

  const { element } = crackdemo;
  const strip = element("div", { id: "strip", role: "group", "aria-label": "Photos" });
  const filters = FILTERS.map((name) => {
    const title = element("span", {}, titleOf(name));
    const count = element("span", { class: "count" });
    const button = element(
      "button",
      { type: "button", "data-filter": name, "aria-pressed": "false", onclick: () => pick(name) },
      title,
      count,
    );
    return { name, button, title, count };
  });
  const sorting = element(
    "select",
    {
      "aria-label": "Order of the photos",
      onchange: () => {
        isSorted = sorting.value === "score";
        draw();
      },
    },
    element("option", { value: "order" }, "as uploaded"),
    element("option", { value: "score" }, "highest score first"),
  );
  const masks = element("input", {
    type: "checkbox",
    id: "film-masks",
    onchange: () => strip.classList.toggle("with-masks", masks.checked),
  });
  const bar = element(
    "div",
    { class: "film-bar" },
    element(
      "div",
      { class: "filters", role: "group", "aria-label": "Show photos of one verdict" },
      ...filters.map(({ button }) => button),
    ),
    sorting,
    element("label", {}, masks, " masks"),
  );
  const root = element("div", { class: "film", hidden: true }, bar, strip);

  /** @param {Filter} name */
  function pick(name) {
    filter = name;
    draw();
  }

  /** @type {FilmPart["mount"]} */
  function mount() {
    const place = document.querySelector("#film .film-place");
    if (place && !place.contains(root)) place.replaceChildren(root);
  }

  /** @type {FilmPart["show"]} */
  function show(files, data) {
    data.fresh.forEach((sha256, i) => {
      thumbnails.set(sha256, files[i].url);
    });
    badges.rest({ weights: data.weights ?? "" });
    entries = data.entries;
    const names = new Set(entries.map(({ name }) => name));
    if (!names.has(wanted)) wanted = "";
    badges.keep(names);
    document.body.dataset.photos = entries.length > 0 ? "some" : "none";
    crackdemo.kept.save({ photos: entries.length });
    draw();
    askSoon();
  }

  /** @type {FilmPart["lookFor"]} */
  function lookFor({ only, what }) {
    if (badges.rest({ only, what })) draw();
    askSoon();
  }

  /** In the words of what is looked for, which weights and class decide. @param {Filter} name */
  function titleOf(name) {
    return name === "all" ? "All" : crackdemo.verdict.word(name, badges.basis().what);
  }

  /** @param {FilmEntry} entry */
  const scoreOf = ({ name, score }) => badges.of(name)?.score ?? score;
  /** @param {FilmEntry} entry */
  const isStale = ({ name }) => badges.isStale(name);

  function draw() {
    mount();
    root.hidden = entries.length < 2;
    for (const { name, button, title, count } of filters) {
      title.textContent = titleOf(name);
      const number = entries.filter((entry) => isOf(entry, name)).length;
      count.textContent = ` ${number}`;
      button.setAttribute("aria-pressed", String(name === filter));
    }
    const seen = root.hidden ? [] : entries.filter((entry) => isOf(entry, filter));
    if (isSorted) seen.sort((a, b) => scoreOf(b) - scoreOf(a));
    const drawn = seen.map(cellOf);
    const isSame =
      drawn.length === strip.children.length && drawn.every((one, i) => one === strip.children[i]);
    if (!isSame) strip.replaceChildren(...drawn);
    for (const name of [...cells.keys()]) {
      if (!entries.some((entry) => entry.name === name)) cells.delete(name);
    }
  }

  /** @param {FilmEntry} entry @param {Filter} state */
  const isOf = (entry, state) => state === "all" || badges.of(entry.name)?.state === state;

  /** A photo's button, the same one for as long as the photo is there. @param {FilmEntry} entry */
  function cellOf(entry) {
    const { name, sha256 } = entry;
    const cell = cells.get(name) ?? createCell(name);
    const url = thumbnails.get(sha256) ?? "";
    if (cell.picture.getAttribute("src") !== url) cell.picture.src = url;
    const verdict = badges.of(name);
    const word = verdict ? titleOf(verdict.state) : "";
    // that of the whole photo is none of a class's that is shown alone
    const isScored = verdict || !badges.basis().only;
    const score = isScored ? `score ${scoreOf(entry).toFixed(2)}` : "";
    const spoken = [name, word, score].filter(Boolean).join(", ");
    cell.button.title = spoken;
    cell.button.classList.toggle("selected", name === present);
    cell.button.classList.toggle("stale", Boolean(verdict) && isStale(entry));
    if (name === present) cell.button.setAttribute("aria-current", "true");
    else cell.button.removeAttribute("aria-current");
    if (cell.mask.getAttribute("src") !== (verdict?.mask ?? ""))
      cell.mask.src = verdict?.mask ?? "";
    cell.mask.hidden = !verdict?.mask;
    if (cell.badge.textContent !== word || cell.badge.dataset.state !== (verdict?.state ?? "")) {
      const badge = verdict ? crackdemo.line.badge(verdict.state, word) : element("span");
      badge.dataset.state ??= "";
      cell.badge.replaceWith(badge);
      cell.badge = badge;
    }
    return cell.button;
  }

  /** @param {string} name @returns {Cell} */
  function createCell(name) {
    const picture = element("img", { alt: "", loading: "lazy" });
    const mask = element("img", { alt: "", class: "mask", hidden: true });
    const badge = element("span", { "data-state": "" });
    const button = element(
      "button",
      { type: "button", onclick: () => choose(name) },
      picture,
      mask,
      badge,
      " ",
      element("span", { class: "name" }, name),
    );
    const cell = { button, picture, mask, badge };
    cells.set(name, cell);
    return cell;
  }

  /** @type {FilmPart["choose"]} */
  function choose(name) {
    present = name;
    wanted = name;
    draw();
    clicks++;
    crackdemo.fields.write("#film-chosen textarea", JSON.stringify({ name, clicks }));
  }

  /** @type {FilmPart["live"]} */
  function live(meta, state) {
    const { name, score } = meta;
    if (name === wanted) wanted = "";
    const isOther = present !== name && !wanted; // else an answer to a click before the last one
    if (isOther) present = name;
    const isNews = state !== null && badges.live(name, meta, state, score);
    if (!isOther && !isNews) return; // nothing to draw at every move of a slider
    draw();
    if (isOther) cells.get(name)?.button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** @type {FilmPart["setSettings"]} */
  function setSettings(next) {
    isSet = true;
    if (!badges.setSettings(next)) return;
    strip.classList.add("moving");
    askSoon();
  }

  /** @type {FilmPart["forget"]} */
  function forget(sha256) {
    for (const entry of entries) {
      if (entry.sha256 === sha256 || !sha256) badges.forget(entry.name);
    }
    draw();
    askSoon();
  }

  function askSoon() {
    clearTimeout(resting);
    if (!isSet) return;
    resting = setTimeout(() => {
      draw();
      strip.classList.remove("moving");
      crackdemo.page.agree(badges.basis().weights);
      if (entries.length > 1 && entries.some(isStale))
        document.getElementById("film-judge")?.click();
    }, REST);
  }

  /** @type {FilmPart["question"]} */
  function question(values) {
    const { filled, cut } = crackdemo.settings;
    const names = entries.map(({ name }) => name);
    return badges.question(names, cut(filled(values)));
  }

  /** @type {FilmPart["judge"]} */
  function judge(answer) {
    if (!answer) return;
    if (!badges.judge(answer)) askSoon();
    draw();
  }

  crackdemo.film = {
    mount,
    show,
    lookFor,
    choose,
    live,
    setSettings,
    forget,
    question,
    judge,
    known: () => [...thumbnails.keys()],
    nameOf: (sha256) => entries.find((entry) => entry.sha256 === sha256)?.name ?? null,
  };
})(globalThis);
