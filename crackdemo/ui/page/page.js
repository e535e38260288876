/**
 * Glue between the page's widgets and the viewer. Python calls `crackdemo.page.*` from its events;
 * what a hand changes in the viewer is written back into the widgets.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;
  const { viewer, fields, film, kept, notice, carrying, downloads } = crackdemo;

  /**
   * What `page_data` in Python says of the photo on show, and of the one that is on its way.
   *
   * @type {PhotoMeta | null}
   */
  let shown = null;
  /** @type {PhotoMeta | null} */
  let coming = null;
  /**
   * False alarms dropped by hand, as pixels [x, y] by photo; the widget #dropped keeps them.
   *
   * @type {{ [photo: string]: number[][] }}
   */
  let dropped = {};
  /** @type {Regions} */
  let regions = {};
  /** The knobs as they are. @type {Settings | null} */
  let present = null;
  /** Whether it is said that a photo could not be shown. */
  let isLost = false;
  /** What the list of weights holds. */
  let weights = "";
  /** What the knobs, and more, are to become. @type {Snapshot | null} */
  let wantedNext = null;
  /** What was before other weights or a preset came. @type {Snapshot | null} */
  let before = null;

  const ACCEPTED = "image/*,.tif,.tiff,.heic,.heif,.avif,.webp,.bmp";

  /** The parts move in as soon as gradio has drawn their places, and again if it redraws them. */
  function mount() {
    const place = document.querySelector("#viewer .viewer-place");
    if (place) viewer.mount(place);
    film.mount();
    crackdemo.folding.label();
    crackdemo.names.mend();
    downloads.reveal();
    // gradio itself would turn other files away without a place in the list of refused ones
    document.querySelector("#photos input[type=file]")?.setAttribute("accept", ACCEPTED);
    /** @type {HTMLInputElement | null} */
    const field = document.querySelector("#weights input");
    weights ||= field?.value ?? "";
  }

  /** @type {PagePart["show"]} */
  function show(files, meta, droppedText, regionsText, settings, only) {
    mount();
    set(settings);
    dropped = JSON.parse(droppedText || "{}");
    regions = JSON.parse(regionsText || "{}");
    coming = meta;
    keep();
    if (isLost) notice.say("");
    isLost = false;
    if (!meta) {
      viewer.clear();
      forget("");
      return;
    }
    film.lookFor(meta);
    // of two answers that are on their way at once the older one may come last
    if (meta.asked !== (only ?? "")) redraw();
    const [photo, heatmap, ...more] = files.map((file) => file.url);
    const reconstruction = meta.hasReconstruction ? more.shift() : null;
    const [region] = more;
    viewer
      .show({
        id: meta.id,
        sha256: meta.sha256,
        photoUrl: photo,
        reconstructionUrl: reconstruction ?? null,
        heatmapUrl: heatmap,
        regionUrl: region ?? null,
        region: regionOf(meta.sha256),
        kernels: crackdemo.kernels,
        cleanQuantiles: meta.cleanQuantiles,
        dropped: droppedOn(meta).map(([x, y]) => ({ x, y })),
        verdict: { crack: meta.crack, hasRegion: meta.hasRegion },
        what: meta.what,
        colour: meta.colour,
      })
      .catch(() => coming === meta && forget(`${meta.name} could not be shown.`));
  }

  /** The server shows the photo on show once more, as it is to be now. */
  function redraw() {
    document.getElementById("redraw")?.click();
  }

  /** @type {PagePart["agree"]} */
  function agree(weights) {
    if (coming && coming.weights !== weights) redraw();
  }

  /**
   * By a photo's content. Older presets know a photo by its name alone: what they say belongs to
   * the first of that name that is shown, and to no other one afterwards.
   *
   * @param {PhotoMeta} meta
   */
  function droppedOn({ sha256, name }) {
    if (name in dropped) {
      const { [name]: byName, ...others } = dropped;
      setDropped({ [sha256]: byName, ...others });
    }
    return dropped[sha256] ?? [];
  }

  /** @param {{ [photo: string]: number[][] }} next */
  function setDropped(next) {
    dropped = next;
    fields.write("#dropped textarea", JSON.stringify(dropped));
    keep();
  }

  /** @param {string} sha256 @returns {Region} */
  function regionOf(sha256) {
    const own = regions.photos?.[sha256];
    return { polygons: own ?? regions.all ?? [], isForAll: !own };
  }

  /**
   * Regions as they are to be: outlined at once, cut and scored by the server.
   *
   * @param {Regions} next @param {string} [photo] on which the change is seen; none: on any
   */
  function setRegions(next, photo) {
    regions = next;
    fields.write("#regions textarea", JSON.stringify(regions));
    if (shown) viewer.outline(regionOf(shown.sha256));
    keep();
    downloads.change();
    film.forget(null);
    if (photo && shown && photo !== shown.sha256) turnTo(photo);
    else redraw();
  }

  /** @param {string} photo that is not on show */
  function turnTo(photo) {
    const name = film.nameOf(photo);
    if (name) film.choose(name);
  }

  /** @param {Region} region that was drawn on a photo @param {string} photo @returns {Regions} */
  function withRegion({ polygons, isForAll }, photo) {
    const { [photo]: _, ...others } = regions.photos ?? {};
    if (isForAll) return { all: polygons, photos: others };
    return { all: regions.all ?? [], photos: { ...others, [photo]: polygons } };
  }

  /** The viewer itself says what went wrong, and offers to try again. @param {string} text */
  function forget(text) {
    shown = null;
    crackdemo.line.show(text ? { state: null, text, name: "", why: "" } : null);
  }

  /** @type {PagePart["set"]} */
  function set(settings) {
    downloads.change();
    const { filled, cut } = crackdemo.settings;
    present = filled({ ...settings, ...fields.unheard() });
    fields.inForce(present);
    film.setSettings(cut(present));
    viewer.set(present);
    keep();
  }

  function keep() {
    if (!present) return;
    const onShow = coming?.name ?? "";
    kept.save({ weights, values: present, dropped, regions, onShow });
  }

  /** @param {State} state of the photo on show, which the viewer keeps until the next is there */
  function tell(state) {
    if (coming && state.id === coming.id) shown = coming;
    if (!shown || state.id !== shown.id) return;
    const { name, crack, score, scoreSays, scoreThreshold, hasRegion } = shown;
    const said = crackdemo.wording.result(state, { crack, hasRegion }, present?.mm_per_px ?? 0);
    if (!said) return;
    const where = hasRegion ? " in the region of interest" : "";
    const { word } = crackdemo.verdict;
    const why =
      `The score says ${scoreSays}: score ${score.toFixed(3)}${where}; from ` +
      `${scoreThreshold.toFixed(3)} on it says ${word("crack").toLowerCase()}. The mask is what ` +
      `the sliders mark. ${word("crack")}: both say so. ${word("no_crack")}: neither does, or all ` +
      "that was marked is dropped by hand. Check: they disagree, so that a person should look.";
    crackdemo.line.show({ ...said, name, why });
    film.live(shown, said.state);
  }

  /** Times that false alarms went to the Train tab: each is news there. */
  let lessons = 0;

  /** @type {PagePart["learn"]} */
  async function learn(files) {
    downloads.end();
    const zip = await carrying.fetched(files[0].url, "corrections.zip", "application/zip");
    carrying.open("Train");
    // photos are uploaded, whatever was to be learnt from before
    (await carrying.drawn("#data-source input")).click();
    await carrying.emptied("#data-files"); // what lies there already is of another lesson
    await carrying.into("#data-files input[type=file]", [zip]);
    fields.write("#lesson textarea", `${weights}|${++lessons}`);
  }

  /** After a lost connection: scoring goes on, and what the server has on show is shown. */
  function resume() {
    document.getElementById("resume")?.click();
  }

  /** Scoring begins anew with what is missing, the photo that was chosen first. */
  function goOn() {
    document.getElementById("go-on")?.click();
  }

  /** @returns {Snapshot} */
  const snapshot = () => ({ weights, values: present ?? undefined });

  /** @type {PagePart["restore"]} */
  function restore(next) {
    wantedNext = next;
    before = null;
    // until their mask is there; names as they were chosen
    viewer.hold(shown !== null && next.weights !== weights);
    fields.mend();
    document.getElementById("restore-settings")?.click();
  }

  /** @type {PagePart["wanted"]} */
  function wanted(names) {
    const next = wantedNext ?? snapshot();
    const isOther = next.weights !== weights; // their run shows what there is
    weights = next.weights;
    const values = next.values ?? present;
    if (next.dropped) dropped = next.dropped;
    if (next.regions) regions = next.regions;
    if (shown && !isOther && (next.dropped || next.regions)) redraw();
    film.forget(null);
    return [
      weights,
      JSON.stringify(dropped),
      JSON.stringify(regions),
      // where no photo has been shown yet, the other knobs stay as they are
      ...names.map((name) => values?.[name] ?? { __type__: "update" }),
    ];
  }

  /** @type {PagePart["beforeWeights"]} */
  function beforeWeights(name) {
    if (name === weights) return; // leaving the field tells of the same choice again
    // a name that was refused, or is still being looked up, never was in force
    before = { ...snapshot(), weights: before?.weights ?? weights, dropped };
    weights = name;
    notice.say("");
    const { activeElement } = document;
    if (activeElement instanceof HTMLElement && activeElement.closest("#weights")) {
      activeElement.blur(); // Ctrl+Z is then the page's, not the field's
    }
  }

  /** Nothing of what others had marked, while it is on show, is dropped for these. @param {string} name */
  function holdFor(name) {
    const seenWith = shown?.weights.slice(0, shown.weights.lastIndexOf("@"));
    viewer.hold(shown !== null && seenWith !== name);
  }

  /** @type {PagePart["refused"]} */
  function refused(why) {
    if (!why || !shown) return;
    viewer.hold(false); // no other mask is on its way
    redraw();
  }

  /** The server had what was asked for, and could not hand it over. */
  function lost() {
    isLost = true;
    notice.say(
      "The photo could not be shown. If no reason was given, the server has most likely no disk space left: free some there, then choose it again.",
    );
  }

  /** @type {PagePart["own"]} */
  function own(data) {
    notice.about(data);
    if (data.weights === weights) holdFor(weights);
    else viewer.hold(false);
    fields.setOwn(data.mask);
    fields.mend();
    const past = before;
    before = null;
    if (!past?.values) {
      keep();
      return;
    }
    const { values } = past;
    const isOther = past.weights !== data.weights; // not after a name that was refused
    const dropped = isOther ? {} : past.dropped;
    const next = { weights, values: { ...values, ...data.mask }, dropped };
    const left = isOther ? leftBehind(past, data.weights) : "";
    const text = [broughtBy(data, values), left].filter(Boolean).join(" ");
    did({ undo: () => restore(past), redo: () => restore(next) }, text);
  }

  /** @param {Pick<OwnSettings, "weights" | "mask">} data @param {Partial<Settings>} values @returns {string} */
  function broughtBy(data, values) {
    const changed = Object.entries(data.mask)
      .filter(([name, value]) => values[/** @type {keyof Settings} */ (name)] !== value)
      .map(([name, value]) => `${name.replace("min_area", "smallest crack")} ${value}`);
    return changed.length === 0
      ? ""
      : `${data.weights} brought its own settings: ${changed.join(", ")}.`;
  }

  /**
   * What was dropped is what certain weights had marked: others mark other things, of which a
   * dropped pixel may be a part.
   *
   * @param {Snapshot} past @param {string} name of the other weights @returns {string}
   */
  function leftBehind(past, name) {
    if (!hasAny(past.dropped)) return "";
    setDropped({});
    return `False alarms that were dropped with ${past.weights} do not count for ${name}.`;
  }

  /** @param {Snapshot["dropped"]} drops @returns {boolean} */
  function hasAny(drops) {
    return Object.values(drops ?? {}).some((dots) => dots.length > 0);
  }

  /** @param {Snapshot["regions"]} one @returns {boolean} */
  function hasOutline({ all, photos } = {}) {
    return Boolean(all?.length) || Object.values(photos ?? {}).some((each) => each.length > 0);
  }

  /**
   * What the note's own Undo takes back, too; that can be undone itself. The note goes with either
   * Undo, or its button would take back what is taken back.
   *
   * @param {Deed} deed @param {string} text
   */
  function did(deed, text) {
    const back = {
      undo: () => {
        notice.say("");
        deed.undo();
      },
      redo: deed.redo,
    };
    viewer.did(back);
    if (!text) return;
    notice.say(text, () => {
      back.undo();
      viewer.did({ undo: back.redo, redo: back.undo });
    });
  }

  function beforePreset() {
    before = { ...snapshot(), dropped, regions };
    notice.say("");
  }

  /** @type {PagePart["afterPreset"]} */
  function afterPreset({ text, name, hasDrops, hasRegion }) {
    const past = before;
    before = null;
    fields.mend();
    film.forget(null);
    if (!past) return;
    const gone = [
      !hasDrops && hasAny(past.dropped) ? "What you had dropped by hand counts no longer." : "",
      !hasRegion && hasOutline(past.regions) ? "The region of interest counts no longer." : "",
    ];
    let next = past;
    const deed = {
      undo: () => {
        next = { ...snapshot(), dropped, regions };
        restore(past);
      },
      redo: () => restore(next),
    };
    did(deed, `Settings of ${name}. ${[text, ...gone].filter(Boolean).join(" ")}`.trim());
  }

  /** @type {PagePart["useWeights"]} */
  function useWeights({ name, mask }) {
    carrying.open("Inspect");
    for (const part of [scope, document.querySelector("#controls")]) part?.scrollTo(0, 0);
    const past = { ...snapshot(), dropped };
    const next = { weights: name, values: { ...present, ...mask }, dropped: {} };
    restore(next);
    const brought = broughtBy({ weights: name, mask }, past.values ?? {});
    const text = [brought || `${name} looks at the photos now.`, leftBehind(past, name)];
    did({ undo: () => restore(past), redo: () => restore(next) }, text.filter(Boolean).join(" "));
  }

  fields.onmove((name, value) => {
    if (present) set({ ...present, [name]: value });
    return present !== null;
  });
  viewer.onstate(tell);
  viewer.onchange((changed) => {
    downloads.change();
    if ("threshold" in changed)
      fields.write("#threshold input[type=number]", changed.threshold.toFixed(3));
    if ("mm_per_px" in changed) {
      fields.write("#scale input", String(Number(changed.mm_per_px.toPrecision(4))));
    }
    if ("dropped" in changed) {
      const { photo } = changed;
      setDropped({ ...dropped, [photo]: changed.dropped.map(({ x, y }) => [x, y]) });
      if (before) before = { ...before, dropped }; // a preset or other weights are on their way
      if (shown && photo !== shown.sha256) {
        film.forget(photo);
        turnTo(photo);
      }
    }
    if ("region" in changed) {
      const past = regions;
      const next = withRegion(changed.region, changed.photo);
      setRegions(next);
      const photo = changed.region.isForAll ? undefined : changed.photo;
      viewer.did({ undo: () => setRegions(past, photo), redo: () => setRegions(next, photo) });
      const photos = document.querySelectorAll("#strip button").length;
      if (changed.region.isForAll && changed.region.polygons.length > 0 && photos > 1) {
        notice.say(
          `The region counts for all ${photos} photos; choose “on this photo” for this one.`,
        );
      }
    }
  });

  /** Pasted pictures go where dropped ones go. */
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((f) =>
      f.type.startsWith("image/"),
    );
    if (files.length > 0) carrying.into("#photos input[type=file]", files);
  });

  new MutationObserver(mount).observe(document, { childList: true, subtree: true });
  crackdemo.page = {
    show,
    set,
    agree,
    restore,
    wanted,
    beforeWeights,
    own,
    refused,
    lost,
    beforePreset,
    afterPreset,
    regions: () => JSON.stringify(regions),
    beginDownloads: downloads.begin,
    endDownloads: downloads.end,
    resume,
    goOn,
    learn,
    useWeights,
  };
})(globalThis);
