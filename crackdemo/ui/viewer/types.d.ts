/**
 * Types of the page's scripts, for the type checker alone. The scripts are classic ones: each adds
 * its part to the one global, `crackdemo`, which the page (or a test) makes before the first.
 */

declare var crackdemo: Crackdemo;

interface Crackdemo {
  bitmap: BitmapPart;
  card: { create(actions: { drop(): void; restore(): void }): Card };
  colours: ColoursPart;
  components: ComponentsPart;
  drawing: { create(actions: DrawingActions): Drawing };
  divider: { create(panes: HTMLElement): { root: HTMLElement } };
  element: BuildElement;
  facts: { create(): Facts };
  gestures: GesturesPart;
  histogram: HistogramPart;
  history: { create(): Deeds };
  inspection: { create(options: InspectionOptions): Inspection };
  mask: MaskPart;
  measure(mask: Size & Found): Measured;
  painting: PaintingPart;
  overlay: OverlayPart;
  panes: {
    create(): Panes;
    VIEWS: [name: ViewName, title: string][];
    FOUR: ViewName[];
    REBUILT: ViewName[];
  };
  photo: { load(source: PhotoSource, signal: AbortSignal): Promise<Photo> };
  preview: PreviewPart;
  quantiles: QuantilesPart;
  selection: SelectionPart;
  sketch: SketchPart;
  shell: { create(actions: ShellActions): Shell };
  stage: { create(handlers: StageHandlers): Stage };
  startWorker(answered: (answer: Answer) => void): WorkerOwner;
  toolbar: { create(actions: ToolbarActions): Toolbar };
  verdict: VerdictPart;
  viewer: Viewer;
  viewport: ViewportPart;
  wording: WordingPart;

  /** Scripts that the worker runs too. */
  workerParts?: ((scope: typeof globalThis) => void)[];
  /** What layout.py puts into the page. */
  kernels: Kernels;
}

// Places and sizes

/** A pixel of a photo (column, row), or a place in a pane. */
interface Point {
  x: number;
  y: number;
}

interface Size {
  width: number;
  height: number;
}

/** A part of a photo, in whole pixels. */
interface Area extends Size {
  left: number;
  top: number;
}

/** The frame of a component; right and bottom are after its last pixels. */
interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

interface Viewport {
  /** pane pixels per photo pixel */
  scale: number;
  /** photo column at the pane's left edge */
  left: number;
  /** photo row at the pane's upper edge */
  top: number;
}

interface ViewportPart {
  fit(photo: Size, pane: Size): Viewport;
  isFit(viewport: Viewport, photo: Size, pane: Size): boolean;
  zoomTo(viewport: Viewport, scale: number, at: Point, photo: Size, pane: Size): Viewport;
  pan(viewport: Viewport, dx: number, dy: number, photo: Size, pane: Size): Viewport;
  resize(viewport: Viewport, photo: Size, before: Size, after: Size): Viewport;
  pixelAt(viewport: Viewport, at: Point, photo: Size): Point | null;
  visible(viewport: Viewport, photo: Size, pane: Size): Area;
}

// Heatmaps, bitmaps and masks

interface Heatmap extends Size {
  /** higher = more crack-like */
  data: Uint16Array;
}

interface Bitmap extends Size {
  /** words in a row */
  stride: number;
  words: Int32Array;
}

/** Rows of 0 and 1 by shape and size, kernels.ellipse[3]; by radius for growing, kernels.disc[2]. */
type Kernels = { [shape: string]: { [size: number]: number[][] } };

/** How far the rows of a kernel reach to both sides, from its centre row outward. */
type KernelProfile = number[];

