// Ids that Grafana resolves at run time. For an unknown id it draws nothing, or something else.
import { createRequire } from "node:module";

// Browser globals that @grafana/data reads while it loads. `window` is a function, because nano-css
// would use a plain object as a complete browser.
globalThis.navigator ??= { language: "en", languages: ["en"] };
globalThis.window ??= Object.assign(() => {}, { addEventListener() {}, history: {} });

const { getValueFormats, fieldReducers, fieldMatchers, DataTransformerID, FieldColorModeId } =
  createRequire(import.meta.url)("@grafana/data"); // its ES modules do not load in Node

const leaves = (formats) =>
  formats.flatMap((format) => (format.submenu ? leaves(format.submenu) : [format.value]));

const KNOWN = {
  unit: new Set(leaves(getValueFormats())),
  transformation: new Set(Object.values(DataTransformerID)),
  reducer: new Set(fieldReducers.list().map(({ id }) => id)),
  matcher: new Set(fieldMatchers.list().map(({ id }) => id)),
  "color mode": new Set(Object.values(FieldColorModeId)),
};
const FREE_UNIT = /^(suffix|prefix|time|si|count|currency|bool):/;

export function unknownNames({ name, panels }) {
  return panels.flatMap((panel) =>
    used(panel)
      .filter(([kind, id]) => id && !KNOWN[kind].has(id) && !(kind === "unit" && FREE_UNIT.test(id)))
      .map(([kind, id]) => `${name}: panel ${panel.id} "${panel.title}": unknown ${kind} "${id}"`),
  );
}

function used({ fieldConfig = {}, options = {}, transformations = [] }) {
  const { defaults = {}, overrides = [] } = fieldConfig;
  const properties = overrides.flatMap((override) => override.properties);
  const calcs = [...(options.reduceOptions?.calcs ?? []), ...(options.legend?.calcs ?? [])];
  return [
    ["unit", defaults.unit],
    ["unit", options.yAxis?.unit],
    ["unit", options.cellValues?.unit],
    ["color mode", defaults.color?.mode],
    ...properties.filter(({ id }) => id === "unit").map(({ value }) => ["unit", value]),
    ...properties.filter(({ id }) => id === "color").map(({ value }) => ["color mode", value.mode]),
    ...overrides.map(({ matcher }) => ["matcher", matcher.id]),
    ...transformations.map(({ id }) => ["transformation", id]),
    ...calcs.map((id) => ["reducer", id]),
  ];
}
