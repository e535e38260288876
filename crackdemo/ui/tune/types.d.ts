/** Types of the Tune tab's scripts, for the type checker alone. */

interface Crackdemo {
  counts: CountsPart;
  charts: ChartsPart;
  tune: TunePart;
}

type PartName = "train" | "validation" | "test";

/** A labelled photo, as `summary.page_data` in Python has it. */
interface TunePhoto {
  name: string;
  part: PartName;
  score: number;
  cracked: boolean;
  hasMask: boolean;
  truth?: number;
  predicted?: string;
  right?: string;
}

/** Pixels near a true one among the marked, and near a marked one among the true. */
type Near = [right: number[], found: number[]];

interface TuneData {
  weights: string;
  own: MaskParams;
  scoreThreshold: number;
  photos: TunePhoto[];
  near: { [part: string]: { [px: string]: Near } };
  parts: PartName[];
}

/** Figures of a set at one threshold, or at all of them. */
interface SetFigures {
  precision: number;
  recall: number;
  f1: number;
  iou: number;
  dice: number;
  f1Within2: number;
  f1Within5: number;
}

interface TuneSet {
  weights: string;
  own: number;
  scoreThreshold: number;
  masked: number;
  /** At each step of the slider, 0 to 1000. */
  figures: SetFigures[];
  /** The step where F1 is highest; the highest of equals. */
  best: number;
  scores: { score: number; cracked: boolean }[];
}

interface CountsPart {
  STEPS: number;
  decode(text: string): Uint32Array;
  figures(data: TuneData, part: string): TuneSet;
  roc(scores: { score: number; cracked: boolean }[]): { points: [number, number][]; area: number };
  confusion(
    scores: { score: number; cracked: boolean }[],
    threshold: number,
  ): { right: number; alarms: number; missed: number; sound: number };
}

interface Line {
  name: string;
  colour: string;
  dashed?: boolean;
  points: [x: number, y: number][];
}

interface Mark {
  x: number;
  label: string;
  colour: string;
}

interface Chart {
  root: HTMLElement;
  /** Moves the line of the present threshold, or the present point of each set. */
  at(places: [x: number, y: number][]): void;
}

interface ChartOptions {
  title: string;
  xLabel: string;
  yLabel: string;
  /** What the upper end of the y axis is called; the lines are drawn from 0 to 1. */
  highest?: number;
  lines: Line[];
  marks?: Mark[];
  /** Called while a hand drags the present line. */
  moved?: (x: number) => void;
  /** Called when the hand lets it go. */
  released?: () => void;
  /** Said of the place under the pointer, 0..1. */
  tell?: (x: number) => string;
}

interface ChartsPart {
  COLOURS: string[];
  lines(options: ChartOptions): Chart;
  bars(title: string, sets: TuneSet): HTMLElement;
  rows(places: number[]): { row: number; isLeft: boolean }[];
}

interface TunePart {
  load(files: { url: string }[] | null, threshold: number): Promise<void>;
  move(threshold: number): void;
  choose(weights: string): void;
  use(file: { url: string } | null): Promise<void>;
}