interface BitmapPart {
  blank(width: number, height: number): Bitmap;
  peaksOf(heatmap: Heatmap): Uint16Array;
  threshold(
    heat: Size & { data: Uint8Array | Uint16Array },
    level: number,
    peaks?: Uint16Array | null,
  ): Bitmap;
  pack(width: number, height: number, bytes: Uint8Array): Bitmap;
  unpack(bitmap: Bitmap): Uint8Array;
  get(bitmap: Bitmap, x: number, y: number): number;
  count(bitmap: Bitmap): number;
  intersect(bitmap: Bitmap, other: Bitmap): Bitmap;
  kernelProfile(kernel: number[][]): KernelProfile;
  dilate(source: Bitmap, profile: KernelProfile): Bitmap;
  erode(source: Bitmap, profile: KernelProfile): Bitmap;
  opening(source: Bitmap, profile: KernelProfile): Bitmap;
  closing(source: Bitmap, profile: KernelProfile): Bitmap;
}

/** Horizontal runs of 1, from top to bottom and left to right. */
interface Runs {
  /** row y's runs are rows[y] <= i < rows[y + 1] */
  rows: Int32Array;
  /** first column */
  starts: Int32Array;
  /** column after the last */
  ends: Int32Array;
  /** each run's component, 0..n - 1 */
  labels: Int32Array;
}

/** One entry each, in the order of their first pixel; right and bottom are after the last. */
interface Components {
  /** pixels */
  area: Int32Array;
  left: Int32Array;
  top: Int32Array;
  right: Int32Array;
  bottom: Int32Array;
}

interface Found {
  runs: Runs;
  components: Components;
}

interface ComponentsPart {
  find(bitmap: Bitmap): Found;
  select(found: Found, keep: ArrayLike<number>): Found;
  at(runs: Runs, x: number, y: number): number;
  nearest(runs: Runs, x: number, y: number, reach: number): number;
  draw(runs: Runs, width: number, height: number): Bitmap;
}

/** The settings of crackdemo/masks/cut.py, by its names. */
interface MaskParams {
  /** 0..1 */
  threshold: number;
  /** kernel size: 0 (off) or odd */
  opening: number;
  /** kernel size: 0 (off) or odd */
  closing: number;
  /** ellipse, rect or cross */
  kernel: string;
  /** radius by which the mask is widened, or thinned below 0 */
  grow: number;
  /** components of fewer pixels are dropped */
  min_area: number;
}

/** What a photo's mask is cut from. */
interface Surface {
  heatmap: Heatmap;
  /** the heatmap's, to cut it faster */
  peaks?: Uint16Array;
  /** 1 where the photo counts; null for everywhere */
  region: Bitmap | null;
  kernels: Kernels;
}

/** What is crack, and what the person took out by hand. */
interface Mask extends Size, Found {
  dropped: Found;
}

interface MaskPart {
  PLAIN: MaskParams;
  cut(surface: Surface, params: MaskParams, dropped?: Point[]): Mask;
  marksFrom(surface: Surface, params: MaskParams): number;
  bytes(mask: Size & { runs: Runs }): Uint8Array;
  cutValue(threshold: number): number;
  unpackHeat(rgba: Uint8ClampedArray, heat?: Uint16Array, offset?: number): Uint16Array;
  hottest(found: Found, n: number, heatmap: Heatmap): Point;
}

interface Measures {
  /** skeleton pixels, diagonal steps counting sqrt 2 */
  lengthPx: number;
  /** twice the distance to the background, averaged over the skeleton */
  meanWidthPx: number;
  /** the same at the widest place */
  maxWidthPx: number;
}

interface Measured {
  total: Measures;
  components: Measures[];
}

/** [share 0..1, heat 0..65535] pairs of clean pavement, both ascending. */
type Quantiles = [share: number, heat: number][];

interface QuantilesPart {
  shareBelow(quantiles: Quantiles | undefined, heat: number): number | null;
  heatAt(quantiles: Quantiles | undefined, share: number): number | null;
  shareFlagged(quantiles: Quantiles | undefined, threshold: number): number | null;
}

// A photo and what is known of it

/** At full, half, quarter... size. */
type Picture = ImageBitmap[];

/** A heatmap and its photo pixels per pixel. */
interface Level {
  heatmap: Heatmap;
  step: number;
}

interface Photo extends Size {
  pictures: { photo: Picture; reconstruction: Picture; region: Picture };
  surface: Surface;
  /** the heatmap at full, half... size */
  levels: Level[];
  /** frees the pictures' memory without waiting for the collector */
  close(): void;
}

