/**
 * window.crackdemo.viewer: one photo's four views, whose mask follows the settings in the page.
 *
 *   mount(element)     puts the viewer inside the element; again after a re-render, at no cost
 *   show(source)       loads a photo, replaces the present one once all is there; returns `ready`
 *   clear()            back to no photo
 *   set(settings)      any of `settings` below, drawn before it returns
 *   ready              promise: the exact mask of the present photo and settings is drawn
 *   mask()             {width, height, data}: data a Uint8Array of 0 and 1; null until exact
 *   onstate(callback)  calls back with a State whenever a figure changes
 *   onchange(callback) calls back with what a hand changed in the viewer: {threshold}, {dropped} of a
 *                      photo, its {region}, or {mm_per_px}
 *   outline(region)    shows a region of interest's outline; its mask comes with `show`
 *   hold(isHeld)       whether nothing may be dropped and restored until another photo or mask is there
 *   did(deed)          what Ctrl+Z undoes next, beside what was dropped and restored in the viewer
 *   undo()             undoes it
 *
 * The `on...` functions return a function that ends the calls.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** By the names of the page's widgets in Python. @type {Settings} */
  const settings = { ...crackdemo.mask.PLAIN, opacity: 0.5, colours: "inferno", mm_per_px: 0 };
  /** @type {Region} */
  const NO_REGION = { polygons: [], isForAll: true };
  const PARAMS = /** @type {(keyof MaskParams)[]} */ (Object.keys(crackdemo.mask.PLAIN));

  /** @type {Source | null} */
  let source = null;
  /** @type {Inspection | null} */
  let inspection = null;
  /** @type {Point | null} */
  let selectedPoint = null;
  /** @type {Selected | null} */
  let selected = null;
  /** @type {AbortController | null} */
  let loading = null;
  /** The photo on its way. @type {Source | null} */
  let coming = null;
  /** @type {Source | null} */
  let failedSource = null;
  /** @type {Promise<void>} */
  let ready;
  /** @type {{ resolve: () => void, reject: (error: Error) => void }[]} */
  const waiting = [];
  /** @type {{ state: Set<(state: State) => void>, change: Set<(change: Change) => void> }} */
  const listeners = { state: new Set(), change: new Set() };

  let isHeld = false;
  /** Whether a region that is drawn counts for all photos. */
  let isForAll = true;
  const history = crackdemo.history.create();
  const sketch = crackdemo.sketch.create({
    changed: showSketch,
    drawn: emitRegion,
    measured: (px) => ui.drawing.measure(px),
  });
  const ui = crackdemo.shell.create({
    move,
    drop,
    restore,
    undo,
    redo,
    click,
    hover,
    step,
    escape: leave,
    grab: (at, reach) => sketch.grab(at, reach),
    draw,
    toggleDrawing: (tool) => draw(isDrawing(tool) ? null : tool),
    closePolygon: () => sketch.close(),
    clearRegion: () => {
      outline({ polygons: [], isForAll });
      emitRegion([]);
    },
    widenRegion: (next) => {
      isForAll = next;
      const { polygons } = sketch.shapes();
      if (polygons.length > 0) emitRegion(polygons);
    },
    scale: (mmPerPx) => {
      emit({ mm_per_px: mmPerPx });
      draw(null);
    },
  });
  const worker = crackdemo.startWorker(answered);

  /** @type {Viewer["mount"]} */
  function mount(element) {
    if (!element.contains(ui.root)) element.replaceChildren(ui.root);
  }

  /** @type {Viewer["show"]} */
  function show(asked) {
    const next = (coming = { ...asked });
    // at once, so that what a hand drops while it loads comes on top of what is asked for
    if (inspection && source && isOfOneMask(next, source)) takeDrops(next.dropped ?? []);
    loading?.abort();
    const job = (loading = new AbortController());
    failedSource = null;
    renewReady();
    ui.stage.say("Loading the photo…");
    /** @param {Photo} photo */
    const arrived = (photo) => (job === loading ? open(next, photo) : photo.close());
    /** @param {Error} error */
    const gone = (error) => (job === loading || next === source) && fail(error, next);
    crackdemo.photo.load(next, job.signal).then(arrived).catch(gone);
    return ready;
  }

  /** @param {Source} next @param {Photo} photo */
  function open(next, photo) {
    const keepsView = next.photoUrl === source?.photoUrl;
    const isSame = source !== null && keyOf(next) === keyOf(source);
    const stillSelected = source && isOfOneMask(next, source) ? selectedPoint : null;
    close();
    loading = coming = null;
    isHeld = false;
    selectedPoint = stillSelected;
    source = next;
    // not before it is there: what is on show until then is of what was looked for until then
    if (next.what) crackdemo.verdict.lookFor(next.what);
    if (next.colour) crackdemo.colours.CRACK = next.colour;
    inspection = crackdemo.inspection.create({
      photo,
      isCalled: next.verdict?.crack ?? false,
      dropped: next.dropped ?? [],
      visible: ui.stage.visible,
      order: worker.order,
      changed,
    });
    worker.open(photo.surface);
    ui.root.classList.remove("empty");
    ui.stage.say("");
    ui.stage.open(photo, keepsView);
    // after that: other views are drawn at once, and the pictures of the photo before are gone
    ui.toolbar.offer(Boolean(source.reconstructionUrl));
    if (!isSame || !sketch.shapes().draft.length) outline(next.region ?? NO_REGION);
    ui.histogram.showPhoto(photo.surface, source.cleanQuantiles ?? []);
    showThreshold();
    inspection.cut(params());
  }

  /** Forgets the present photo; what waits for `ready` goes on waiting. */
  function close() {
    inspection?.close();
    source = inspection = selectedPoint = selected = null;
    ui.card.show(null, 0);
    ui.facts.clear();
  }

  function clear() {
    loading?.abort();
    loading = coming = failedSource = null;
    isHeld = false;
    close();
    draw(null);
    outline(NO_REGION);
    ui.root.classList.add("empty");
    ui.stage.close();
    ui.stage.say("");
  }

  /**
   * Says what went wrong in place of the views, and offers to load once more.
   *
   * @param {Error} error
   * @param {Source} next
   */
  function fail(error, next) {
    clear();
    failedSource = next;
    ui.stage.say(error.message, { label: "Try again", run: () => show(next) });
    for (const { reject } of waiting.splice(0)) reject(error);
  }

  scope.addEventListener("online", () => failedSource && show(failedSource));

  /** @type {Viewer["set"]} */
  function set(changes) {
    const unknown = Object.keys(changes).filter((name) => !(name in settings));
    if (unknown.length > 0) throw new TypeError(`Unknown settings: ${unknown.join(", ")}.`);
    const next = { ...settings, ...changes };
    /** @param {keyof Settings} name */
    const differs = (name) => next[name] !== settings[name];
    const isOtherMask = PARAMS.some(differs);
    const isOtherColour = differs("colours");
    Object.assign(settings, changes);
    renewReady();
    showThreshold();
    if (isOtherColour) showColours();
    if (isOtherMask) inspection?.cut(params());
    else if (inspection) changed();
  }

  /** The settings that a mask is cut by: all but those of how it is shown. @returns {MaskParams} */
  function params() {
    const { opacity, colours, mm_per_px, ...cut } = settings;
    return cut;
  }

  function showThreshold() {
    const flagged = crackdemo.wording.percent(cleanFlaggedPercent());
    const spoken = source?.cleanQuantiles ? `, ${flagged} of clean pavement flagged` : "";
    ui.histogram.showThreshold(settings.threshold, spoken);
  }

  function showColours() {
    ui.histogram.showColours(crackdemo.colours.ramp(settings.colours));
    ui.stage.update({ ramp: crackdemo.colours.heatPixels(settings.colours) });
  }

  function cleanFlaggedPercent() {
    const share = crackdemo.quantiles.shareFlagged(source?.cleanQuantiles, settings.threshold);
    return share === null ? null : 100 * share;
  }

  /** @param {Answer} answer */
  function answered(answer) {
    if (!source) return;
    try {
      inspection?.answered(answer);
    } catch (error) {
      fail(/** @type {Error} */ (error), source);
    }
  }

  /** Draws and tells what the inspection holds now. */
  function changed() {
    const layer = inspection?.layer();
    if (!inspection || !layer) return;
    const mask = inspection.exact();
    if (mask && selectedPoint) {
      selected = crackdemo.selection.describe(mask, selectedPoint, inspection.measures());
      selectedPoint = selected && selectedPoint;
    } else if (selected) {
      // a large photo is being cut anew: what was selected is still that of the mask before
      selected = { ...selected, isDropped: inspection.dropped().some(selected.holds) };
    }
    ui.card.show(selected, settings.mm_per_px);
    const isSelected = crackdemo.selection.inLayer(layer, selectedPoint);
    ui.stage.update({ layer, opacity: settings.opacity, isSelected, box: selected?.box ?? null });
    tell();
    if (mask && !loading) for (const { resolve } of waiting.splice(0)) resolve();
  }

  function tell() {
    if (!source || !inspection) return;
    const dropped = inspection.dropped();
    /** @type {State} */
    const state = {
      id: source.id,
      ...inspection.figures(),
      cleanFlaggedPercent: cleanFlaggedPercent(),
      dropped,
      droppedRegions: inspection.exact()?.dropped.components.area.length ?? dropped.length,
      selected,
    };
    ui.facts.show(state, source.verdict, settings.mm_per_px);
    for (const callback of listeners.state) callback(state);
  }

  function renewReady() {
    ready = new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    ready.catch(() => {}); // a failure is said on the stage; awaiting `ready` still throws it
  }

  /** @type {Viewer["mask"]} */
  function mask() {
    const exact = inspection?.exact();
    if (!exact) return null;
    const { width, height } = exact;
    return { width, height, data: crackdemo.mask.bytes(exact) };
  }

  /** @param {number} threshold */
  function move(threshold) {
    set({ threshold });
    emit({ threshold });
  }

  /** @param {Point | null} point */
  function select(point) {
    selectedPoint = point;
    selected = null;
    if (inspection) changed();
  }

  function leave() {
    const { tool, draft } = sketch.shapes();
    if (draft.length > 0) sketch.setTool(tool);
    else if (tool) draw(null);
    else select(null);
  }

  /** @param {Point | null} pixel @param {number} reach */
  function click(pixel, reach) {
    const mask = inspection?.exact();
    if (!inspection || !mask) return;
    const { heatmap } = inspection.photo.surface;
    select(pixel && crackdemo.selection.pick(mask, heatmap, pixel, reach));
  }

  /**
   * Selects the next or previous crack by size and brings it into view.
   *
   * @param {1 | -1} direction
   */
  function step(direction) {
    const mask = inspection?.exact();
    if (!inspection || !mask) return;
    const { heatmap } = inspection.photo.surface;
    select(crackdemo.selection.next(mask, heatmap, selected, direction));
    if (selected) ui.stage.reveal(selected.box);
  }

  function drop() {
    if (isLeaving() || !selected || selected.isDropped) return;
    const { point } = selected;
    changeDropped((points) => [...points, point]);
  }

  function restore() {
    if (isLeaving() || !selected?.isDropped) return;
    const { holds } = selected;
    changeDropped((points) => points.filter((point) => !holds(point)));
  }

  function undo() {
    if (!sketch.undo()) history.undo();
    showHistory();
  }

  function redo() {
    history.redo();
    showHistory();
  }

  /** @type {Viewer["did"]} */
  function did(deed) {
    history.did(deed);
    showHistory();
  }

  function showHistory() {
    const isDrafted = sketch.shapes().draft.length > 0;
    ui.toolbar.showHistory(isDrafted || history.canUndo(), history.canRedo());
  }

  /** @param {(points: Point[]) => Point[]} change */
  function changeDropped(change) {
    if (!inspection || !source) return;
    const photo = keyOf(source);
    const before = inspection.dropped();
    const after = change(before);
    setDropped(photo, after);
    did({ undo: () => setDropped(photo, before), redo: () => setDropped(photo, after) });
  }

  /** @param {string} photo perhaps another one than that on show @param {Point[]} points */
  function setDropped(photo, points) {
    if (inspection && source && keyOf(source) === photo) {
      renewReady();
      inspection.drop(points);
    }
    for (const next of [coming, failedSource]) {
      // one that is shown once more, by a preset say, was asked for before the hand was there
      if (next && keyOf(next) === photo && (!source || isOfOneMask(next, source))) {
        next.dropped = points;
      }
    }
    emit({ dropped: points, photo });
  }

  /** Whether what is on show counts no longer: another mask of the photo is on its way. */
  function isLeaving() {
    if (isHeld || !coming || !source) return isHeld;
    return keyOf(coming) === keyOf(source) && !isOfOneMask(coming, source);
  }

  /** @param {Point[]} points of the photo on show */
  function takeDrops(points) {
    if (JSON.stringify(points) !== JSON.stringify(inspection?.dropped())) inspection?.drop(points);
  }

  /** Whether they are one photo seen with the same weights. @param {Source} one @param {Source} other */
  function isOfOneMask(one, other) {
    return keyOf(one) === keyOf(other) && one.heatmapUrl === other.heatmapUrl;
  }

  /** What a photo is known by, however often it is shown. @param {Source} one */
  function keyOf(one) {
    return one.sha256 ?? one.id;
  }

  /** @param {Tool | null} tool */
  function draw(tool) {
    sketch.setTool(inspection ? tool : null);
    ui.drawing.measure(0);
  }

  /** Box and polygon are ways of one tool. @param {Tool} tool */
  function isDrawing(tool) {
    const present = sketch.shapes().tool;
    return present !== null && (present === "line") === (tool === "line");
  }

  function showSketch() {
    const shapes = sketch.shapes();
    const { tool, draft, polygons } = shapes;
    ui.stage.sketch(shapes);
    ui.toolbar.showTool(tool);
    ui.drawing.show(tool, {
      isDrafted: tool === "polygon" && draft.length > 2,
      hasRegion: polygons.length > 0,
      isForAll,
    });
    showHistory();
  }

  /** @type {Viewer["outline"]} */
  function outline(region) {
    const { width, height } = inspection?.photo ?? { width: 1, height: 1 };
    isForAll = region.isForAll;
    const corner = ([x, y] = [0, 0]) => ({ x: x * width, y: y * height });
    const polygons = region.polygons.map((polygon) => polygon.map(corner));
    sketch.open({ width, height }, polygons);
  }

  /** @param {Point[][]} drawn in pixels of the photo on show */
  function emitRegion(drawn) {
    if (!inspection || !source) return;
    const { width, height } = inspection.photo;
    const polygons = drawn.map((polygon) =>
      polygon.map(({ x, y }) => /** @type {Corner} */ ([x / width, y / height])),
    );
    emit({ region: { polygons, isForAll }, photo: keyOf(source) });
  }

  /** @param {Change} change */
  function emit(change) {
    for (const callback of listeners.change) callback(change);
  }

  /** @param {Point | null} pixel */
  function hover(pixel) {
    if (!pixel || !inspection) {
      ui.facts.showPixel("");
      return;
    }
    const { width, data } = inspection.photo.surface.heatmap;
    const heat = data[pixel.y * width + pixel.x];
    const share = crackdemo.quantiles.shareBelow(source?.cleanQuantiles, heat);
    ui.facts.showPixel(crackdemo.wording.pixel(pixel, heat, share));
  }

  /**
   * @template T
   * @param {Set<T>} callbacks
   * @param {T} callback
   */
  function listen(callbacks, callback) {
    callbacks.add(callback);
    return () => callbacks.delete(callback);
  }

  renewReady();
  showColours();
  showThreshold();

  crackdemo.viewer = {
    mount,
    show,
    clear,
    set,
    mask,
    outline,
    hold: (next) => {
      isHeld = next;
    },
    did,
    undo,
    onstate: (callback) => listen(listeners.state, callback),
    onchange: (callback) => listen(listeners.change, callback),
    get ready() {
      return ready;
    },
  };
})(globalThis);
