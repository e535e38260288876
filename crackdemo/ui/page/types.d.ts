/** Types of the scripts around the viewer, for the type checker alone. */

interface Crackdemo {
  carrying: CarryingPart;
  fields: FieldsPart;
  film: FilmPart;
  /** added: an example has joined the photos */
  folding: { label(): void; added(): void };
  kept: KeptPart;
  line: LinePart;
  names: { mend(): void };
  notice: NoticePart;
  page: PagePart;
}

interface CarryingPart {
  /** a tab, by its title */
  open(title: string): void;
  /** the first element of a selector, as soon as there is one */
  drawn(selector: string): Promise<HTMLElement>;
  /** Takes out of a gradio field whatever files lie there. */
  emptied(selector: string): Promise<void>;
  /** files go into an upload's input, as a hand that drops them there */
  into(selector: string, files: File[]): Promise<void>;
  fetched(address: string, name: string, type: string): Promise<File>;
}

interface FieldsPart {
  write(selector: string, value: string): void;
  /**
   * why a knob cannot have a value, where it cannot; id: of its widget, on Inspect or Tune; kept:
   * what stays in force
   */
  fault(id: string, value: number, range: { min: number; max: number }, kept?: string): string;
  /** returns what it was given, as a step between two of gradio's */
  mend<T>(first?: T): T | undefined;
  inForce(settings: Settings): void;
  setOwn(mask: MaskParams): void;
  /** called at a slider's every move on Inspect; says whether the value was taken */
  onmove(callback: (name: keyof Settings, value: number) => boolean): void;
  /** the value of a slider that gradio has not heard of yet */
  unheard(): Partial<Settings>;
}

/** The line above the views. */
interface Said {
  state: VerdictState | null;
  text: string;
  /** of the photo */
  name: string;
  why: string;
}

interface LinePart {
  show(said: Said | null): void;
  badge(state: VerdictState): HTMLElement;
}

type Filter = "all" | VerdictState;

interface FilmEntry {
  name: string;
  sha256: string;
  /** of the whole photo */
  score: number;
}

/** What `Judged` in Python says of a photo. */
interface Judged {
  state: VerdictState;
  score: number;
  /** a small picture as a data address */
  mask: string;
}

interface Cell {
  button: HTMLButtonElement;
  picture: HTMLImageElement;
  mask: HTMLImageElement;
  badge: HTMLElement;
}

interface FilmPart {
  mount(): void;
  /** files: thumbnails of the photos with these hashes, `fresh` */
  show(
    files: { url: string }[],
    data: { weights: string | null; entries: FilmEntry[]; fresh: string[] },
  ): void;
  /** shows a photo, by name */
  choose(name: string): void;
  /** what the viewer says of the photo on show */
  live(name: string, state: VerdictState | null, score: number): void;
  /** settings that verdicts hold for */
  setSettings(settings: string): void;
  /** of one photo, or of all, the verdict may have changed */
  forget(sha256: string | null): void;
  /** what the server is to judge */
  question(): { settings: string; names: string[] };
  judge(answer: { settings: string; photos: { [name: string]: Judged } } | null): void;
  /** hashes of photos whose thumbnails are here */
  known(): string[];
  nameOf(sha256: string): string | null;
}

/** Polygons by whose photos they count for. */
interface Regions {
  all?: Corner[][];
  photos?: { [sha256: string]: Corner[][] };
}

/** Knobs and more as they were; what is missing stays as it is. */
interface Snapshot {
  weights: string;
  values?: Partial<Settings>;
  dropped?: { [photo: string]: number[][] };
  regions?: Regions;
}

/** What gradio tells its page of itself; username: who is logged in. */
declare var gradio_config: { root: string; api_prefix: string; username?: string | null };

interface Kept extends Partial<Snapshot> {
  /** the name of the photo on show */
  onShow?: string;
  /** how many there were */
  photos?: number;
}

interface KeptPart {
  secret(): string;
  save(changes: Kept): void;
  /** restores the settings; returns the name of the photo that was on show */
  begin(): string;
  /** so many photos the server still has */
  found(count: number): void;
}

/** What `own_settings` in Python says of weights. */
interface OwnSettings {
  weights: string;
  commit: string | null;
  mask: MaskParams;
  engine: string | null;
}

interface NoticePart {
  say(text: string, undo?: () => void): void;
  about(own: OwnSettings): void;
}

/** What `page_data` in Python says of a photo. */
interface PhotoMeta {
  id: string;
  name: string;
  /** The photo's identity: of its file. */
  sha256: string;
  score: number;
  /** What the score is, in words that follow "The score says". */
  scoreSays: string;
  scoreThreshold: number;
  crack: boolean;
  /** What is looked for, as people call it. */
  what: string;
  /** Of its mask: that of the class on show, where there are several. */
  colour: Colour;
  hasReconstruction: boolean;
  hasRegion: boolean;
  cleanQuantiles: Quantiles;
}

/** Values of the page's widgets, by their names in Python; an emptied field is null. */
type WidgetValues = { [name in keyof Settings]: Settings[name] | null };

interface PagePart {
  /**
   * files: of photo, heatmap and, where there are any, reconstruction and region of interest;
   * droppedText, regionsText: what the widgets #dropped and #regions hold
   */
  show(
    files: { url: string }[],
    meta: PhotoMeta | null,
    droppedText: string | null,
    regionsText: string | null,
    settings: WidgetValues,
  ): void;
  set(settings: WidgetValues): void;
  restore(next: Snapshot): void;
  /** weights, drops, regions and the knobs of these names, as `restore` wants them */
  wanted(names: (keyof Settings)[]): unknown[];
  beforeWeights(name: string): void;
  own(own: OwnSettings): void;
  beforePreset(): void;
  afterPreset(note: { text: string; name: string }): void;
  /** as the widget #regions holds them */
  regions(): string;
  /** Downloads are being prepared: those that were are out of sight until `endDownloads`. */
  beginDownloads(): void;
  endDownloads(): void;
  resume(): void;
  goOn(): void;
  /** The Train tab opens, to learn from these false alarms with the weights in use. */
  learn(files: { url: string }[]): void;
  /** The Inspect tab opens, and scores with weights of this name and their own mask settings. */
  useWeights(run: { name: string; mask: MaskParams }): void;
}