interface PhotoSource {
  photoUrl: string;
  /** the photo without its cracks; without one there is no view of it */
  reconstructionUrl?: string | null;
  /** 16 bits in an opaque PNG: high byte red, low byte green */
  heatmapUrl: string;
  /** region of interest, of the photo's size and white where the photo counts */
  regionUrl?: string | null;
  kernels: Kernels;
}

/** What `viewer.show` takes. */
interface Source extends PhotoSource {
  /** comes back in every State */
  id: string;
  /** the photo's identity, however often it is shown; without it, its id */
  sha256?: string;
  /** what of it counts, as it was drawn */
  region?: Region;
  cleanQuantiles?: Quantiles;
  /** false alarms by hand, each as a pixel of its component */
  dropped?: Point[];
  verdict?: Verdict;
  /** what is looked for in it, and the colour of its mask; without them, as before */
  what?: string;
  colour?: Colour;
}

interface Verdict {
  /** whether the score says so */
  crack: boolean;
  /** whether a region of interest alone counts */
  hasRegion?: boolean;
}

/** crack: score and mask both say so; no_crack: neither does; check: they disagree. */
type VerdictState = "crack" | "check" | "no_crack";

interface VerdictPart {
  ICONS: { [state in VerdictState]: string };
  /** what weights call what they mark: "crack", or one of several classes */
  lookFor(what: string): void;
  /** of: what is looked for, where it is another thing than in the photo on show */
  word(state: VerdictState, of?: string): string;
  /** isMarked: whether the mask holds anything; hasDropped: whether a hand dropped any of it */
  stateOf(crack: boolean, isMarked: boolean, hasDropped: boolean): VerdictState;
}

/** In fractions of the photo. */
type Corner = [x: number, y: number];

/** A region of interest: the union of its polygons, or the whole photo without any. */
interface Region {
  polygons: Corner[][];
  /** false: it counts for one photo */
  isForAll: boolean;
}

/** A mask of the photo or of a part of it, at full size or smaller. */
interface Layer {
  mask: Mask;
  /** photo column of the mask's first column */
  left: number;
  /** photo row of the mask's first row */
  top: number;
  /** photo pixels per mask pixel */
  step: number;
}

interface PreviewPart {
  levels(heatmap: Heatmap): Level[];
  isLive(heatmap: Heatmap): boolean;
  cut(levels: Level[], surface: Surface, params: MaskParams, dropped: Point[], box: Area): Layer;
}

/** What the worker is asked for. */
interface Order {
  /** comes back with the answer */
  turn: number;
  task: "mask" | "measures";
  params: MaskParams;
  dropped: Point[];
  /** whether the photo's score says crack */
  isCalled: boolean;
}

/** A mask, measures or what went wrong. */
interface Answer {
  turn: number;
  mask?: Mask;
  measures?: Measured;
  /** see `Figures` */
  marksFrom?: number | null;
  error?: string;
}

interface WorkerOwner {
  open(surface: Surface): void;
  order(order: Order): void;
}

/** Something that was done and can be undone. */
interface Deed {
  undo(): void;
  redo(): void;
}

interface Deeds {
  canUndo(): boolean;
  canRedo(): boolean;
  undo(): void;
  redo(): void;
  /** A deed that was just done; what had been undone is forgotten. */
  did(deed: Deed): void;
}

type InspectedPhoto = Omit<Photo, "pictures">;

interface InspectionOptions {
  photo: InspectedPhoto;
  /** whether its score says crack: of others nobody asks why nothing is marked */
  isCalled: boolean;
  dropped: Point[];
  /** the part of the photo that is seen */
  visible(): Area;
  /** asks the worker */
  order(order: Order): void;
  /** called when there is something new to draw or to tell */
  changed(): void;
}

interface Inspection {
  photo: InspectedPhoto;
  /** cuts by other settings */
  cut(params: MaskParams): void;
  answered(answer: Answer): void;
  exact(): Mask | null;
  layer(): Layer | null;
  measures(): Measured | null;
  figures(): Figures;
  dropped(): Point[];
  drop(points: Point[]): void;
  close(): void;
}

