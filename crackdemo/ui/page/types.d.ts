/** Types of the scripts around the viewer, for the type checker alone. */

interface Crackdemo {
  badges: BadgesPart;
  carrying: CarryingPart;
  /** change: something else is shown than they hold; begin, end: of preparing them */
  downloads: { change(): void; begin(): void; end(): void; reveal(): void };
  fields: FieldsPart;
  film: FilmPart;
  /** added: an example has joined the photos */
  folding: { label(): void; added(): void };
  kept: KeptPart;
  line: LinePart;
  names: { mend(): void };
  notice: NoticePart;
  page: PagePart;
  settings: SettingsPart;
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
  /** prefix: of the ids of the tab's knobs */
  setOwn(mask: MaskParams, prefix?: string): void;
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
  /** word: where it is not that of the photo on show */
  badge(state: VerdictState, word?: string): HTMLElement;
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

/** A verdict, and the settings that it holds for; none: it may have changed. */
interface Badge extends Judged {
  settings: string;
}

/** What verdicts are of, besides photo and settings. */
interface Basis {
  weights: string;
  /** the class that counts alone; "" where none does */
  only: string;
  /** what is looked for, as people call it */
  what: string;
}

/** By its number the page knows again what it asked. */
interface Question {
  number: number;
  settings: string;
  names: string[];
}

/** What the server judged by, whatever counts when the page hears of it. */
interface Judgement extends Basis {
  number: number;
  settings: string;
  photos: { [name: string]: Judged };
}

interface Badges {
  basis(): Basis;
  of(name: string): Badge | undefined;
  /** Verdicts are of these from now on: of others none is known any more. Says whether any is new. */
  rest(changes: Partial<Basis>): boolean;
  /** says whether they are new */
  setSettings(settings: string): boolean;
  /** of photos of other names nothing is known any more */
  keep(names: Set<string>): void;
  isStale(name: string): boolean;
  /** its verdict may have changed, and what was asked until now is of before */
  forget(name: string): void;
  /** what of these photos the server is to judge; sent: the settings that go with the question */
  question(names: string[], sent: string): Question;
  /** what the viewer says of a photo; returns whether its verdict is another one */
  live(name: string, of: Basis, state: VerdictState, score: number): boolean;
  /** false where the last question was of other settings than count now, so that it is to be asked again */
  judge(answer: Judgement): boolean;
}

interface BadgesPart {
  create(): Badges;
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
  /** what is looked for, and by it what verdicts are of */
  lookFor(of: { only: string; what: string }): void;
  /** shows a photo, by name */
  choose(name: string): void;
  /** what the viewer says of the photo on show */
  live(meta: PhotoMeta, state: VerdictState | null): void;
  /** settings that verdicts hold for */
  setSettings(settings: string): void;
  /** of one photo, or of all, the verdict may have changed */
  forget(sha256: string | null): void;
  /** what the server is to judge; values: of the knobs, as they go with it */
  question(values: WidgetValues): Question;
  judge(answer: Judgement | null): void;
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
  /** as the page found it in its tab: by it the server finds what was kept */
  secret(): string;
  /** what no other tab has: by it the server keeps */
  own(): Promise<string>;
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
  /** What it is seen with. */
  weights: string;
  /** What the list of classes held when it was asked for. */
  asked: string;
  /** The class that counts alone; "" where none does. */
  only: string;
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

interface SettingsPart {
  /** as the viewer takes them: an emptied field is 0, a kernel of one pixel none */
  filled(values: WidgetValues): Settings;
  /** what of them a mask is cut by, to be compared */
  cut(settings: Settings): string;
}

interface PagePart {
  /**
   * files: of photo, heatmap and, where there are any, reconstruction and region of interest;
   * droppedText, regionsText, only: what the widgets #dropped, #regions and #class hold
   */
  show(
    files: { url: string }[],
    meta: PhotoMeta | null,
    droppedText: string | null,
    regionsText: string | null,
    settings: WidgetValues,
    only: string | null,
  ): void;
  /** the photo on show is shown anew if it is seen with other weights than those of the strip */
  agree(weights: string): void;
  set(settings: WidgetValues): void;
  restore(next: Snapshot): void;
  /** weights, drops, regions and the knobs of these names, as `restore` wants them */
  wanted(names: (keyof Settings)[]): unknown[];
  beforeWeights(name: string): void;
  own(own: OwnSettings): void;
  /** why weights cannot be used; empty where they can */
  refused(why: string): void;
  lost(): void;
  beforePreset(): void;
  /** hasDrops, hasRegion: whether it drops false alarms, and holds a region, in any photo */
  afterPreset(note: { text: string; name: string; hasDrops: boolean; hasRegion: boolean }): void;
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
