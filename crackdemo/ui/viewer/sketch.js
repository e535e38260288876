/**
 * What a hand draws on the photo: boxes and polygons for the region of interest, and a line whose
 * length is known. Points are in pixels of the photo; free of the DOM.
 */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Reaches that a hand goes before it draws along; less is a click. */
  const DRAG = 1;
  /** Reaches by which a drawn outline may be simplified. */
  const TOLERANCE = 0.3;

  /** @param {Point} a @param {Point} b */
  const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

  /** @param {SketchHandlers} handlers @returns {Sketch} */
  function create({ changed, drawn, measured }) {
    /** @type {Tool | null} */
    let tool = null;
    /** @type {Point[][]} */
    let polygons = [];
    /** Corners of what is being drawn, the last one under the hand. @type {Point[]} */
    let draft = [];
    let size = { width: 1, height: 1 };

    /** @param {Point} point */
    const inside = ({ x, y }) => ({
      x: Math.min(Math.max(x, 0), size.width),
      y: Math.min(Math.max(y, 0), size.height),
    });

    /** @param {Point[]} corners */
    function setDraft(corners) {
      draft = corners;
      changed();
    }

    /** @param {Point[][]} next */
    function finish(next) {
      polygons = next;
      setDraft([]);
      drawn(polygons);
    }

    /** @param {Point} start @param {number} reach @returns {Grip} */
    function drawBox(start, reach) {
      let end = start;
      return {
        move: (to) => {
          end = inside(to);
          setDraft(boxOf(start, end));
        },
        end: () => {
          const isArea =
            Math.abs(end.x - start.x) > reach / 4 && Math.abs(end.y - start.y) > reach / 4;
          if (isArea) finish([...polygons, boxOf(start, end)]);
          else setDraft([]);
        },
        cancel: () => setDraft([]),
      };
    }

    /**
     * A click sets a corner, a click on the first one closes; drawing along closes by itself.
     *
     * @param {Point} start
     * @param {number} reach
     * @returns {Grip}
     */
    function drawPolygon(start, reach) {
      const before = draft;
      let path = [start];
      return {
        move: (to) => {
          const next = inside(to);
          if (distance(path[path.length - 1], next) < reach / 8) return;
          path = [...path, next];
          setDraft([...before, ...path]);
        },
        end: () => {
          const isClick = path.every((point) => distance(point, start) < DRAG * reach);
          if (!isClick) {
            draft = [...before, ...simplified(path, TOLERANCE * reach)];
            close();
          } else if (before.length > 2 && distance(before[0], start) < reach) {
            draft = before;
            close();
          } else {
            setDraft([...before, start]);
          }
        },
        cancel: () => setDraft(before),
      };
    }

    /** @param {Point} start @returns {Grip} */
    function drawLine(start) {
      return {
        move: (to) => setDraft([start, inside(to)]),
        end: () => measured(draft.length === 2 ? distance(draft[0], draft[1]) : 0),
        cancel: () => setDraft([]),
      };
    }

    /** @param {number} n @param {number} corner @returns {Grip} */
    function moveCorner(n, corner) {
      const before = polygons;
      return {
        move: (to) => {
          polygons = before.map((polygon, i) =>
            i === n ? polygon.map((old, j) => (j === corner ? inside(to) : old)) : polygon,
          );
          changed();
        },
        end: () => polygons !== before && drawn(polygons),
        cancel: () => {
          polygons = before;
          changed();
        },
      };
    }

    /** @type {Sketch["grab"]} */
    function grab(at, reach) {
      if (!tool) return null;
      if (tool === "line") return drawLine(inside(at));
      const corners = polygons.flatMap((polygon, n) =>
        polygon.map((point, corner) => ({ n, corner, far: distance(point, at) })),
      );
      const [nearest] = corners.sort((a, b) => a.far - b.far);
      if (draft.length === 0 && nearest?.far < reach) return moveCorner(nearest.n, nearest.corner);
      return (tool === "box" ? drawBox : drawPolygon)(inside(at), reach);
    }

    function close() {
      if (draft.length < 3) setDraft([]);
      else finish([...polygons, draft]);
    }

    return {
      grab,
      close,
      tool: () => tool,
      setTool: (next) => {
        tool = next;
        setDraft([]);
      },
      open: (photo, next) => {
        size = photo;
        polygons = next;
        setDraft([]);
      },
      undo: () => {
        const isDrawing = tool === "polygon" && draft.length > 0;
        if (isDrawing) setDraft(draft.slice(0, -1));
        return isDrawing;
      },
      shapes: () => ({ tool, polygons, draft }),
    };
  }

  /** @param {Point} a @param {Point} b */
  function boxOf(a, b) {
    const [left, right] = [Math.min(a.x, b.x), Math.max(a.x, b.x)];
    const [top, bottom] = [Math.min(a.y, b.y), Math.max(a.y, b.y)];
    return [
      { x: left, y: top },
      { x: right, y: top },
      { x: right, y: bottom },
      { x: left, y: bottom },
    ];
  }

  /**
   * A path with fewer corners, none farther from it than the tolerance (Douglas and Peucker).
   *
   * @type {SketchPart["simplified"]}
   */
  function simplified(path, tolerance) {
    if (path.length < 3) return path;
    const [first, last] = [path[0], path[path.length - 1]];
    const length = Math.max(1e-9, distance(first, last));
    let [farthest, far] = [0, -1];
    for (let i = 1; i + 1 < path.length; i++) {
      const { x, y } = path[i];
      const area = (last.x - first.x) * (first.y - y) - (first.x - x) * (last.y - first.y);
      const off = length < tolerance ? distance(first, path[i]) : Math.abs(area) / length;
      if (off > far) [farthest, far] = [i, off];
    }
    if (far <= tolerance) return [first, last];
    const head = simplified(path.slice(0, farthest + 1), tolerance);
    return [...head.slice(0, -1), ...simplified(path.slice(farthest), tolerance)];
  }

  crackdemo.sketch = { create, simplified };
})(globalThis);