interface Figures {
  /** false while a large photo shows a preview */
  exact: boolean;
  /** of the region of interest */
  crackPercent: number | null;
  components: number | null;
  /** where nothing is marked: the highest threshold at which anything would be, 0 where other
   * settings are why; null where anything is or was dropped by hand, where the score does not say
   * crack, and until the hand rests */
  marksFrom: number | null;
  /** null until the hand rests, as are the widths */
  lengthPx: number | null;
  meanWidthPx: number | null;
  maxWidthPx: number | null;
}

type FigureName = Exclude<keyof Figures, "exact" | "marksFrom"> | "cleanFlaggedPercent";

/** What the viewer tells of the mask it shows. */
interface State extends Figures {
  /** of the photo */
  id: string;
  /** of clean pavement, at this threshold */
  cleanFlaggedPercent: number | null;
  /** false alarms by hand, each as a pixel of its component */
  dropped: Point[];
  /** regions that these dots take away at the present settings */
  droppedRegions: number;
  selected: Selected | null;
}

interface Selected {
  /** the component's hottest pixel */
  point: Point;
  component: number;
  isDropped: boolean;
  box: Box;
  areaPx: number;
  /** of a kept component, once the hand rests */
  measures: Measures | null;
  /** whether a pixel is the component's */
  holds(point: Point): boolean;
}

interface SelectionPart {
  pick(mask: Mask, heatmap: Heatmap, pixel: Point, reach: number): Point | null;
  describe(mask: Mask, point: Point, measures: Measured | null): Selected | null;
  next(mask: Mask, heatmap: Heatmap, present: Selected | null, step: number): Point | null;
  inLayer(layer: Layer, point: Point | null): IsSelected;
}

type IsSelected = (component: number) => boolean;

interface WordingPart {
  percent(value: number | null): string;
  length(px: number | null, mmPerPx?: number): string;
  /** state: null without a verdict */
  result(
    state: Told,
    verdict?: Verdict,
    mmPerPx?: number,
  ): { state: VerdictState | null; text: string } | null;
  pixel(point: Point, heat: number, shareBelow: number | null): string;
  selection(selected: Selected, mmPerPx?: number): { name: string; facts: [string, string][] };
}

/** What a result is worded from. */
type Told = Omit<State, "id" | "selected" | "cleanFlaggedPercent" | "dropped">;

// Drawing

/** [red, green, blue] */
type Colour = number[];

interface ColoursPart {
  CRACK: Colour;
  SELECTED: Colour;
  word(colour: Colour, alpha?: number): number;
  css(colour: Colour): string;
  ramp(name: string): Colour[];
  heatPixels(name: string): Uint32Array;
}

/** One code a pixel, with a border of one pixel of nothing. */
interface Plot extends Size {
  /** width + 2 */
  pitch: number;
  codes: Uint8Array;
  /** where something was plotted: row, first column, last + 1 */
  spans: number[];
}

interface PaintingPart {
  blankPlot(width: number, height: number): Plot;
  plotLayer(plot: Plot, layer: Layer, viewport: Viewport, isSelected: IsSelected): void;
  paintMarks(pixels: Uint32Array, plot: Plot, opacity: number): void;
  paintMask(pixels: Uint32Array, plot: Plot, photo: Size, viewport: Viewport): void;
  paintHeat(
    pixels: Uint32Array,
    size: Size,
    level: Level,
    photo: Size,
    viewport: Viewport,
    ramp: Uint32Array,
  ): void;
}

type ViewName = "photo" | "bare" | "reconstruction" | "heatmap" | "mask" | "residual";

/** In device pixels. */
interface View extends Size {
  viewport: Viewport;
}

interface Pane {
  name: ViewName;
  root: HTMLElement;
  picture: HTMLCanvasElement;
  /** over the photo alone */
  marks: HTMLCanvasElement | null;
  sketch: SVGSVGElement;
  cursor: HTMLElement;
  box: HTMLElement;
}

