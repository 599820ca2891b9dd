// Zones, lines and areas as shapes that can be drawn: what the program calls them, and back.

export const KINDS = {
  zone: { word: "Zone", least: 3, named: true, help: "tells who enters, stays and leaves" },
  line: { word: "Line", least: 2, named: true, help: "tells who crosses it, and which way" },
  ignore: { word: "Ignored area", least: 3, named: false, help: "what stands here does not exist, such as a flag that is taken for a person" },
  privacy: { word: "Private area", least: 3, named: false, help: "is covered in every picture that leaves the program" },
};

const PLURAL = { zone: "zones", line: "lines" };
let ids = 0;

/** A shape; `keys` are those of the file beside its points. */
export const shape = (kind, points, name = "", keys = {}) => ({ id: ++ids, kind, name, points, keys });

/** The shapes of what `/api/v1/cameras/NAME/zones` answers. */
export function fromDocument({ zones = {}, lines = {}, ignore = [], privacy = [] }) {
  return [
    ...Object.entries(zones).map(([name, { polygon, ...keys }]) => shape("zone", polygon, name, keys)),
    ...Object.entries(lines).map(([name, { from, to, ...keys }]) => shape("line", [from, to], name, keys)),
    ...ignore.map((points) => shape("ignore", points)),
    ...privacy.map((points) => shape("privacy", points)),
  ];
}

/** What that takes: keys that are empty are left out. */
export function toDocument(shapes) {
  const document = { zones: {}, lines: {}, ignore: [], privacy: [] };
  for (const { kind, name, points, keys } of shapes) {
    const rest = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null && value !== undefined));
    if (kind === "zone") document.zones[name] = { polygon: points, ...rest };
    else if (kind === "line") document.lines[name] = { from: points[0], to: points[1], ...rest };
    else document[kind].push(points);
  }
  return document;
}

/** The key of the file under which a shape stands, below its camera. */
export function keyOf(shapes, one) {
  if (one.kind in PLURAL) return `${PLURAL[one.kind]}.${one.name}`;
  return `${one.kind}[${shapes.filter(({ kind }) => kind === one.kind).indexOf(one)}]`;
}

/** What is wrong with the names, which no file could say: `{id, message}`, or null. */
export function nameMistake(shapes) {
  const seen = new Set();
  for (const { id, kind, name } of shapes) {
    if (!KINDS[kind].named) continue;
    if (!name) return { id, message: "A zone or line needs a name." };
    if (seen.has(name)) return { id, message: `There are two of the name ${name}.` };
    seen.add(name);
  }
  return null;
}

/** A name that none of them has yet. */
export function freshName(shapes, kind) {
  const taken = new Set(shapes.map(({ name }) => name));
  let n = 1;
  while (taken.has(`${kind}_${n}`)) n += 1;
  return `${kind}_${n}`;
}

const share = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;

/** A point within the picture, to a tenth of a thousandth of it, which is less than a pixel. */
export const point = (x, y) => [share(x), share(y)];

/** The shape with other points; a shape that is moved stays whole at the picture's edge. */
export function moved(points, dx, dy) {
  const least = (axis) => -Math.min(...points.map((each) => each[axis]));
  const most = (axis) => 1 - Math.max(...points.map((each) => each[axis]));
  const within = (by, axis) => Math.min(most(axis), Math.max(least(axis), by));
  const [x, y] = [within(dx, 0), within(dy, 1)];
  return points.map((each) => point(each[0] + x, each[1] + y));
}

export const middle = (a, b) => point((a[0] + b[0]) / 2, (a[1] + b[1]) / 2);