/** What the panes draw. */
interface Scene {
  photo: Photo;
  layer: Layer;
  opacity: number;
  /** colours of the heatmap */
  ramp: Uint32Array;
  isSelected: IsSelected;
}

interface Panes {
  root: HTMLElement;
  panes: Pane[];
  measure(): Size | null;
  /** a pane's upper left corner, and the size of all panes together */
  placeOf(pane: HTMLElement): Point & Size;
  drawPictures(scene: Pick<Scene, "photo" | "ramp">, viewport: Viewport): void;
  drawMarks(scene: Scene, viewport: Viewport): void;
  clear(): void;
}

// The viewer's elements

type Attributes = {
  /** true sets an empty attribute, false none; an `on...` function listens */
  [name: string]: string | number | boolean | ((event: Event) => void);
};

type BuildElement = <Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes?: Attributes,
  ...children: (Node | string)[]
) => HTMLElementTagNameMap[Tag];

/** What a hand on a pane meant. */
interface Meaning {
  /** false if it cannot */
  zoom(factor: number, at: Point): boolean;
  pan(dx: number, dy: number): void;
  /** between the whole photo and 1 : 1 */
  toggle(at: Point): void;
  click(at: Point, isTouch: boolean): void;
  /** something there that the hand draws or moves, in place of the photo */
  grab(at: Point, isTouch: boolean): Grip | null;
  /** pane: where the hand itself points, null for the keyboard */
  hover(at: Point | null, pane: HTMLElement | null): void;
  /** where the keyboard zooms and reads */
  focus(): Point;
  keys: Keys;
}

/** Actions by the name of their key, after any "Ctrl+" and "Shift+". */
type Keys = { [name: string]: () => void };

interface GesturesPart {
  listen(pane: HTMLElement, meaning: Meaning): void;
  nameOf(event: KeyboardEvent): string;
}

/** What a hand holds from its going down to its going up. */
interface Grip {
  move(to: Point): void;
  end(): void;
  cancel(): void;
}

/** What a hand draws. */
type Tool = "box" | "polygon" | "line";

/** In pixels of the photo. */
interface Shapes {
  tool: Tool | null;
  polygons: Point[][];
  draft: Point[];
}

interface SketchHandlers {
  /** there is something new to draw */
  changed(): void;
  /** a polygon was added or a corner moved */
  drawn(polygons: Point[][]): void;
  /** a line was drawn, so many pixels long */
  measured(px: number): void;
}

interface SketchPart {
  create(handlers: SketchHandlers): Sketch;
  simplified(path: Point[], tolerance: number): Point[];
}

interface Sketch {
  /** reach: of the hand, in pixels of the photo */
  grab(at: Point, reach: number): Grip | null;
  /** closes the polygon that is being drawn */
  close(): void;
  tool(): Tool | null;
  setTool(tool: Tool | null): void;
  open(photo: Size, polygons: Point[][]): void;
  /** false: no polygon was being drawn */
  undo(): boolean;
  shapes(): Shapes;
}

interface OverlayPart {
  create(): SVGSVGElement;
  draw(root: SVGSVGElement, shapes: Shapes, viewport: Viewport): void;
}

interface DrawingActions {
  choose(tool: Tool): void;
  close(): void;
  clear(): void;
  widen(isForAll: boolean): void;
  scale(mmPerPx: number): void;
  done(): void;
}

interface Drawing {
  root: HTMLElement;
  show(tool: Tool | null, now: { isDrafted: boolean; hasRegion: boolean; isForAll: boolean }): void;
  /** px: length of the line that was drawn */
  measure(px: number): void;
}

interface Card {
  root: HTMLElement;
  show(selected: Selected | null, mmPerPx: number): void;
  /** box: of the crack, in pixels of the stage */
  place(box: Box, stage: Size): void;
}

interface StageHandlers {
  clicked(pixel: Point | null, reach: number): void;
  hovered(pixel: Point | null): void;
  /** in pixels of the photo */
  grabbed(at: Point, reach: number): Grip | null;
  card: Card;
  keys: Keys;
}

interface SceneChanges extends Partial<Pick<Scene, "layer" | "opacity" | "ramp" | "isSelected">> {
  /** of what is selected */
  box?: Box | null;
}

interface Stage {
  root: HTMLElement;
  /** keepsView: where the photo is of the same size */
  open(photo: Photo, keepsView: boolean): void;
  close(): void;
  update(changes: SceneChanges): void;
  sketch(shapes: Shapes): void;
  /** sides: of a comparison; together: the views of “four” that there are */
  lay(layout: Layout, sides: string[], together: ViewName[]): void;
  fit(): void;
  zoom(factor: number, at?: Point): boolean;
  zoomTo(scale: number, at?: Point): boolean;
  reveal(box: Box): void;
  say(text: string, action?: { label: string; run(): void }): void;
  visible(): Area;
}

type Layout = ViewName | "four" | "compare";

interface ToolbarActions {
  /** sides: of a comparison; together: the views of “four” that there are */
  lay(layout: Layout, sides: string[], together: ViewName[]): void;
  zoom(factor: number): void;
  fit(): void;
  actual(): void;
  undo(): void;
  redo(): void;
  draw(tool: Tool): void;
}

interface Toolbar {
  root: HTMLElement;
  choose(layout: Layout): void;
  /** whether the photo on show has a reconstruction */
  offer(isRebuilt: boolean): void;
  showHistory(canUndo: boolean, canRedo: boolean): void;
  showTool(tool: Tool | null): void;
}

interface HistogramPart {
  /** moved: called while a hand moves the line */
  create(moved: (threshold: number) => void): Histogram;
  count(surface: Pick<Surface, "heatmap" | "region">): Uint32Array;
  marks(quantiles: Quantiles): { share: number; heat: number }[];
}

interface Histogram {
  root: HTMLElement;
  showPhoto(surface: Surface, known: Quantiles): void;
  /** meaning: what a screen reader says after the value */
  showThreshold(value: number, meaning: string): void;
  showColours(ramp: Colour[]): void;
}

interface Facts {
  cursor: HTMLElement;
  figures: HTMLElement;
  result: HTMLElement;
  show(state: State, verdict: Verdict | undefined, mmPerPx: number): void;
  /** text: about the pixel under the cursor */
  showPixel(text: string): void;
  clear(): void;
}

interface ShellActions {
  move(threshold: number): void;
  drop(): void;
  restore(): void;
  undo(): void;
  redo(): void;
  click(pixel: Point | null, reach: number): void;
  hover(pixel: Point | null): void;
  /** to the next or the previous crack */
  step(direction: 1 | -1): void;
  /** out of a drawing, or of a selection */
  escape(): void;
  grab(at: Point, reach: number): Grip | null;
  draw(tool: Tool | null): void;
  toggleDrawing(tool: Tool): void;
  closePolygon(): void;
  clearRegion(): void;
  widenRegion(isForAll: boolean): void;
  scale(mmPerPx: number): void;
}

interface Shell {
  root: HTMLElement;
  stage: Stage;
  toolbar: Toolbar;
  histogram: Histogram;
  facts: Facts;
  card: Card;
  drawing: Drawing;
}

// The viewer and the page around it

interface Settings extends MaskParams {
  /** of the marks over the photo, 0..1 */
  opacity: number;
  /** of the heatmap */
  colours: string;
  /** 0 where the scale is not known */
  mm_per_px: number;
}

/** What a hand changed in the viewer. */
type Change =
  | { threshold: number }
  | { dropped: Point[]; photo: string }
  | { region: Region; photo: string }
  | { mm_per_px: number };

/** See viewer.js. */
interface Viewer {
  mount(element: Element): void;
  show(source: Source): Promise<void>;
  clear(): void;
  set(changes: Partial<Settings>): void;
  mask(): (Size & { data: Uint8Array }) | null;
  outline(region: Region): void;
  hold(isHeld: boolean): void;
  did(deed: Deed): void;
  undo(): void;
  onstate(callback: (state: State) => void): () => void;
  onchange(callback: (change: Change) => void): () => void;
  readonly ready: Promise<void>;
}
